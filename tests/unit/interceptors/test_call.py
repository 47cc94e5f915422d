"""What a handler says of its answer on the way."""

import pytest

from interceptors.call import network_of
from tests.unit.interceptors.handler_server import Transport, call_from


def test_a_tag_that_is_said_twice_is_carried_once() -> None:
    call = call_from(Transport())
    call.tag_answer("run:1", "run:2")
    call.tag_answer("run:2", "run:3")
    assert call.answer_tags == ("run:1", "run:2", "run:3")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::1", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::7", "2001:db8:0:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("unix", "unix"),
        ("not:an:address", "not:an:address"),
        ("", ""),
    ],
)
def test_an_ipv6_address_counts_as_its_network(address: str, network: str) -> None:
    assert network_of(address) == network
