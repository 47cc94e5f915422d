"""What counts as lost and as done twice."""

from switchyard.triage.v1 import result_pb2, ticket_pb2, triage_service_pb2

from bench.faults import Kept, Tally, figures

TICKETS = [ticket_pb2.Ticket(id="one"), ticket_pb2.Ticket(id="two")]


def tally_of(*results: result_pb2.TriageResult) -> Tally:
    tally = Tally()
    for result in results:
        tally.add(triage_service_pb2.BatchTriageResponse(result=result))
    return tally


def answer(ticket_id: str, **fields: object) -> result_pb2.TriageResult:
    engine = result_pb2.EngineVersion(engine="llm")
    return result_pb2.TriageResult(ticket_id=ticket_id, engine=engine, **fields)  # type: ignore[arg-type]  # as they come


def found(tally: Tally, kept: Kept) -> dict[str, float]:
    return {each.metric: each.value for each in figures(TICKETS, tally, kept, {"requests": 3})}


def test_a_ticket_that_is_neither_answered_nor_a_dead_letter_is_lost() -> None:
    assert found(tally_of(answer("one")), Kept({"one": 1}, frozenset()))["lost"] == 1


def test_a_dead_letter_is_not_lost() -> None:
    kept = Kept({"one": 1, "two": 1}, frozenset({"two"}))
    assert found(tally_of(answer("one")), kept)["lost"] == 0


def test_a_ticket_with_two_runs_was_done_twice() -> None:
    tally = tally_of(answer("one"), answer("two"))
    assert found(tally, Kept({"one": 2, "two": 1}, frozenset()))["twice"] == 1


def test_an_embedded_answer_that_is_not_flagged_is_told() -> None:
    unflagged = result_pb2.TriageResult(ticket_id="one")
    assert found(tally_of(unflagged), Kept({"one": 1}, frozenset()))["unflagged"] == 1
