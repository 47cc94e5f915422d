"""A reviewing session: what is shown, what keys do, how it ends."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator

import pytest
from google.rpc import code_pb2, error_details_pb2
from rich.console import Console
from switchyard.feedback.v1 import feedback_pb2, feedback_service_pb2, review_pb2
from switchyard.triage.v1 import result_pb2
from switchyard_client import FeedbackClient, NotPermitted, ReviewReason, Unavailable
from switchyard_client.commands.review.choosing import matches
from switchyard_client.commands.review.session import Session, Wanted
from switchyard_client.commands.review.typed import Typed

from tests.unit.client.fake_feedback import FakeFeedback, make_item
from tests.unit.client.fake_service import FakeServer, status
from tools.child import first_line, killed

TIMEOUT_S = 60
CATEGORIES = ("account", "billing", "refund", "refund_status", "shipping")
StreamReviewItemsResponse = feedback_service_pb2.StreamReviewItemsResponse
Waiting = StreamReviewItemsResponse(waiting=0)


async def lines_of(lines: Iterable[str]) -> AsyncIterator[str]:
    """What is typed, one line after the other."""
    for line in lines:
        yield line


async def nothing() -> AsyncIterator[str]:
    """Somebody who types nothing, and does not leave either."""
    await asyncio.Event().wait()
    yield ""


def items(*numbers: int) -> list[StreamReviewItemsResponse]:
    """What a server sends that has these items."""
    return [StreamReviewItemsResponse(item=make_item(n), waiting=12) for n in numbers]


class Terminal:
    """Runs sessions, and keeps what is printed."""

    def __init__(self, fake: FakeServer, wanted: Wanted) -> None:
        self._address = fake.address
        self.wanted = wanted
        self.submitted = 0
        self._out = io.StringIO()

    @property
    def said(self) -> str:
        """All that was printed."""
        return self._out.getvalue()

    async def type(self, *lines: str) -> None:
        """A session in which these lines are typed, and then no more."""
        await self.type_slowly(lines_of(lines))

    async def type_slowly(self, lines: AsyncIterator[str]) -> None:
        """A session in which lines come as they come."""
        typed = Typed(lines)
        async with FeedbackClient(self._address) as client:
            console = Console(file=self._out, width=200)
            session = Session(client, console, typed, CATEGORIES, self.wanted)
            try:
                await session.run()
            finally:
                typed.close()
        self.submitted = session.submitted


@pytest.fixture
def terminal(fake: FakeServer, feedback: FakeFeedback) -> Terminal:
    """A reviewer's terminal; three items wait."""
    feedback.answers["StreamReviewItems"] = [*items(1, 2, 3)]
    return Terminal(fake, Wanted(reviewer="anna"))


def submitted(feedback: FakeFeedback) -> list[feedback_pb2.Feedback]:
    """The feedback that arrived."""
    return [
        request.feedback
        for request in feedback.requests
        if isinstance(request, feedback_service_pb2.SubmitFeedbackRequest)
    ]


def released(feedback: FakeFeedback) -> list[str]:
    """The runs that were handed back."""
    return [
        run
        for request in feedback.requests
        if isinstance(request, feedback_service_pb2.ReleaseReviewItemsRequest)
        for run in request.runs
    ]


async def test_an_item_is_shown_with_what_the_suggestion_rests_on(terminal: Terminal) -> None:
    await terminal.type("q")
    for words in (
        "uncertain, worth 80 %, 3 more like it; 12 waiting",
        "I was charged twice.",
        "billing  90 %  then shipping 5 %",
        "shipping, similarity 0.91",
        "category is closed: 70 % did not pass",
    ):
        assert words in terminal.said


async def test_one_item_at_a_time_is_asked_for(terminal: Terminal, feedback: FakeFeedback) -> None:
    terminal.wanted = Wanted("anna", ReviewReason.AUDIT, "billing")
    await terminal.type("q")
    (request,) = feedback.requests
    assert request == feedback_service_pb2.StreamReviewItemsRequest(
        reviewer="anna",
        most_leased=1,
        reason=review_pb2.REVIEW_REASON_AUDIT,
        category="billing",
    )


@pytest.mark.parametrize("line", ["", "a"])
async def test_enter_accepts_the_answer(
    terminal: Terminal, feedback: FakeFeedback, line: str
) -> None:
    await terminal.type(line, "q")
    (said,) = submitted(feedback)
    assert said == feedback_pb2.Feedback(
        run=f"triageRuns/{1:032x}",
        reviewer="anna",
        acceptance=feedback_pb2.ACCEPTANCE_ACCEPTED,
    )
    assert terminal.submitted == 1


