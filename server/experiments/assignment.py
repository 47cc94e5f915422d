"""Which variant a unit gets: pure functions of hashes, the same in every process and release.

Independent hashes place a unit in its layer (which experiment may have it, and whether any may),
within the experiment's traffic (whether it is enrolled yet), and between the variants. Each is the
beginning of SHA-256 of a salt and the unit. Salts and hashes never change: who was assigned once
must be assigned so again (tests/unit/experiments holds golden vectors).
"""

from bisect import bisect_right
from enum import IntEnum
from hashlib import sha256

from server.experiments.condition import Attributes, holds
from server.experiments.errors import NotPossibleNow
from server.experiments.experiment import Experiment, State

_SCALE = 2.0**-53


class Enrollment(IntEnum):
    """Whether a unit is in an experiment; the numbers are those of the contract."""

    ENROLLED = 1
    NOT_RUNNING = 2
    HELD_OUT = 3
    ELSEWHERE = 4
    NOT_TARGETED = 5
    OUTSIDE_TRAFFIC = 6


def place(salt: str, unit: str) -> float:
    """Where the unit falls in [0, 1), evenly and independently for every salt."""
    digest = sha256(f"{salt}:{unit}".encode()).digest()
    # 53 bits are what a float holds: more would be rounded, up to 1.0 at the end.
    return (int.from_bytes(digest[:8], "big") >> 11) * _SCALE


def enroll(experiment: Experiment, unit: str, attributes: Attributes) -> Enrollment:
    """Whether a unit that has no variant yet is to get one, or else the first reason why not."""
    part, configuration = experiment.slice, experiment.configuration
    if experiment.state is not State.RUNNING or part is None or configuration is None:
        return Enrollment.NOT_RUNNING
    design, salts = experiment.design, experiment.salts
    if design.holdout > 0 and place(salts.holdout, unit) < design.holdout:
        return Enrollment.HELD_OUT
    if not part.start <= place(salts.layer, unit) < part.end:
        return Enrollment.ELSEWHERE
    if not holds(design.targeting, attributes):
        return Enrollment.NOT_TARGETED
    if place(salts.inclusion, unit) >= configuration.traffic:
        return Enrollment.OUTSIDE_TRAFFIC
    return Enrollment.ENROLLED


def choose(experiment: Experiment, unit: str, episode: int = 0) -> tuple[int, float]:
    """The index of the unit's variant under the weights in force, and its propensity.

    episode  how often the unit's variant has expired before
    Raises NotPossibleNow where no weights are in force yet.
    """
    configuration = experiment.configuration
    if configuration is None:
        raise NotPossibleNow(experiment.name, "was never started; start it first")
    salt = experiment.salts.variant
    at = place(f"{salt}/{episode}" if episode else salt, unit)
    index = configuration.drawn[bisect_right(configuration.bounds, at)]
    return index, configuration.weights[index]
