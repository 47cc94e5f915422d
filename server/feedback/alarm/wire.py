"""Messages of settings and alarms to values, and back."""

from collections.abc import Sequence

from switchyard.feedback.v1 import automation_pb2 as pb
from switchyard.feedback.v1 import feedback_service_pb2

from server.feedback.alarm.settings import Settings
from server.feedback.alarm.subjects import Kind, Subject
from server.feedback.alarm.watch import Watch
from server.wire_values import read_seconds, write_moment, write_seconds


def read_settings(message: pb.FeedbackSettings) -> Settings:
    """The settings that a message wants."""
    return Settings(
        train_after_labels=message.train_after_labels,
        train_every_s=read_seconds(message.train_every)
        if message.HasField("train_every")
        else None,
        most_overturned=message.most_overturned,
        rolls_back=message.roll_back,
    )


def write_settings(settings: Settings) -> pb.FeedbackSettings:
    """Settings as they are in force."""
    every_s, time = settings.train_every_s, settings.update_time
    return pb.FeedbackSettings(
        etag=settings.etag,
        train_after_labels=settings.train_after_labels,
        train_every=None if every_s is None else write_seconds(every_s),
        most_overturned=settings.most_overturned,
        roll_back=settings.rolls_back,
        update_time=None if time is None else write_moment(time),
    )


def read_subject(request: feedback_service_pb2.ResetOverturnAlarmRequest) -> Subject:
    """What to watch anew."""
    return Subject(Kind(request.kind), request.subject)


def write_alarms(watches: Sequence[Watch]) -> feedback_service_pb2.ListOverturnAlarmsResponse:
    """What answers, in the order given."""
    return feedback_service_pb2.ListOverturnAlarmsResponse(
        alarms=[write_alarm(watch) for watch in watches]
    )


def write_alarm(watch: Watch) -> pb.OverturnAlarm:
    """Something that answers."""
    time = watch.raise_time
    return pb.OverturnAlarm(
        kind=watch.subject.kind,
        subject=watch.subject.name,
        judged=watch.judged,
        overturned=watch.overturned,
        evidence=watch.evidence,
        raise_time=None if time is None else write_moment(time),
        action=watch.action,
    )
