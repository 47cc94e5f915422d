"""Error budgets: messages to values, and back."""

from switchyard.feedback.v1 import automation_pb2

from server.triage.automation.budget import Terms
from server.triage.automation.evidence import risk_coverage_of
from server.triage.automation.standing import percent
from server.triage.automation.store import Budget, GateReport, Moment
from server.wire_values import enum_number, write_moment

CONFIDENCE = 0.95  # where none is named
AUDIT_SHARE = 0.1
DOUBT = (
    "Of late audits found more errors than usual: until that is settled,"
    " a person looks at half of them first."
)


def read_terms(message: automation_pb2.ErrorBudget) -> Terms | None:
    """What is to be promised; None: nothing.

    The audit share counts in thousandths, so that evidence comes in a bounded number of kinds.
    """
    if not message.HasField("terms"):
        return None
    terms = message.terms
    return Terms(
        max_error=terms.max_error,
        confidence=terms.confidence or CONFIDENCE,
        audit_share=round(terms.audit_share or AUDIT_SHARE, 3),
    )


def write_budget(budget: Budget) -> automation_pb2.ErrorBudget:
    """A budget and what its gates are at. Takes up to a second where there are many gates."""
    message = automation_pb2.ErrorBudget(
        field=enum_number(budget.field),
        etag=budget.etag,
        gates=[_write_gate(budget.terms, gate) for gate in budget.gates],
    )
    if budget.terms is not None:
        message.terms.CopyFrom(_write_terms(budget.terms))
    if budget.update_time is not None:
        message.update_time.CopyFrom(write_moment(budget.update_time))
    return message


def _write_terms(terms: Terms) -> automation_pb2.BudgetTerms:
    return automation_pb2.BudgetTerms(
        max_error=terms.max_error, confidence=terms.confidence, audit_share=terms.audit_share
    )


def _write_gate(terms: Terms | None, gate: GateReport) -> automation_pb2.Gate:
    state = gate.state
    return automation_pb2.Gate(
        answerer=gate.answerer,
        threshold=state.threshold,
        reason=_reason(terms, gate),
        error_bound=state.error_bound,
        judged=state.judged,
        audited=state.audited,
        wrong=state.wrong,
        automated=state.automated,
        reviewed=state.reviewed,
        answers=state.answers,
        drift=state.drift_share,
        start_time=write_moment(state.start_time),
        curve=[
            automation_pb2.RiskCoverage(
                max_error=point.error_budget,
                threshold=point.threshold,
                automated_share=point.share,
            )
            for point in risk_coverage_of(terms, gate.evidence, state.eligible_share)
        ],
        history=[_write_change(moment) for moment in gate.history],
    )


def _write_change(moment: Moment) -> automation_pb2.GateMoment:
    return automation_pb2.GateMoment(
        time=write_moment(moment.time),
        threshold=moment.threshold,
        error_bound=moment.error_bound,
        judged=moment.judged,
        cause=moment.cause,
    )


def _reason(terms: Terms | None, gate: GateReport) -> str:
    """Why the gate stands as it does, in one plain sentence."""
    state = gate.state
    if terms is None:
        return "No error budget is set."
    budget = percent(terms.max_error)
    if state.threshold is not None:
        doubt = f" {DOUBT}" if state.is_doubted else ""
        return (
            f"Answers with a confidence of {percent(state.threshold)} or more keep the budget of"
            f" {budget}, as far as {state.judged:,} judged ones show.{doubt}"
        )
    if not state.judged and gate.history and gate.history[0].cause == "drift":
        since = f"{gate.history[0].time:%F %R}"
        return f"Answers became worse: what was known before {since} UTC is void."
    if not state.may_widen:
        return (
            f"{state.judged_reviews:,} of {state.reviewed:,} reviewed answers are judged; half are"
            " needed before automation opens."
        )
    return (
        f"{state.judged:,} {'answer was' if state.judged == 1 else 'answers were'} judged,"
        f" {state.wrong:,} wrong: that does not back the budget of {budget} yet."
    )
