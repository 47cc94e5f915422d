"""`switchyard experiment`: comparisons on live traffic whose winners survive peeking."""

import click

from switchyard_client.commands.connection_options import connection_options
from switchyard_client.commands.experiment.changes import (
    apply_winner,
    roll_back_winner,
    set_traffic,
    set_weights,
)
from switchyard_client.commands.experiment.designs import (
    create_experiment,
    list_experiments,
    show_example,
    show_experiment,
)
from switchyard_client.commands.experiment.report import report_experiment
from switchyard_client.commands.experiment.sample_size import estimate_sample_size
from switchyard_client.commands.experiment.states import (
    archive_experiment,
    pause_experiment,
    start_experiment,
    stop_experiment,
)
from switchyard_client.commands.experiment.units import assign_unit, record_outcomes
from switchyard_client.commands.experiment.watch import watch_experiment


@click.group()
@connection_options
def experiment() -> None:
    """Comparisons on live traffic: which model, prompt or threshold is better.

    \b
      switchyard experiment example > threshold.toml      a commented design, to be edited
      switchyard experiment sample-size --baseline 0.8 --effect 0.05
      switchyard experiment create threshold.toml --start
      switchyard experiment assign lower-threshold C-17   which variant a unit gets
      switchyard experiment record lower-threshold C-17 resolved yes --id T-1
      switchyard experiment watch lower-threshold         results, as outcomes arrive
      switchyard experiment report lower-threshold --out report.html
      switchyard experiment apply lower-threshold         the winner's parameters for everybody

    Look at the results whenever you like: intervals and winners hold all the same.
    """


for command in (
    *(show_example, create_experiment, list_experiments, show_experiment),
    *(start_experiment, pause_experiment, stop_experiment, archive_experiment),
    *(set_weights, set_traffic, apply_winner, roll_back_winner),
    *(assign_unit, record_outcomes),
    *(watch_experiment, report_experiment, estimate_sample_size),
):
    experiment.add_command(command)
