"""What feedback teaches: accuracy after so many pieces of it, with and without training.

    SWITCHYARD_DATA=DIR python -m bench.learning      (make learning)

DIR holds banking77.jsonl.gz. A server on an empty folder learns 77 categories from three examples
each. Further questions come as tickets, and of each SubmitFeedback says what is right. At every
mark questions that nobody taught are asked: of a tenant that goes by what resembles a ticket
alone, of one that trains a model at each mark, and, where SWITCHYARD_EMBEDDING_MODEL names one, of
one that trains with an embedding model. Writes build/learning.json and draws docs/learning.png.
Takes ten minutes on two quiet cores.
"""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from switchyard_client.messages.switchyard.feedback.v1 import Model, ModelState

from bench.figures import Figure, report
from bench.learning_curve.course import EXAMPLES, Course, portions, read_course
from bench.learning_curve.marks import Line, Mark
from bench.learning_curve.picture import draw
from bench.learning_curve.pupil import CALLERS, Pupil, Waits, first_key, pupil
from tools.server_process import ServerProcess

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "learning.png"
MARKS = (100, 1000, 5000)


@dataclass(frozen=True, slots=True)
class Way:
    """How a tenant learns."""

    name: str
    trains: bool


PLAIN = (Way("feedback alone", trains=False), Way("training", trains=True))
EMBEDDING = (Way("training, embeddings", trains=True),)


async def learn(way: Way, learner: Pupil, course: Course) -> Line:
    """A tenant's way through the course."""
    await learner.begin(course.categories)
    marks = [Mark(0, await learner.sit(course.exam))]
    for feedback, portion in zip(MARKS, portions(course.stream, MARKS), strict=True):
        await learner.teach(portion)
        model, seconds = await trained(learner) if way.trains else ("", 0.0)
        exam = await learner.sit(course.exam)
        marks.append(Mark(feedback, exam, learner.corrected, model, seconds))
        print(f"{way.name}: {feedback:,} of {MARKS[-1]:,}, {exam.accuracy:.1%} right", flush=True)
    return Line(way.name, marks)


async def trained(learner: Pupil) -> tuple[str, float]:
    """What came of a training, and the seconds that it took."""
    start = time.perf_counter()
    return told(await learner.train()), time.perf_counter() - start


def told(model: Model) -> str:
    """A model in a few words."""
    answers = "active" if model.state is ModelState.ACTIVE else "not activated"
    return f"{model.name}, {answers}"


async def run(address: str, ways: Sequence[Way], course: Course) -> list[tuple[Line, Waits]]:
    """One tenant after the other, so that none waits for another's training."""
    operator, found = await first_key(address), []
    for number, way in enumerate(ways):
        async with pupil(address, operator, f"pupil-{number}") as learner:
            found.append((await learn(way, learner, course), learner.waits))
    return found


def figures_of(line: Line) -> Iterator[Figure]:
    """What the exams found."""
    for mark in line.marks:
        case = f"{line.name}, {mark.feedback:,}"
        asked = f"{len(mark.exam.right):,} questions"
        yield Figure(case, "accuracy", mark.exam.accuracy, "", "", asked)
        yield Figure(case, "calibration error", mark.exam.calibration_error, "")
        if mark.feedback:
            yield Figure(case, "corrected so far", float(mark.corrected), "tickets")
        if mark.model:
            yield Figure(case, "training", mark.training_s, "s", "", mark.model)


def figures_of_waits(waits: Waits) -> Iterator[Figure]:
    """How long callers waited while they taught, each for one answer after the other."""
    case, rate = f"{CALLERS} callers", len(waits.feedback) / waits.teaching_s
    yield Figure(case, "tickets with feedback", rate, "1/s")
    for name, seconds in (("Triage", waits.triage), ("SubmitFeedback", waits.feedback)):
        cuts = quantiles(seconds, n=100)
        yield Figure(case, f"{name} p50", cuts[49] * 1e3, "ms")
        yield Figure(case, f"{name} p95", cuts[94] * 1e3, "ms")


def main() -> None:
    """Measure, report and draw."""
    data, model = (os.environ.get(f"SWITCHYARD_{name}") for name in ("DATA", "EMBEDDING_MODEL"))
    if not data:
        print("skipped: SWITCHYARD_DATA does not name a folder with banking77.jsonl.gz")
        return
    course = read_course(Path(data))
    found = taught(PLAIN, course)
    notes = [f"{len(course.categories)} categories, {EXAMPLES} examples of each to begin with"]
    if model:
        found += taught(EMBEDDING, course, SWITCHYARD_EMBEDDING_MODEL=model)
    else:
        notes.append("SWITCHYARD_EMBEDDING_MODEL names none: no line with embeddings")
    lines = [line for line, _ in found]
    draw(PICTURE, lines)
    figures = [figure for line in lines for figure in figures_of(line)]
    report("learning", [*figures, *figures_of_waits(found[0][1])], notes)


def taught(ways: Sequence[Way], course: Course, **environment: str) -> list[tuple[Line, Waits]]:
    """What came of these ways at a server of their own."""
    with TemporaryDirectory(prefix="switchyard-learning-") as folder:
        server = ServerProcess(Path(folder) / "data", **environment).start()
        try:
            return asyncio.run(run(server.address, ways, course))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
