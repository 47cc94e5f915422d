"""Every permission of the contract is had by somebody, and by nobody who should not have it."""

from itertools import pairwise

import pytest
from google.protobuf import descriptor_pool
from switchyard.admin.v1 import (
    access_service_pb2,
    budget_service_pb2,
    cache_service_pb2,
    rate_limit_service_pb2,
    resilience_service_pb2,
)
from switchyard.experiment.v1 import experiment_service_pb2
from switchyard.feedback.v1 import feedback_service_pb2
from switchyard.triage.v1 import triage_service_pb2

from interceptors.call import EVERY_PERMISSION
from interceptors.policy import read_policies
from server.access.roles import (
    ADMIN,
    OPERATOR_PERMISSIONS,
    PERMISSIONS,
    Role,
    givable_permissions,
    narrowed,
    permissions_of,
    role_named,
)
from server.caller import DEFAULT_TENANT

FILES = (
    access_service_pb2,
    budget_service_pb2,
    cache_service_pb2,
    experiment_service_pb2,
    feedback_service_pb2,
    rate_limit_service_pb2,
    resilience_service_pb2,
    triage_service_pb2,
)
SERVICES = [s.full_name for f in FILES for s in f.DESCRIPTOR.services_by_name.values()]
POLICIES = read_policies(descriptor_pool.Default(), SERVICES)
CONTRACT = {policy.permission for policy in POLICIES.values()}


def test_every_permission_of_the_contract_is_had_by_a_role_or_by_the_operator() -> None:
    assert CONTRACT == ADMIN | OPERATOR_PERMISSIONS


def test_the_roles_know_all_roles_of_the_contract() -> None:
    stated = {n.removeprefix("ROLE_"): v for n, v in access_service_pb2.Role.items() if v}
    assert {role.name: role.value for role in PERMISSIONS} == stated


def test_each_role_has_what_the_one_below_it_has_and_more() -> None:
    ladder = [PERMISSIONS[role] for role in sorted(Role)]
    assert all(lower < higher for lower, higher in pairwise(ladder))


def test_a_reader_changes_nothing() -> None:
    assert {p for p in PERMISSIONS[Role.READER] if not p.endswith(".read")} == {"token.issue"}


def test_the_operators_administrator_has_every_permission() -> None:
    assert permissions_of(DEFAULT_TENANT, [Role.ADMIN]) == {EVERY_PERMISSION}


@pytest.mark.parametrize("extra", [*sorted(OPERATOR_PERMISSIONS), EVERY_PERMISSION])
def test_an_operators_permission_is_worth_nothing_in_another_tenant(extra: str) -> None:
    assert permissions_of("acme", [Role.ADMIN], [extra]) == ADMIN
    assert extra not in givable_permissions("acme")


def test_a_key_of_the_operator_may_have_one_permission_beside_its_role() -> None:
    held = permissions_of(DEFAULT_TENANT, [Role.READER], ["cache.manage"])
    assert held == PERMISSIONS[Role.READER] | {"cache.manage"}


def test_narrowing_never_adds_anything() -> None:
    reader, every = PERMISSIONS[Role.READER], frozenset({EVERY_PERMISSION})
    assert narrowed(reader, every) == reader
    assert narrowed(every, reader) == reader
    assert narrowed(ADMIN, reader) == reader


def test_a_name_that_is_no_role_names_none() -> None:
    assert role_named("admin") is Role.ADMIN
    assert role_named("root") is None