async def test_corrections_are_sent_together(terminal: Terminal, feedback: FakeFeedback) -> None:
    await terminal.type("c refund", "p hi", "s neu", "e", "2", "k the old tariff", "", "q")
    (said,) = submitted(feedback)
    assert said.rating == 2
    assert said.comment == "the old tariff"
    assert said.correction == feedback_pb2.Correction(
        category="refund",
        priority=result_pb2.PRIORITY_HIGH,
        sentiment=result_pb2.SENTIMENT_NEUTRAL,
        requires_human_escalation=False,
    )


async def test_what_was_corrected_stands_before_the_next_line(terminal: Terminal) -> None:
    await terminal.type("c refund", "4", "q")
    assert "category refund, rating 4 > " in terminal.said


async def test_a_category_is_chosen_by_number_the_likeliest_first(
    terminal: Terminal, feedback: FakeFeedback
) -> None:
    await terminal.type("c", "2", "", "q")
    assert "1 billing" in terminal.said
    assert submitted(feedback)[0].correction.category == "shipping"


async def test_a_part_of_several_names_is_asked_for_again(
    terminal: Terminal, feedback: FakeFeedback
) -> None:
    await terminal.type("c ref", "stat", "", "q")
    assert submitted(feedback)[0].correction.category == "refund_status"


async def test_none_of_the_names_can_be_chosen_after_all(
    terminal: Terminal, feedback: FakeFeedback
) -> None:
    await terminal.type("c xyz", "", "", "q")
    assert "there is no such name" in terminal.said
    assert not submitted(feedback)[0].HasField("correction")


async def test_a_comment_may_be_asked_for(terminal: Terminal, feedback: FakeFeedback) -> None:
    await terminal.type("k", "the old tariff", "", "q")
    assert submitted(feedback)[0].comment == "the old tariff"


@pytest.mark.parametrize("line", ["x", "12", "accept", "?"])
async def test_a_line_that_means_nothing_is_answered_with_the_keys(
    terminal: Terminal, feedback: FakeFeedback, line: str
) -> None:
    await terminal.type(line, "q")
    assert terminal.said.count("n skip, q quit") == 2
    assert submitted(feedback) == []


async def test_what_is_skipped_is_handed_back(terminal: Terminal, feedback: FakeFeedback) -> None:
    await terminal.type("n", "", "q")
    assert released(feedback) == [f"triageRuns/{1:032x}"]
    assert [one.run for one in submitted(feedback)] == [f"triageRuns/{2:032x}"]


async def test_all_items_are_gone_through(terminal: Terminal, feedback: FakeFeedback) -> None:
    await terminal.type("", "", "")
    assert [one.run[-1] for one in submitted(feedback)] == ["1", "2", "3"]


async def test_no_more_lines_end_the_session(terminal: Terminal, feedback: FakeFeedback) -> None:
    await terminal.type("")
    assert len(submitted(feedback)) == 1


async def test_what_feedback_did_is_told(terminal: Terminal, feedback: FakeFeedback) -> None:
    answer = feedback_service_pb2.SubmitFeedbackResponse()
    answer.effects.label_change = feedback_pb2.LABEL_CHANGE_ADDED
    feedback.answers["SubmitFeedback"] = [answer]
    await terminal.type("", "q")
    assert "a label was made" in terminal.said


async def test_feedback_that_is_refused_leaves_the_item_in_hand(
    terminal: Terminal, feedback: FakeFeedback
) -> None:
    refused = status(code_pb2.INVALID_ARGUMENT, "UNKNOWN_CATEGORY", "there is no such category")
    feedback.failures["SubmitFeedback"] = [refused]
    await terminal.type("c refund", "", "c billing", "", "q")
    assert "there is no such category" in terminal.said
    assert [one.correction.category for one in submitted(feedback)] == ["refund", "billing"]
    assert submitted(feedback)[1].run == f"triageRuns/{1:032x}"


async def test_a_refusal_is_told_as_by_other_commands(
    terminal: Terminal, feedback: FakeFeedback
) -> None:
    rule = error_details_pb2.BadRequest()
    rule.field_violations.add(field="feedback.comment", description="must be shorter")
    refused = status(code_pb2.INVALID_ARGUMENT, "INVALID_FEEDBACK", "it is invalid", rule)
    feedback.failures["SubmitFeedback"] = [refused]
    await terminal.type("", "q")
    assert "the server refused the request: feedback.comment: must be shorter" in terminal.said


