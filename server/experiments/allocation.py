"""When an algorithm moves the weights, and to what. Pure: the same from every process."""

from functools import partial

from server.experiments.experiment import Algorithm, Allocation, Design, Experiment, MetricKind
from server.experiments.results import Tally
from server.statistics import bandits
from server.statistics.moments import Table, adjusted, linearised, theta_of, total

_GROWTH = 0.02  # of a batch, of the units before it


def is_due(experiment: Experiment, tally: Tally) -> bool:
    """Whether so many units of the configuration in force count that it should change.

    Of at least one unit in fifty, so that there are some 400 configurations by ten million units.
    """
    design, allocation = experiment.design, experiment.design.allocation
    units = [total(row).n for row in tally.metrics[design.primary.name].cells]
    if not allocation.is_adaptive or not units:
        return False
    return units[-1] >= max(allocation.batch_units, _GROWTH * sum(units))


def next_weights(design: Design, tally: Tally) -> tuple[float, ...]:
    """What the design's algorithm makes of the primary metric. Fixed weights stay as they are."""
    rule = _rule(design.allocation)
    if rule is None:
        return design.weights
    metric = design.primary
    weights = bandits.next_weights(
        rule,
        _table(design, tally),
        is_binary=metric.kind is MetricKind.BINARY,
        is_minimized=metric.is_minimized,
        discount=design.allocation.discount,
        floor=design.allocation.floor,
    )
    return tuple(weights.tolist())


def _rule(allocation: Allocation) -> bandits.Rule | None:
    match allocation.algorithm:
        case Algorithm.EPSILON_GREEDY:
            return partial(bandits.epsilon_greedy, epsilon=allocation.epsilon)
        case Algorithm.EPSILON_DECAYING:
            return partial(bandits.epsilon_decaying, epsilon=allocation.epsilon)
        case Algorithm.UCB1:
            return bandits.ucb1
        case Algorithm.THOMPSON:
            return bandits.thompson
        case Algorithm.TOP_TWO:
            return bandits.top_two
        case Algorithm.FIXED:
            return None


def _table(design: Design, tally: Tally) -> Table:
    """Units of the primary metric, such that an arm's mean is what is to be compared."""
    metric = design.primary
    cells = tally.metrics[metric.name].cells
    if metric.kind is MetricKind.RATIO:
        return linearised(cells)
    if metric.uses_pre_period:
        return adjusted(cells, theta_of(cell for row in cells for cell in row))
    return cells
