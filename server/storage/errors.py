"""What can go wrong with storage, each with its facts."""


class StorageError(Exception):
    """Anything that storage raises on purpose."""


class StorageUnavailable(StorageError):
    """The database does not answer, or has more waiting than it may."""

    def __init__(self, cause: str, retry_after_s: float = 1.0) -> None:
        super().__init__(f"database unavailable: {cause}")
        self.retry_after_s = retry_after_s


class DataFolderInUse(StorageError):
    """Another server runs on this data folder."""

    def __init__(self, folder: str, owner_pid: str) -> None:
        super().__init__(
            f"another server (process {owner_pid}) runs on the data folder {folder}; "
            "stop it, or choose another folder with --data"
        )


class EmbeddedPostgresFailed(StorageError):
    """The embedded PostgreSQL did not start."""


class MigrationFailed(StorageError):
    """The database's schema is newer than this server, or a migration has changed."""
