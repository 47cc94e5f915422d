"""What leaves the process, and the way back."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.privacy.found import Found, Kind, settle
from server.privacy.redaction import redact
from tests.unit.engines.hostile import any_text

MAIL = "jane.doe@example.com"
FIELDS_OF_PEOPLE = (
    *("customer", "requester", "caller", "sender", "contact", "owner", "user", "company"),
    *("cust_name", "contact_person", "account_manager", "ACCOUNTNAME", "Kunde"),
    *("nom", "pr\u00e9nom", "vorname", "nachname"),
)


def test_a_value_has_the_same_placeholder_in_all_texts() -> None:
    redacted = redact([f"Login {MAIL}", f"I use {MAIL.upper()} and joe@example.com"])
    assert redacted.texts == ("Login [EMAIL_1]", "I use [EMAIL_1] and [EMAIL_2]")


def test_grouping_does_not_make_another_value() -> None:
    assert redact(["4111 1111 1111 1111, 4111111111111111"]).texts == ("[CARD_1], [CARD_1]",)


def test_what_one_text_gives_away_is_hidden_in_every_other() -> None:
    redacted = redact(["Doe cannot log in", "My name is Jane Doe. Jane wrote before."])
    assert redacted.texts == (
        "[NAME_1] cannot log in",
        "My name is [NAME_2]. [NAME_3] wrote before.",
    )


def test_the_customers_own_fields_are_hidden() -> None:
    known = {"customer_id": "C-7781", "contact_name": "Mark Bell", "plan": "pro"}
    redacted = redact(["c-7781: please mark it, says Mark, on plan pro"], known=known.items())
    assert redacted.texts == ("[CUSTOMER_1]: please mark it, says [NAME_1], on plan pro",)


@pytest.mark.parametrize(
    ("field", "value", "placeholder"),
    [
        ("billing_email", "x.y@example", "[EMAIL_1]"),
        ("mobilePhone", "900 123", "[PHONE_1]"),
        ("firstName", "Mark", "[NAME_1]"),
        ("name", "Mark", "[NAME_1]"),
        ("account_number", "7781", "[CUSTOMER_1]"),
        ("city", "Leeds", "[ADDRESS_1]"),
        *((field, "Bob Jones", "[NAME_1]") for field in FIELDS_OF_PEOPLE),
        ("user", "bob.jones", "[NAME_1]"),
        ("customer", "Jones", "[NAME_1]"),
        ("company", "Acme", "[NAME_1]"),
        ("customer", "C-7781", "[CUSTOMER_1]"),
        ("CUSTOMERID", "7781", "[CUSTOMER_1]"),
        ("requester", "bob@example", "[EMAIL_1]"),
        ("birth_date", "1990-05-12", "[ID_1]"),
        ("dob", "12.05.1990", "[ID_1]"),
        ("card_holder_name", "Bob Jones", "[NAME_1]"),
        ("customer", "returning", "returning"),
        ("customer", "Small Business", "Small Business"),
        ("customer_segment", "Small Business", "Small Business"),
        ("user", "admin", "admin"),
        ("contact", "weekly", "weekly"),
        ("account", "Premium", "Premium"),
        ("product", "Bob Jones", "Bob Jones"),
        ("plan_name", "pro", "pro"),
        ("card_type", "visa", "visa"),
        ("account_type", "business", "business"),
        ("order_id", "7781", "7781"),
    ],
)
def test_the_name_of_a_field_says_whether_its_value_is_personal(
    field: str, value: str, placeholder: str
) -> None:
    assert redact([f"about {value} now"], known=[(field, value)]).texts == (
        f"about {placeholder} now",
    )


@pytest.mark.parametrize("name", ["Jones", "Bob Jones"])
def test_the_name_beside_an_address_is_hidden_too(name: str) -> None:
    sender = f"{name} <bob@example.com>"
    redacted = redact([sender, f"says {name}"], known=[("sender", sender)])
    assert redacted.texts == ("[NAME_1] <[EMAIL_1]>", "says [NAME_1]")


def test_fields_of_one_name_are_all_hidden() -> None:
    known = [("customer_id", "C-7781"), ("customer_id", "C-9912")]
    assert redact(["C-7781, C-9912"], known=known).texts == ("[CUSTOMER_1], [CUSTOMER_2]",)


@pytest.mark.parametrize(
    ("text", "placeholder"),
    [
        ("jane.doe@exa\u200bmple.com", "[EMAIL_1]"),
        ("ja\u00adne@example.com", "[EMAIL_1]"),
        ("jane\uff20example\uff0ecom", "[EMAIL_1]"),
        ("\uff14" + "\uff11" * 15, "[CARD_1]"),
        ("\u0664" + "\u0661" * 15, "[CARD_1]"),
        ("C\u200d-7\uff17\u200b81", "[CUSTOMER_1]"),
    ],
)
def test_what_only_looks_like_the_value_is_hidden_and_put_back(text: str, placeholder: str) -> None:
    redacted = redact([f"\u00e9 {text}!"], known=[("customer_id", "C-7781")])
    assert redacted.texts == (f"\u00e9 {placeholder}!",)
    assert redacted.restore(redacted.texts[0]) == f"\u00e9 {text}!"


def test_a_text_goes_out_up_to_its_end_and_a_value_across_it_is_hidden() -> None:
    assert redact([f"Hello {MAIL} and more", "Bye"], ends=[10, 2]).texts == (
        "Hello [EMAIL_1]",
        "By",
    )


def test_it_is_told_whether_anything_but_placeholders_is_left() -> None:
    assert redact([f" {MAIL}\n", f"Hi {MAIL}"]).has_words == (False, True)


def test_every_replacement_is_counted_by_its_kind() -> None:
    redacted = redact([f"{MAIL} and {MAIL}", "from 86.121.97.248"])
    assert redacted.counts == {Kind.EMAIL: 2, Kind.IP: 1}


def test_values_do_not_show_where_a_redaction_is_logged() -> None:
    assert MAIL not in repr(redact([f"I am {MAIL}"]))


@pytest.mark.parametrize(
    "placeholder",
    ["[EMAIL_1]", "[email_1]", "[Email 1]", "EMAIL_1", "email_1", "<EMAIL-1>", "\\[EMAIL\\_1\\]"],
)
def test_a_placeholder_is_put_back_also_as_a_model_broke_it(placeholder: str) -> None:
    assert redact([MAIL]).restore(f"We wrote to {placeholder}.") == f"We wrote to {MAIL}."


@pytest.mark.parametrize(
    "text",
    [
        "[EMAIL_2]",
        "[NAME_1]",
        "EMAIL_12",
        "MY_EMAIL_1",
        "email 1",
        "(email 1)",
        "[EMAIL_]",
        "[OTHER_1]",
    ],
)
def test_a_placeholder_that_was_never_given_stays(text: str) -> None:
    assert redact([MAIL]).restore(text) == text


@pytest.mark.parametrize("call", ["[EMAIL_1]", "email_1", "(Email 1)", "EMAIL_01", "\\[EMAIL\\_1]"])
def test_a_ticket_cannot_call_for_a_value(call: str) -> None:
    redacted = redact([f"Please repeat {call}", f"I am {MAIL}"])
    assert redacted.restore(call) == call
    assert redacted.restore(redacted.texts[1]) == f"I am {MAIL}"


def test_a_value_that_reads_like_a_placeholder_is_not_put_back_twice() -> None:
    redacted = redact([f"Password: [EMAIL_1] for {MAIL}"])
    assert redacted.restore(redacted.texts[0]) == f"Password: [EMAIL_1] for {MAIL}"


def test_of_findings_that_overlap_the_longest_names_the_whole() -> None:
    findings = [Found(Kind.PHONE, 5, 12), Found(Kind.ADDRESS, 0, 10), Found(Kind.NAME, 20, 24)]
    assert settle(findings) == [Found(Kind.ADDRESS, 0, 12), Found(Kind.NAME, 20, 24)]


def test_of_findings_of_one_length_the_most_specific_names_the_whole() -> None:
    assert settle([Found(Kind.PHONE, 0, 11), Found(Kind.ID, 0, 11)]) == [Found(Kind.ID, 0, 11)]


def test_other_finders_add_to_the_rules() -> None:
    def find_bell(text: str, /) -> list[Found]:
        return [Found(Kind.NAME, text.index("Bell"), text.index("Bell") + 4)]

    redacted = redact([f"Bell has {MAIL}"], finders=[find_bell])
    assert redacted.texts == ("[NAME_1] has [EMAIL_1]",)


def test_an_ordinary_ticket_stays_as_it_is() -> None:
    text = (
        "We reduced from 25 to 18 users on 1 October. The invoice 88213 of 5 October still lists "
        "25 at 14 EUR each. Could somebody look into this, please?"
    )
    assert redact([text]).texts == (text,)


@given(any_text, any_text)
def test_any_text_can_be_put_back(subject: str, body: str) -> None:
    redacted = redact([subject, body], known=[("name", "aa bb")])
    restored = [_letters(redacted.restore(text)) for text in redacted.texts]
    assert restored == [_letters(subject), _letters(body)]


@given(
    st.sampled_from([MAIL, "4111111111111111", "GB82WEST12345698765432", "86.121.97.248"]),
    st.text(st.sampled_from(string.ascii_letters + " ,;\n"), max_size=60),
    st.text(st.sampled_from(string.ascii_letters + " ,;\n"), max_size=60),
)
def test_a_value_never_leaves_whatever_stands_around_it(
    value: str, before: str, after: str
) -> None:
    assert value not in redact([f"{before} {value} {after}"]).texts[0]


@pytest.mark.parametrize(
    "piece",
    [
        "1 ",
        "a@",
        "a'",
        "4111 ",
        "GB11 ",
        "ssn ",
        "12 Aa ",
        "Dear Aa ",
        "[NAME_1]",
        "eyJa.",
        "a%40",
        '"@',
        "a @ ",
        "pin 1",
        "thanks ",
        "thanks\n",
        "--\n",
        "1 high street ",
        "my password is a ",
        "my code is 1",
        "a dot a at ",
    ],
)
def test_time_is_linear_in_a_hostile_texts_length(piece: str) -> None:
    # At quadratic time this would take minutes.
    text = (piece * 65_536)[:65_536]
    assert len(redact([text]).texts) == 1


def _letters(text: str) -> str:
    """A text without what placeholders do not keep: case, spaces and grouping."""
    return "".join(filter(str.isalnum, text.casefold()))
