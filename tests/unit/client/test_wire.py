"""The codec agrees with betterproto2's own."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from switchyard.triage.v1 import run_pb2, triage_service_pb2
from switchyard_client import (
    AttributeTest,
    BatchTriageResponse,
    Category,
    Channel,
    Condition,
    Conditions,
    Decision,
    ParameterValue,
    Ticket,
    TriageResult,
    TriageRun,
    Variant,
)
from switchyard_client.messages.switchyard.experiment.v1 import AssignVariantRequest
from switchyard_client.messages.switchyard.triage.v1 import (
    ListTriageRunsRequest,
    TriageOptions,
    TriagePart,
    TriageRunFilter,
)
from switchyard_client.wire import codec_of

from tests.unit.client.fake_service import make_result, refusal

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
tickets = st.builds(
    Ticket,
    id=texts,
    subject=texts,
    body=texts,
    customer_id=texts,
    channel=st.sampled_from(list(Channel)),
    language_hint=texts,
    created_time=st.none()
    | st.datetimes(
        datetime(1970, 1, 1), timezones=st.just(UTC)
    ),  # the bound is naive by definition
    attributes=st.dictionaries(texts, texts, max_size=3),
)


@given(tickets)
def test_a_ticket_survives_both_codecs(ticket: Ticket) -> None:
    codec = codec_of(Ticket)
    assert codec.parse(bytes(ticket)) == ticket
    assert Ticket.parse(codec.dump(ticket)) == ticket


def test_a_full_answer_is_read_as_betterproto_reads_it() -> None:
    packed = make_result("triageRuns/1", "T-1").SerializeToString()
    assert codec_of(TriageResult).parse(packed) == TriageResult.parse(packed)


def test_an_error_in_a_oneof_is_read_with_its_details() -> None:
    message = triage_service_pb2.BatchTriageResponse(index=7, error=refusal())
    answer = codec_of(BatchTriageResponse).parse(message.SerializeToString())
    assert answer.result is None
    assert answer.error is not None
    assert bytes(answer.error) == refusal().SerializeToString()


def test_what_is_absent_is_none() -> None:
    result = codec_of(TriageResult).parse(b"")
    assert (result.summary, result.sentiment, result.steps) == (None, None, [])


def test_a_present_but_empty_message_and_text_stay_present() -> None:
    request = ListTriageRunsRequest(filter=TriageRunFilter())
    assert ListTriageRunsRequest.parse(codec_of(ListTriageRunsRequest).dump(request)) == request
    packed = codec_of(TriageResult).dump(TriageResult(summary=""))
    assert codec_of(TriageResult).parse(packed).summary == ""


def test_repeated_enums_and_durations_survive() -> None:
    options = TriageOptions(parts=[TriagePart.REPLY, TriagePart.SUMMARY])
    assert TriageOptions.parse(codec_of(TriageOptions).dump(options)) == options
    category = Category(name="a", estimated_resolution=timedelta(days=1, microseconds=5))
    assert Category.parse(codec_of(Category).dump(category)) == category


def test_maps_to_messages_and_numbers_survive() -> None:
    values = {"a": ParameterValue(text=""), "b": ParameterValue(number=0.5)}
    variant = Variant(name="v", parameters=values)
    assert Variant.parse(codec_of(Variant).dump(variant)) == variant
    assert codec_of(Variant).parse(bytes(variant)) == variant
    request = AssignVariantRequest(unit_id="u", pre_period_values={"seconds": 0.0, "cost": 1.5})
    assert AssignVariantRequest.parse(codec_of(AssignVariantRequest).dump(request)) == request
    assert codec_of(AssignVariantRequest).parse(bytes(request)) == request


def test_a_message_within_itself_survives() -> None:
    inner = Condition(attribute=AttributeTest(name="plan", equals=""))
    outer = Condition(all=Conditions(conditions=[Condition(not_=inner), inner]))
    assert Condition.parse(codec_of(Condition).dump(outer)) == outer
    assert codec_of(Condition).parse(bytes(outer)) == outer


def test_an_enum_value_of_the_future_is_kept() -> None:
    result = codec_of(TriageResult).parse(bytes([13 << 3, 77]))
    assert (int(result.decision), isinstance(result.decision, Decision)) == (77, True)


def test_unknown_fields_are_no_error() -> None:
    assert codec_of(Ticket).parse(b"\x98\x06\x01") == Ticket()


def test_a_time_that_no_calendar_has_is_an_error() -> None:
    run = run_pb2.TriageRun()
    run.create_time.seconds = 10**15
    with pytest.raises(DecodeError, match="out of range"):
        codec_of(TriageRun).parse(run.SerializeToString())


def test_bytes_that_are_no_message_are_an_error() -> None:
    with pytest.raises(DecodeError):
        codec_of(Ticket).parse(b"\xff")
