"""What can go wrong in an embedder, each with its facts. An endpoint also raises ProviderError."""


class EmbedderError(Exception):
    """Anything that an embedder raises on purpose."""


class ModelFolderUnusable(EmbedderError):
    """A folder that holds no embedding model, or software that cannot run one."""


class TextUnreadable(EmbedderError):
    """A text that the model's tokenizer refuses. Its words are kept out of the error."""


class EmbedderBusy(EmbedderError):
    """More texts wait than may."""
