"""What the server has done, counted."""

from dataclasses import dataclass, field

MOST_MODELS = 100  # names that are counted apart


@dataclass(slots=True)
class Counts:
    """Requests by how they ended, and how many there were at once."""

    requests: int = 0
    answered: int = 0  # with 200, and to the end
    in_flight: int = 0
    peak_in_flight: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    by_fault: dict[str, int] = field(default_factory=dict)
    by_model: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Count a request that has come."""
        self.requests += 1
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)

    def answer(self, model: str, input_tokens: int, output_tokens: int) -> None:
        """Count an answer that went out whole."""
        self.answered += 1
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        is_apart = model in self.by_model or len(self.by_model) < MOST_MODELS
        name = model if is_apart else "other"
        self.by_model[name] = self.by_model.get(name, 0) + 1

    def fail(self, fault: str) -> None:
        """Count a fault."""
        self.by_fault[fault] = self.by_fault.get(fault, 0) + 1
