"""What experiment commands print: tables and sentences for people, JSON for programs."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from google.rpc import code_pb2
from switchyard.experiment.v1 import (
    experiment_pb2,
    experiment_service_pb2,
    results_pb2,
)
from switchyard_client.__main__ import cli

from tests.unit.client.fake_experiments import NAME, FakeExperiments, make_experiment, make_results
from tests.unit.client.fake_service import FakeServer, status

Run = Callable[..., Result]


@pytest.fixture
def run(fake: FakeServer, experiments: FakeExperiments) -> Run:
    """Runs an experiment command against the fake server, which has one experiment."""
    answer(experiments, make_results())
    experiments.answers["GetExperiment"] = [
        experiment_service_pb2.GetExperimentResponse(experiment=make_experiment())
    ]

    def run_command(*arguments: str, **environment: str) -> Result:
        env = {"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1", **environment}
        return CliRunner().invoke(cli, ["experiment", *arguments], env=env)

    return run_command


def answer(experiments: FakeExperiments, *results: results_pb2.ExperimentResults) -> None:
    """Let these be the results, and what a watch tells."""
    experiments.answers["GetExperimentResults"] = [
        experiment_service_pb2.GetExperimentResultsResponse(results=results[0])
    ]
    experiments.answers["WatchExperimentResults"] = [
        experiment_service_pb2.WatchExperimentResultsResponse(results=one) for one in results
    ]


def line_with(text: str, output: str) -> str:
    """The one line that begins with a text, with single spaces."""
    (found,) = [line for line in output.splitlines() if line.startswith(text)]
    return " ".join(found.split())


def test_a_changed_experiment_is_one_line(run: Run, experiments: FakeExperiments) -> None:
    experiments.answers["StartExperiment"] = [
        experiment_service_pb2.StartExperimentResponse(experiment=make_experiment())
    ]
    assert run("start", NAME).stdout == (
        f"{NAME}: running, phase 1, configuration 1, control 50.0 %, model 50.0 %, traffic 20.0 %\n"
    )


def test_experiments_are_a_table(run: Run, experiments: FakeExperiments) -> None:
    ended = make_experiment()
    ended.state = experiment_pb2.EXPERIMENT_STATE_STOPPED
    ended.conclusion.outcome = experiment_pb2.Conclusion.OUTCOME_WINNER
    ended.conclusion.variant = "model"
    experiments.answers["ListExperiments"] = [
        experiment_service_pb2.ListExperimentsResponse(experiments=[make_experiment(), ended])
    ]
    _, first, second = run("list").stdout.splitlines()
    assert first.split()[:1] == [NAME]
    assert "running" in first
    assert "winner: model" in second


def test_what_is_applied_is_told_in_the_table(run: Run, experiments: FakeExperiments) -> None:
    applied = make_experiment()
    applied.is_applied = True
    experiments.answers["ListExperiments"] = [
        experiment_service_pb2.ListExperimentsResponse(experiments=[make_experiment(), applied])
    ]
    head, first, second = run("list").stdout.splitlines()
    place = head.index("applied")
    assert (first[place:][:3].strip(), second[place:][:3]) == ("", "yes")


@pytest.mark.parametrize(
    ("typed", "consequence"),
    [
        (["apply", NAME], "the parameters of the winner are the layer's defaults now"),
        (
            ["apply", NAME, "--variant", "model"],
            "the parameters of model are the layer's defaults now",
        ),
        (["rollback", NAME], "the layer has its former defaults again"),
    ],
    ids=["apply", "apply one", "rollback"],
)
def test_what_becomes_of_the_defaults_is_said(
    run: Run, experiments: FakeExperiments, typed: list[str], consequence: str
) -> None:
    experiments.answers["ApplyWinner"] = [
        experiment_service_pb2.ApplyWinnerResponse(experiment=make_experiment())
    ]
    experiments.answers["RollBackWinner"] = [
        experiment_service_pb2.RollBackWinnerResponse(experiment=make_experiment())
    ]
    assert run(*typed).stdout.splitlines()[-1] == consequence


def test_an_experiment_is_shown_with_its_variants_and_metrics(run: Run) -> None:
    shown = run("show", NAME).stdout
    assert line_with("weights", shown) == "weights control 50.0 %, model 50.0 %"
    assert line_with("seconds", shown) == "seconds mean guardrail less caller"


def test_an_experiment_as_json_has_every_field(run: Run) -> None:
    assert json.loads(run("show", NAME, "--json").stdout)["etag"] == "7"


def test_a_report_tells_each_variant_and_how_sure_it_is(run: Run) -> None:
    shown = run("report", NAME).stdout
    assert line_with("model ", shown.split("seconds")[0]) == (
        "model 50.0 % 1,000 900 765 85.00 % [82.00, 88.00] +5.00 pp [-1.00, 11.00] +6.2 % 0.031 "
        "99.0 % 0.01 %"
    )
    assert "No winner so far: confidence 93.00 %" in shown
    assert "Units arrive as the weights say (p 0.740)." in shown
    assert "too early: 180 of at least 250 units of model" in shown


def test_the_metric_that_decides_comes_first(run: Run, experiments: FakeExperiments) -> None:
    results = make_results()
    results.metrics.reverse()
    answer(experiments, results)
    shown = run("report", NAME).stdout
    assert shown.index("resolved (binary, primary)") < shown.index("seconds (mean, guardrail")


def test_a_report_tells_what_decides_nothing_apart(run: Run) -> None:
    shown = run("report", NAME).stdout
    assert "P(best) and loss are Bayesian, under flat priors; they decide nothing." in shown
    assert "Right at one planned look alone, and misleading here: z test p <0.001." in shown


def test_a_report_without_outcomes_has_no_empty_columns(
    run: Run, experiments: FakeExperiments
) -> None:
    results = make_results()
    for metric in results.metrics:
        metric.ClearField("fixed_horizon")
        for one in metric.variants:
            one.CopyFrom(results_pb2.VariantResults(variant=one.variant))
    answer(experiments, results)
    shown = run("report", NAME).stdout
    head = line_with("variant", shown.split("seconds")[0])
    assert head == "variant weight exposed units conversions"


def test_a_report_of_an_ended_experiment_tells_why_it_ended(
    run: Run, experiments: FakeExperiments
) -> None:
    results = make_results()
    results.winner, results.experiment.state = "model", experiment_pb2.EXPERIMENT_STATE_STOPPED
    results.experiment.conclusion.outcome = experiment_pb2.Conclusion.OUTCOME_WINNER
    results.experiment.conclusion.variant = "model"
    results.experiment.conclusion.explanation = "It is better by 5 points."
    answer(experiments, results)
    shown = run("report", NAME).stdout
    assert "It ended with a winner: model. It is better by 5 points." in shown
    assert "The winner is model, for good" in shown


def test_a_mismatch_says_to_believe_nothing(run: Run, experiments: FakeExperiments) -> None:
    results = make_results()
    results.sample_ratio.p_value, results.sample_ratio.is_mismatched = 0.0001, True
    answer(experiments, results)
    shown = run("report", NAME).stdout
    assert "Sample-ratio mismatch (p <0.001)" in shown
    assert "Believe no figure below" in shown


def test_control_characters_of_titles_do_not_reach_the_terminal(
    run: Run, experiments: FakeExperiments
) -> None:
    results = make_results()
    results.experiment.title = "\x1b[2J[bold]x[/bold]"
    answer(experiments, results)
    shown = run("report", NAME).stdout
    assert "\x1b" not in shown
    assert "[bold]x[/bold]" in shown


def test_a_watch_in_a_file_is_a_line_each_time(run: Run, experiments: FakeExperiments) -> None:
    won = make_results()
    won.winner = "model"
    answer(experiments, make_results(), won)
    first, second = run("watch", NAME).stdout.splitlines()
    assert first == (
        "2026-11-07 08:00:00Z  2,000 units, control 80.00 %, "
        "model 85.00 % (+5.00 pp in [-1.00, 11.00]), confidence 93.00 %"
    )
    assert second.endswith(", winner model")


def test_a_watch_on_a_terminal_draws_over_itself_and_leaves_the_last_results(
    run: Run, experiments: FakeExperiments
) -> None:
    later = make_results()
    later.exposures = 2345
    answer(experiments, make_results(), later)
    shown = run("watch", NAME, FORCE_COLOR="1", TERM="xterm", NO_COLOR="").stdout
    assert "\x1b[1A\x1b[2K" in shown  # one line up, and cleared
    assert "2,345 units so far" in shown.rpartition("\x1b[2K")[2]
    assert shown.endswith("z test p <0.001.\x1b[0m\n")


def test_a_watch_as_json_is_one_object_a_line(run: Run, experiments: FakeExperiments) -> None:
    answer(experiments, make_results(), make_results())
    lines = run("watch", NAME, "--json").stdout.splitlines()
    assert [json.loads(line)["confidence"] for line in lines] == [0.93, 0.93]


def test_a_watch_of_what_was_never_started_is_refused(
    run: Run, experiments: FakeExperiments
) -> None:
    experiments.failure = status(
        code_pb2.FAILED_PRECONDITION, "EXPERIMENT_STATE", "it was never started"
    )
    result = run("watch", NAME)
    assert result.exit_code == 1
    assert "it was never started (EXPERIMENT_STATE)" in result.stderr


@pytest.mark.parametrize(
    ("enrollment", "words"),
    [
        (experiment_service_pb2.ENROLLMENT_HELD_OUT, "no: it is held out"),
        (experiment_service_pb2.ENROLLMENT_NOT_TARGETED, "no: the targeting does not hold"),
    ],
)
def test_a_unit_that_is_in_none_is_told_why(
    run: Run,
    experiments: FakeExperiments,
    enrollment: experiment_service_pb2.Enrollment,
    words: str,
) -> None:
    answered = experiment_service_pb2.AssignVariantResponse(enrollment=enrollment)
    answered.parameters["engine"].text = "embedded"
    experiments.answers["AssignVariant"] = [answered]
    shown = run("assign", "--layer", "triage", "C-17").stdout
    assert words in line_with("enrolled", shown)
    assert line_with("parameters", shown) == "parameters engine=embedded"


def test_a_repeated_outcome_is_told(run: Run, experiments: FakeExperiments) -> None:
    experiments.answers["RecordOutcome"] = [
        experiment_service_pb2.RecordOutcomeResponse(variant="model", is_repeated=True)
    ]
    shown = run("record", NAME, "C-17", "resolved", "yes", "--id", "T-1").stdout
    assert shown == "T-1 had been recorded before, for model\n"


def test_a_sample_size_is_told_with_its_time(run: Run, experiments: FakeExperiments) -> None:
    estimate = experiment_service_pb2.EstimateSampleSizeResponse(
        fixed_horizon_units=906, sequential_units=1650, baseline=0.8, deviation=0.4
    )
    estimate.duration.FromSeconds(9 * 86_400)
    experiments.answers["EstimateSampleSize"] = [estimate]
    shown = run("sample-size", "--baseline", "0.8", "--effect", "0.05").stdout
    assert "1,650 units of each variant" in line_with("looked at all the time", shown)
    assert line_with("takes", shown) == "takes 9 d"
