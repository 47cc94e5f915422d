"""Conditions as messages of switchyard.experiment.v1, and back."""

from math import inf

from switchyard.experiment.v1 import condition_pb2

from server.experiments.condition import (
    AllOf,
    AnyOf,
    Between,
    Condition,
    Not,
    OneOf,
    Prefix,
    Present,
)


def read_condition(message: condition_pb2.Condition) -> Condition:
    """A condition of a message that keeps the contract's rules."""
    match message.WhichOneof("condition"):
        case "all":
            return AllOf(tuple(read_condition(each) for each in message.all.conditions))
        case "any":
            return AnyOf(tuple(read_condition(each) for each in message.any.conditions))
        case "not":
            return Not(read_condition(getattr(message, "not")))
    return _read_test(message.attribute)


def _read_test(message: condition_pb2.AttributeTest) -> Condition:
    name, test = message.name, message.WhichOneof("test")
    match test:
        case "one_of":
            return OneOf(name, tuple(message.one_of.texts))
        case "prefix":
            return Prefix(name, message.prefix)
        case "at_least":
            return Between(name, message.at_least, inf)
        case "at_most":
            return Between(name, -inf, message.at_most)
        case "is_present":
            return Present(name, message.is_present)
    return OneOf(name, (message.equals,))


def write_condition(condition: Condition) -> condition_pb2.Condition:
    """A condition as callers see it."""
    match condition:
        case AllOf(conditions):
            many = condition_pb2.Conditions(conditions=[write_condition(c) for c in conditions])
            return condition_pb2.Condition(all=many)
        case AnyOf(conditions):
            many = condition_pb2.Conditions(conditions=[write_condition(c) for c in conditions])
            return condition_pb2.Condition(any=many)
        case Not(other):
            message = condition_pb2.Condition()
            getattr(message, "not").CopyFrom(write_condition(other))
            return message
    return condition_pb2.Condition(attribute=_write_test(condition))


def _write_test(test: OneOf | Prefix | Between | Present) -> condition_pb2.AttributeTest:
    message = condition_pb2.AttributeTest(name=test.name)
    match test:
        case OneOf(_, (text,)):
            message.equals = text
        case OneOf(_, texts):
            message.one_of.texts.extend(texts)
        case Prefix(_, text):
            message.prefix = text
        case Between(_, least, most) if most == inf:
            message.at_least = least
        case Between(_, _, most):
            message.at_most = most
        case Present(_, is_present):
            message.is_present = is_present
    return message
