"""The embedded engine's training, as trainings ask for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from server.engines.embedded.trainer import score_in_process, train_in_process
from server.feedback.training.material import Material
from server.feedback.training.trainings import Made, Progress
from server.triage.taxonomy import Category

_SHARE = 0.95  # of a training, before models are compared


@dataclass(frozen=True, slots=True)
class EmbeddedTrainer:
    """Trains models that read vectors, too, where there is an embedding model."""

    embedding_model: Path | None

    async def __call__(
        self,
        categories: Sequence[Category],
        material: Material,
        rival: bytes,
        told: Callable[[Progress], None],
    ) -> Made:
        """A model of the material's labels, asked beside `rival` about those held out.

        Raises TrainingFailed. Cancelling it ends the process.
        """

        def tell(stage: str, done: float, finding: str) -> None:
            told(Progress(stage, _SHARE * done, finding))

        folder = self.embedding_model
        made = await train_in_process(
            categories,
            material.labels,
            held_out=material.held_out,
            embedding_model=folder,
            on_progress=tell,
        )
        answers = []
        if material.held_out:
            told(Progress("comparing", _SHARE))
            answers = await score_in_process(rival, material.held_out, embedding_model=folder)
        return Made(
            model=made.model,
            figures=dict(made.report),
            data_digest=made.data_digest,
            embedding_model=made.embedding_model,
            right=[answer.is_right for answer in made.answers],
            rival_right=[answer.is_right for answer in answers],
        )
