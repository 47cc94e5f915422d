"""Tickets from named values."""

from datetime import UTC, datetime

import pytest
from switchyard_client import Channel, Ticket
from switchyard_client.tickets import BadRow, ColumnMap, InvalidMapping, Row, row_of


def ticket_of(values: dict[str, object], *mappings: str) -> Ticket:
    """The ticket of row 7."""
    row = row_of(7, values, ColumnMap.parse(mappings))
    assert isinstance(row, Row), row
    return row.ticket


def problem_of(values: dict[str, object], *mappings: str) -> str:
    """What is wrong with row 7."""
    row = row_of(7, values, ColumnMap.parse(mappings))
    assert isinstance(row, BadRow), row
    return row.problem


def test_every_field_is_read_by_its_name() -> None:
    ticket = ticket_of(
        {
            "id": "T-1",
            "subject": "Charged",
            "body": "Twice.",
            "customer_id": "C-1",
            "channel": "email",
            "language": "pt-BR",
            "created_time": "2026-11-16T07:12:03+01:00",
            "attributes": {"plan": "pro", "seats": 12, "beta": True, "order": None},
        }
    )
    assert ticket == Ticket(
        id="T-1",
        subject="Charged",
        body="Twice.",
        customer_id="C-1",
        channel=Channel.EMAIL,
        language_hint="pt-BR",
        created_time=datetime(2026, 11, 16, 6, 12, 3, tzinfo=UTC),
        attributes={"plan": "pro", "seats": "12", "beta": "true"},
    )


@pytest.mark.parametrize("name", ["Body", " BODY ", "body"])
def test_case_and_space_in_column_names_do_not_matter(name: str) -> None:
    assert ticket_of({name: "text"}).body == "text"


@pytest.mark.parametrize("name", ["customer_id", "Customer ID", "customer-id", "customerId"])
def test_usual_spellings_of_a_column_are_known(name: str) -> None:
    assert ticket_of({"body": "text", name: "C-1"}).customer_id == "C-1"


def test_an_id_that_is_missing_is_the_row_number() -> None:
    assert ticket_of({"body": "text"}).id == "7"


@pytest.mark.parametrize(("value", "expected"), [(1001, "1001"), (" T-1 ", "T-1"), ("", "7")])
def test_ids_may_be_numbers_or_padded(value: object, expected: str) -> None:
    assert ticket_of({"id": value, "body": "text"}).id == expected


def test_columns_with_a_prefix_are_attributes() -> None:
    values: dict[str, object] = {
        "body": "text",
        "attributes.plan": "pro",
        "attr.Order": "7",
        "attr.x": "",
    }
    assert ticket_of(values).attributes == {"plan": "pro", "Order": "7"}


def test_attributes_may_be_json_in_a_cell() -> None:
    assert ticket_of({"body": "text", "attributes": '{"plan": "pro"}'}).attributes == {
        "plan": "pro"
    }


def test_unknown_columns_are_ignored() -> None:
    assert ticket_of({"body": "text", "tier": "gold"}) == Ticket(id="7", body="text")


def test_mappings_name_other_columns() -> None:
    values: dict[str, object] = {"text": "hello", "tier": "gold", "No": 3}
    ticket = ticket_of(values, "body=text, attributes.plan=tier", "id=No")
    assert ticket == Ticket(id="3", body="hello", attributes={"plan": "gold"})


def test_a_mapped_field_is_not_read_from_its_own_column() -> None:
    assert ticket_of({"body": "short", "full": "long"}, "body=full").body == "long"


def test_a_field_can_be_mapped_to_nothing() -> None:
    values: dict[str, object] = {"body": "text", "channel": "pigeon"}
    assert ticket_of(values, "channel=").channel == Channel.UNSPECIFIED


@pytest.mark.parametrize("mapping", ["body", "=text", "", "colour=text", "attributes.=x"])
def test_a_mapping_that_says_nothing_usable_is_refused(mapping: str) -> None:
    with pytest.raises(InvalidMapping):
        ColumnMap.parse([mapping])


def test_an_unknown_channel_names_the_known_ones_and_the_way_out() -> None:
    problem = problem_of({"body": "text", "channel": "pigeon"})
    assert "'pigeon' is none of email, chat" in problem
    assert "--map channel=" in problem


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"subject": "x"}, "no body; the row has subject"),
        ({"body": ""}, "body: is empty"),
        ({"body": None}, "body: is empty"),
        ({"body": 5}, "body: must be text, not a number"),
        ({"body": ["x"]}, "body: must be text, not a list"),
        ({"body": "\ud800"}, "body: holds half of a surrogate pair"),
        ({"body": "x", "subject": {}}, None),
        ({"body": "x", "subject": {"a": 1}}, "subject: must be text, not an object"),
        ({"body": "x", "id": True}, "id: must be text, not true or false"),
        ({"body": "x", "attributes": "plan"}, "attributes: must be an object"),
        ({"body": "x", "attributes": {"a": []}}, "attributes.a: must be text, not a list"),
        ({"body": "x", "created_time": "yesterday"}, "created_time: 'yesterday' is no RFC 3339"),
        ({"body": "x", "created_time": "0001-01-01T00:00:00+14:00"}, "created_time: "),
    ],
)
def test_a_value_that_will_not_do_is_named(values: dict[str, object], problem: str | None) -> None:
    if problem is None:
        assert ticket_of(values).subject == ""
    else:
        assert problem in problem_of(values)


def test_a_bad_row_keeps_its_id() -> None:
    row = row_of(7, {"id": "T-9", "body": ""}, ColumnMap())
    assert row == BadRow(7, "T-9", "body: is empty")


def test_endlessly_many_columns_cost_bounded_memory() -> None:
    columns = ColumnMap()
    for i in range(30_000):
        columns.field(f"column{i}")
    assert len(columns._fields) <= 10_000  # memory has no public seam
