"""What can go wrong in an embedder, beside what its model or its endpoint raises."""


class EmbedderError(Exception):
    """Anything that an embedder raises on purpose."""


class EmbedderBusy(EmbedderError):
    """More texts wait than may."""
