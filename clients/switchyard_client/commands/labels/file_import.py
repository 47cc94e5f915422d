"""What becomes of the rows of one file while they are imported."""

from dataclasses import dataclass, field

from switchyard_client.commands.labels.failed_rows import FailedRows
from switchyard_client.messages.switchyard.feedback.v1 import ImportLabelsResponse
from switchyard_client.records import Record


@dataclass(slots=True)
class FileImport:
    """Counts the rows, and knows those that the server has not told of yet."""

    path: str
    failed: FailedRows
    told: ImportLabelsResponse = field(default_factory=ImportLabelsResponse)
    sent: int = 0
    unreadable: int = 0
    waiting: int = 0  # not sent, because their category is still to be added
    on_the_way: dict[int, tuple[int, Record]] = field(default_factory=dict)  # the server bounds it
    skipped: int = 0  # none ever is: repeats are the server's to tell

    @property
    def done(self) -> int:
        """Rows that the server has told of, or never gets."""
        return self.told.read + self.unreadable + self.waiting

    @property
    def errors(self) -> int:
        """Rows that failed."""
        return self.told.failed + self.unreadable

    def refuse(self, number: int, record: Record, problem: str) -> None:
        """Count a row that makes no label."""
        self.unreadable += 1
        self.failed.add(self.path, number, record, problem)

    def send(self, number: int, record: Record) -> None:
        """Count a row that is sent."""
        self.on_the_way[self.sent] = (number, record)
        self.sent += 1

    def hear(self, answer: ImportLabelsResponse) -> None:
        """Take in what the server tells, and forget the rows that are settled."""
        for error in answer.errors:
            number, record = self.on_the_way.get(error.index, (error.index + 1, {}))
            self.failed.add(self.path, number, record, f"{error.field}: {error.description}")
        for index in range(self.told.read, answer.read):
            self.on_the_way.pop(index, None)
        self.told = answer

    def describe(self) -> str:
        """In one line, such as "9,800 added, 12 failed"."""
        counts = {
            "added": self.told.added,
            "replaced": self.told.replaced,
            "there before": self.told.unchanged,
            "failed": self.errors,
            "of categories to be added": self.waiting,
        }
        told = [f"{count:,} {name}" for name, count in counts.items() if count or name == "added"]
        return ", ".join(told)
