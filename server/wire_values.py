"""Seconds, times and enums as messages hold them, and back."""

from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def write_seconds(seconds: float) -> Duration:
    """A duration of so many seconds, to the nanosecond."""
    return Duration(**duration_fields(seconds))


def duration_fields(seconds: float) -> dict[str, int]:
    """The same as fields, for a message that is made of fields."""
    whole, nanos = divmod(round(seconds * 1e9), 10**9)
    return {"seconds": whole, "nanos": nanos}


def read_seconds(duration: Duration) -> float:
    """The seconds of a duration."""
    return float(duration.seconds + duration.nanos / 1e9)


def write_time(seconds: float) -> Timestamp:
    """A time given in seconds since 1970, to the microsecond."""
    time = Timestamp()
    time.FromDatetime(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
    return time


def write_moment(time: datetime) -> Timestamp:
    """A time, to the microsecond."""
    since = time - datetime(1970, 1, 1, tzinfo=UTC)
    return Timestamp(seconds=since // timedelta(seconds=1), nanos=since.microseconds * 1000)


def read_moment(message: Timestamp) -> datetime:
    """A time, to the microsecond."""
    return message.ToDatetime(UTC)


def enum_number(value: IntEnum) -> Any:
    """The number of an enum's value; typed Any, because the generated stubs refuse a number."""
    return int(value)
