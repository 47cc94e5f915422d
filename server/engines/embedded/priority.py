"""The priority as a tenant's people give it: by words, rules that speak, and the category."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from server.triage.assessment import Prediction, Priority, Reason
from server.triage.rulebook import Verdict

LEARNED = Reason("LEARNED", "Tickets like this one were given this priority before.")


@dataclass(frozen=True, eq=False)
class PriorityHead:
    """Immutable. The weights of words stand beside those of the categories in the model."""

    levels: tuple[Priority, ...]
    words: npt.NDArray[np.float16]  # [rows, levels]; idf is folded in
    rules: tuple[str, ...]  # codes
    rule_weights: npt.NDArray[np.float32]  # [rules, levels]
    category_weights: npt.NDArray[np.float32]  # [categories, levels]
    biases: npt.NDArray[np.float32]  # [levels]

    @cached_property
    def _of_rule(self) -> dict[str, list[float]]:
        return dict(zip(self.rules, self.rule_weights.tolist(), strict=True))

    @cached_property
    def _of_category(self) -> list[list[float]]:
        sums: list[list[float]] = (self.category_weights + self.biases).tolist()
        return sums

    def decide(
        self, scores: Sequence[float], category: int, codes: Collection[str]
    ) -> Prediction[Priority]:
        """The likeliest level. scores: what the words say of each; codes: of rules that speak."""
        terms = [scores, self._of_category[category]]
        terms += [self._of_rule[code] for code in sorted(codes) if code in self._of_rule]
        sums = [sum(values) for values in zip(*terms, strict=True)]
        top = max(sums)
        odds = [math.exp(value - top) for value in sums]
        ranked = sorted(zip(self.levels, odds, strict=True), key=lambda one: -one[1])
        (first, _), *others = [(level, value / sum(odds)) for level, value in ranked]
        return Prediction(first, 1 - sum(chance for _, chance in others), tuple(others))


def codes_of(verdict: Verdict) -> set[str]:
    """The codes of the rules that spoke."""
    reasons = (*verdict.priority_reasons, *verdict.escalation_reasons)
    return {reason.code for reason in reasons}
