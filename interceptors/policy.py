"""Reads the policy of every method from the descriptors of its service."""

from collections.abc import Iterable, Mapping

from google.protobuf.descriptor_pool import DescriptorPool
from switchyard.options.v1 import options_pb2


class MissingPolicy(Exception):
    """A method whose contract states no policy: the server must not start."""


def read_policies(
    pool: DescriptorPool, services: Iterable[str]
) -> Mapping[str, options_pb2.MethodPolicy]:
    """The policy of each method of `services`, by "package.Service/Method".

    Raises MissingPolicy where a method has none, or one without a permission.
    """
    policies: dict[str, options_pb2.MethodPolicy] = {}
    for service in services:
        for method in pool.FindServiceByName(service).methods:
            name = f"{service}/{method.name}"
            extensions = method.GetOptions().Extensions
            policy = extensions[options_pb2.policy]  # type: ignore[index,var-annotated]  # untyped stub
            if not policy.permission:
                raise MissingPolicy(f"{name} has no (switchyard.options.v1.policy)")
            policies[name] = policy
    return policies
