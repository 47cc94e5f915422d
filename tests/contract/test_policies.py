"""The contract states the policy of every method, and the server holds to it."""

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from switchyard.options.v1 import options_pb2
from switchyard_client.client import MOST_ITEM_BYTES

from interceptors.policy import MissingPolicy, read_policies
from server.app import SERVER_OPTIONS
from server.composition.ground import SERVICES
from server.composition.guards import MOST_REQUEST_BYTES

POLICIES = read_policies(descriptor_pool.Default(), SERVICES)


# Bounded by a caller's open streams: by units, 100,000 labels would take a tier's whole day.
FREE = {"switchyard.feedback.v1.FeedbackService/ImportLabels"}


def test_every_method_has_a_permission_an_urgency_and_a_cost() -> None:
    for name, policy in POLICIES.items():
        assert "." in policy.permission, name
        assert policy.urgency != options_pb2.URGENCY_UNSPECIFIED, name
        assert policy.cost_units > 0 or name in FREE, name


def test_default_deadlines_do_not_exceed_the_longest() -> None:
    for name, policy in POLICIES.items():
        if policy.HasField("default_deadline"):
            assert policy.default_deadline.ToTimedelta() <= policy.max_deadline.ToTimedelta(), name


def test_no_method_takes_more_than_the_transport_lets_through() -> None:
    most_bytes = dict(SERVER_OPTIONS)["grpc.max_receive_message_length"]
    for name, policy in POLICIES.items():
        assert 0 <= policy.max_request_bytes < most_bytes, name
    assert most_bytes > MOST_REQUEST_BYTES


def test_the_client_sends_no_item_of_a_batch_that_the_server_answers_without_its_index() -> None:
    policy = POLICIES["switchyard.triage.v1.TriageService/BatchTriage"]
    assert (policy.max_request_bytes or MOST_REQUEST_BYTES) == MOST_ITEM_BYTES


def test_what_is_cached_says_for_how_long_and_for_whom() -> None:
    for name, policy in POLICIES.items():
        if policy.HasField("cache"):
            assert policy.cache.ttl.seconds > 0, name
            assert policy.cache.scope != options_pb2.CACHE_SCOPE_UNSPECIFIED, name


def test_a_method_without_a_policy_does_not_start_the_server() -> None:
    pool = descriptor_pool.DescriptorPool()
    file = descriptor_pb2.FileDescriptorProto(name="bare.proto", package="bare", syntax="proto3")
    file.message_type.add(name="Empty")
    method = file.service.add(name="Bare").method.add(name="Do")
    method.input_type = method.output_type = ".bare.Empty"
    pool.Add(file)
    with pytest.raises(MissingPolicy, match="Bare/Do"):
        read_policies(pool, ["bare.Bare"])