async def test_feedback_of_another_caller_can_be_skipped(
    terminal: Terminal, feedback: FakeFeedback
) -> None:
    refused = status(code_pb2.PERMISSION_DENIED, "FEEDBACK_OF_ANOTHER", "it is of another")
    feedback.failures["SubmitFeedback"] = [refused]
    await terminal.type("", "n", "", "q")
    assert "it is of another (FEEDBACK_OF_ANOTHER)\n" in terminal.said
    assert released(feedback) == [f"triageRuns/{1:032x}"]


async def test_who_may_not_submit_at_all_is_sent_away(
    terminal: Terminal, feedback: FakeFeedback
) -> None:
    refused = status(code_pb2.PERMISSION_DENIED, "PERMISSION_DENIED", "you may not")
    feedback.failures["SubmitFeedback"] = [refused]
    with pytest.raises(NotPermitted):
        await terminal.type("", "q")


async def test_a_run_that_was_deleted_meanwhile_is_passed_over(
    terminal: Terminal, feedback: FakeFeedback
) -> None:
    feedback.failures["SubmitFeedback"] = [status(code_pb2.NOT_FOUND, "RUN_NOT_FOUND", "is gone")]
    await terminal.type("", "", "q")
    assert released(feedback) == [f"triageRuns/{1:032x}"]
    assert [one.run[-1] for one in submitted(feedback)] == ["1", "2"]


async def test_a_server_that_goes_away_ends_the_session(
    terminal: Terminal, feedback: FakeFeedback
) -> None:
    feedback.failure = status(code_pb2.UNAVAILABLE, "DRAINING", "the server stops")
    with pytest.raises(Unavailable):
        await terminal.type("")


async def test_that_nothing_waits_is_told(terminal: Terminal, feedback: FakeFeedback) -> None:
    feedback.answers["StreamReviewItems"] = [Waiting]
    await terminal.type_slowly(nothing())
    assert "nothing waits just now" in terminal.said


async def test_what_comes_after_a_wait_is_reviewed(
    terminal: Terminal, feedback: FakeFeedback
) -> None:
    async def once_it_is_shown() -> AsyncIterator[str]:
        while "I was charged twice." not in terminal.said:  # noqa: ASYNC110  # a screen has no event
            await asyncio.sleep(0.01)
        yield ""

    feedback.answers["StreamReviewItems"] = [Waiting, *items(1)]
    await asyncio.wait_for(terminal.type_slowly(once_it_is_shown()), TIMEOUT_S)
    assert len(submitted(feedback)) == 1


@pytest.mark.parametrize("lines", [(), ("q",), ("a", "q")])
async def test_who_waits_may_leave(
    terminal: Terminal, feedback: FakeFeedback, lines: tuple[str, ...]
) -> None:
    feedback.answers["StreamReviewItems"] = [Waiting]
    feedback.stays_open = True
    await asyncio.wait_for(terminal.type(*lines), TIMEOUT_S)
    assert submitted(feedback) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1", ["account"]),
        ("5", ["shipping"]),
        ("0", []),
        ("6", []),
        ("refund", ["refund"]),
        ("REF", ["refund", "refund_status"]),
        ("status", ["refund_status"]),
        ("x", []),
    ],
)
def test_a_name_is_found_by_number_beginning_or_part(text: str, found: list[str]) -> None:
    assert matches(CATEGORIES, text) == found


@pytest.fixture
def process(fake: FakeServer) -> Iterator["subprocess.Popen[str]"]:
    """`switchyard review`, as a process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "switchyard_client", "review"],
        env=os.environ | {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    killed(process)


def test_lines_of_a_pipe_are_keys(feedback: FakeFeedback, process: "subprocess.Popen[str]") -> None:
    feedback.answers["StreamReviewItems"] = [*items(1, 2, 3)]
    out, err = process.communicate("c shipping\n\n\nq\n", timeout=TIMEOUT_S)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-1] == "2 reviewed"
    assert [one.correction.category for one in submitted(feedback)] == ["shipping", ""]


def test_ctrl_c_leaves_cleanly(feedback: FakeFeedback, process: "subprocess.Popen[str]") -> None:
    feedback.answers["StreamReviewItems"] = [*items(1)]
    while "waiting" not in (line := first_line(process, TIMEOUT_S)):
        assert line, "it has ended"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err.strip()) == (130, "")
    assert out.splitlines()[-1] == "0 reviewed"
