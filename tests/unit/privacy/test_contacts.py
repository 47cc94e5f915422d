"""E-mail addresses, telephone numbers, addresses of machines."""

from functools import partial

import pytest

from server.privacy.emails import find_emails
from server.privacy.network import find_ips
from server.privacy.phones import find_phones
from server.privacy.regions import regions_of
from tests.unit.privacy.finding import found

find_dialled = partial(find_phones, regions=regions_of("en"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("write to jane.doe@example.com.", "jane.doe@example.com"),
        ("(mailto:jane+news@mail.example.co.uk)", "jane+news@mail.example.co.uk"),
        ("'jane@example.com'", "jane@example.com"),
        ("o'brien@example.ie is mine", "o'brien@example.ie"),
        ("jürgen@müller.example", "jürgen@müller.example"),
        ("jane [at] example [dot] com", "jane [at] example [dot] com"),
        ("mailto:jane.doe%40example.com", "jane.doe%40example.com"),
        ("it is jane @ example.com", "jane @ example.com"),
        ('write to "jane doe"@example.com', '"jane doe"@example.com'),
        ("it is jane at example dot com", "jane at example dot com"),
        (
            "it is Jane dot Doe at mail dot example dot co dot uk",
            "Jane dot Doe at mail dot example dot co dot uk",
        ),
        ("write to joe@\nexample.com", "joe@\nexample.com"),
    ],
)
def test_an_email_address_is_found_whole(text: str, address: str) -> None:
    assert found(find_emails, text) == [address]


@pytest.mark.parametrize(
    "text",
    [
        *("@jane on chat", "3 @ 5.99 EUR", "a@b", "we met at (some) place"),
        *(
            "look at polka dot dresses",
            "look at the dot in it",
            "find us @\nwww.example.com",
            "it fails at step dot 5",
        ),
    ],
)
def test_an_at_sign_alone_is_no_address(text: str) -> None:
    assert found(find_emails, text) == []


@pytest.mark.parametrize(
    "number",
    [
        "+44 7700 900123",
        "+1-415-555-2671",
        "(415) 555-2671",
        "(415)555-2671x0135",
        "415.555.2671 ext. 12",
        "01.84.17.61.18",
        "+41 (0)96 471 07 95",
        "07700 900123",
        "699 956 915",
        "0341 8387176",
        "0341/8387176",
    ],
)
def test_a_grouped_number_needs_no_announcement(number: str) -> None:
    assert found(find_dialled, f"You find me under {number}, from nine to five.") == [number]


@pytest.mark.parametrize(
    "text", ["call me: 5552671", "Phone:\n434 14 557", "Fax 9498777106", "my number is 99577450"]
)
def test_an_announced_number_may_have_any_form(text: str) -> None:
    assert len(found(find_dialled, text)) == 1


def test_a_number_in_one_piece_is_found_where_numbering_plans_know_it() -> None:
    assert found(find_dialled, "it is 4155552671, or 07911123456") == ["4155552671", "07911123456"]


def test_the_language_tells_how_numbers_are_written() -> None:
    text = "c'est le 612345678 ou 0612345678"
    assert found(partial(find_phones, regions=regions_of("fr")), text)[-1] == "0612345678"


def test_a_bracket_around_a_number_stays_in_the_text() -> None:
    assert found(find_dialled, "my mobile (07700 900123)") == ["07700 900123"]


def test_numbers_side_by_side_are_all_found() -> None:
    text = "07700 900123 07700 900456 +44 7700 900789"
    assert found(find_dialled, text) == ["07700 900123", "07700 900456", "+44 7700 900789"]


@pytest.mark.parametrize(
    "text",
    [
        "since 2024-11-20 03:07:43",
        "on 12/05/2024 or 05.12.2024",
        "my order number 415 555 2671",
        "invoice #4155552671",
        "it cost 1.250.000 EUR, not 12 500 000",
        "from 2019-2024",
        "I paid $4155552671",
        "9543 1819 Walnut Street",
        "ISBN 978-3-16-148410-0",
        "version 10.2.30.14",
        "704 1436 Redbud Drive",
        "DC 20500-0003",
        "ORD-2024-1234567",
        "part 12345678",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert found(find_dialled, text) == []


@pytest.mark.parametrize(
    "address", ["86.121.97.248", "2001:db8::ff00:42:8329", "fe80::1", "::ffff:192.0.2.128"]
)
def test_an_address_of_a_machine_is_found(address: str) -> None:
    assert found(find_ips, f"blocked (|{address}|), why?") == [address]


@pytest.mark.parametrize(
    "text", ["999.1.1.1", "version 1.2.3.4", "at 03:07:43", "std::string", "a::b", "1.2.3.4.5"]
)
def test_versions_times_and_code_are_no_addresses(text: str) -> None:
    assert found(find_ips, text) == []
