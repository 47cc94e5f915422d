"""What a handler says of its answer on the way."""

from typing import Any

from interceptors.call import Call


def test_a_tag_that_is_said_twice_is_carried_once() -> None:
    transport: Any = None
    call = Call("test.Echo/Echo", transport)
    call.tag_answer("run:1", "run:2")
    call.tag_answer("run:2", "run:3")
    assert call.answer_tags == ("run:1", "run:2", "run:3")
