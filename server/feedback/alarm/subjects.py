"""Who answered a run, and whom else it speaks for."""

from dataclasses import dataclass
from enum import StrEnum

from server.triage.parameters import MODELS
from server.triage.run import Answer, Decision, Run

MOST_WEIGHT = 10.0  # of one run: the rarest that audits are expected to be is one in so many


class Kind(StrEnum):
    """What answers; the words are those of the contract."""

    MODEL = "model"
    PROMPT = "prompt"
    VARIANT = "variant"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """Something that answers.

    A model of the embedded engine is named as "embedded linear-ngram 0123456789ab", a language
    model as "llm provider/model", a variant as "experiments/x/b phase 1".
    """

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Weight:
    """How many runs one stands for that a person was to look at."""

    runs: float  # 1 / probability that somebody was to look at it
    ceiling: float  # the most that it could have been for any run just then


def subjects_of(run: Run) -> list[Subject]:
    """Who answered: the model always, the prompt and the variant where there is one."""
    engine, enrolled = run.answer.engine, run.answer.experiment
    prompt = prompt_of(run.answer)
    if prompt:
        found = [
            Subject(Kind.MODEL, f"{engine.engine} {engine.model}"),
            Subject(Kind.PROMPT, prompt),
        ]
    else:
        found = [Subject(Kind.MODEL, f"{engine.engine} {engine.model} {engine.version}")]
    if enrolled is not None:
        name = f"{enrolled.name}/{enrolled.variant} phase {enrolled.phase}"
        found.append(Subject(Kind.VARIANT, name))
    return found


def prompt_of(answer: Answer) -> str:
    """The version of the prompt; empty: no language model answered."""
    return answer.engine.version.split(" ")[0] if answer.engine.engine == MODELS else ""


def weight_of(answer: Answer) -> Weight | None:
    """What a judgement of the answer stands for. None: nobody was to look at it.

    Automatic answers that are in no audit come to be judged because somebody was unhappy: they
    would tell of more errors than there are. Audits rarer than MOST_WEIGHT allows are counted as
    if they were not, which raises an alarm the sooner.
    """
    gates = [passage for passage in answer.gates if passage.is_gated]
    ceiling = 1.0
    if any(passage.threshold is not None for passage in gates):
        ceiling = MOST_WEIGHT
    if not any(passage.is_audited for passage in gates):
        return None if answer.decision is Decision.AUTOMATIC else Weight(1.0, ceiling)
    share = max(passage.propensity for passage in gates)
    return Weight(min(1 / share, ceiling), ceiling)
