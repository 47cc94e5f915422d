"""What a handler says of its answer on the way."""

from tests.unit.interceptors.handler_server import Transport, call_from


def test_a_tag_that_is_said_twice_is_carried_once() -> None:
    call = call_from(Transport())
    call.tag_answer("run:1", "run:2")
    call.tag_answer("run:2", "run:3")
    assert call.answer_tags == ("run:1", "run:2", "run:3")
