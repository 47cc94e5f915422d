"""Cards, bank accounts and national numbers."""

import pytest

from server.privacy.identities import find_ids
from server.privacy.payments import find_cards, find_ibans
from tests.unit.privacy.finding import found


@pytest.mark.parametrize(
    "card",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5555\u00a05555\u00a05555\u00a04444",
        "4111_1111_1111_1111",
        "4111/1111/1111/1111",
        "3782 822463 10005",
        "3056 930902 5904",
        "6011111111111117",
        "4222222222222",
        "6304000000000000",
        "676222165679",
    ],
)
def test_a_card_is_found_in_every_usual_grouping(card: str) -> None:
    assert found(find_cards, f"my card {card} was charged twice") == [card]


def test_a_card_is_found_behind_a_number_that_could_begin_one() -> None:
    assert found(find_cards, "5234 4111 1111 1111 1111") == ["4111 1111 1111 1111"]


@pytest.mark.parametrize(
    "text", ["4111111111111112", "order 1234567890123456", "1700000000000", "4" * 40, "12345678"]
)
def test_a_number_with_wrong_check_digit_or_network_is_no_card(text: str) -> None:
    assert found(find_cards, text) == []


@pytest.mark.parametrize(
    "account",
    [
        "GB82WEST12345698765432",
        "GB82 WEST 1234 5698 7654 32",
        "gb82west12345698765432",
        "DE89 3704 0044 0532 0130 00",
        "NO93 8601 1117 947",
        "DE89.3704.0044.0532.0130.00",
        "DE89_3704_0044_0532_0130_00",
    ],
)
def test_a_bank_account_ends_where_its_country_says(account: str) -> None:
    assert found(find_ibans, f"pay to {account} today or tomorrow") == [account]


@pytest.mark.parametrize(
    "text", ["GB83WEST12345698765432", "AB12 CDEF 3456 7890", "XGB82WEST12345698765432"]
)
def test_what_only_looks_like_an_account_is_left_alone(text: str) -> None:
    assert found(find_ibans, text) == []


@pytest.mark.parametrize(
    "number",
    [
        "460-89-9847",  # United States
        "AB 12 34 56 C",  # Britain
        "54362315K",  # Spain
        "RCCMNL83S18D969H",  # Italy
        "390.533.447-05",  # Brazil
        "85.07.30-033.28",  # Belgium
        "880320-0016",  # Sweden
        "131052-308T",  # Finland
        "44051401359",  # Poland
    ],
)
def test_a_national_number_with_right_check_digits_is_found_anywhere(number: str) -> None:
    assert found(find_ids, f"It is {number}, as you asked.") == [number]


@pytest.mark.parametrize(
    "text", ["000-12-3456", "54362315A", "44051401358", "12345678901", "460-89-98475"]
)
def test_a_number_with_wrong_check_digits_needs_words(text: str) -> None:
    assert found(find_ids, text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("my driver's license number is D123-4567-8901", "D123-4567-8901"),
        ("Driving licence: MORGA657054SM9IJ", "MORGA657054SM9IJ"),
        ("driver license 12 345 678", "12 345 678"),
        ("Drivers license no. WDLABC456DG", "WDLABC456DG"),
        ("passport no C01X00T47", "C01X00T47"),
        ("my passport is AB 1234567.", "AB 1234567"),
        ("Driver's license:\nD1234567", "D1234567"),
        ("Is W029-8024-7350-57 your driver's license?", "W029-8024-7350-57"),
        ("SSN 460899847", "460899847"),
        ("Steuer-ID 86095742719", "86095742719"),
    ],
)
def test_any_number_is_one_after_words_that_say_so(text: str, number: str) -> None:
    assert found(find_ids, text) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "my passport expired in 2024",
        "my driver's license expired on 2024-05-12",
        "order number 12345678 came without a passport",
        "passport\n\ninvoice 12345678",
    ],
)
def test_other_numbers_near_such_words_are_left_alone(text: str) -> None:
    assert found(find_ids, text) == []


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("My date of birth is 03/12/1985.", "03/12/1985"),
        ("DOB: 1985-12-03", "1985-12-03"),
        ("I was born on 12.03.85 in Bath", "12.03.85"),
        ("born 3rd of March 1985", "3rd of March 1985"),
        ("my birthday, which is March 3, 1985", "March 3, 1985"),
        (
            "Ich bin am 3. M\u00e4rz 1985 geboren, Geburtsdatum 3. M\u00e4rz 1985",
            "3. M\u00e4rz 1985",
        ),
    ],
)
def test_a_date_is_one_of_birth_after_words_that_say_so(text: str, date: str) -> None:
    assert found(find_ids, text) == [date]


@pytest.mark.parametrize(
    "text",
    ["ordered on 03/12/2025", "born in 2019", "for her birthday 2 cakes", "stillborn 5.5.5.5"],
)
def test_other_dates_and_numbers_are_left_alone(text: str) -> None:
    assert found(find_ids, text) == []
