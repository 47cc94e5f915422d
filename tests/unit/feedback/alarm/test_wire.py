"""Settings and alarms as messages."""

from server.feedback.alarm.settings import Settings
from server.feedback.alarm.subjects import Kind, Subject, Weight
from server.feedback.alarm.watch import Verdict, begun, judged
from server.feedback.alarm.wire import read_settings, write_alarm, write_settings
from tests.unit.feedback.alarm.runs import START


def test_settings_are_read_as_they_were_written() -> None:
    settings = Settings(100, 86_400.5, 0.2, rolls_back=True)
    assert read_settings(write_settings(settings)) == settings


def test_what_was_never_set_has_an_etag_and_no_time() -> None:
    message = write_settings(Settings())
    assert message.etag == "r0"
    assert not message.HasField("update_time")
    assert not message.HasField("train_every")


def test_an_alarm_that_was_not_raised_has_no_time() -> None:
    watch = begun(Subject(Kind.PROMPT, "triage-2"), START)
    message = write_alarm(judged(watch, Verdict(True, Weight(1, 1)), 0.1, START))
    assert (message.kind, message.subject) == ("prompt", "triage-2")
    assert (message.judged, message.overturned) == (1, 1)
    assert not message.HasField("raise_time")
