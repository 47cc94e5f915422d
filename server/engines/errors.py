"""What can go wrong in an engine, each with its facts."""


class EngineError(Exception):
    """Anything that an engine raises on purpose."""


class TrainingFailed(EngineError):
    """A training process that ended without a model."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"training ended without a model: {cause}")
        self.cause = cause


class EngineProcessDied(EngineError):
    """The engine's process died, and again when it was given the same ticket alone."""
