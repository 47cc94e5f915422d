"""Prometheus metrics of requests for embeddings."""

from prometheus_client import CollectorRegistry, Counter


class EmbeddingMetrics:
    """Counts what is asked of an endpoint, how that ends, and what it takes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "embedding_requests",
            "Requests for embeddings, each of one text or of several, by how they ended.",
            ["model", "outcome"],
            registry=registry,
        )
        self._tokens = Counter(
            "embedding_tokens",
            "Tokens of the texts, as the endpoint tells them; no budget counts them.",
            ["model"],
            registry=registry,
        )

    def asked(self, model: str, outcome: str, tokens: int = 0) -> None:
        """Count one request: "ok", or why it failed."""
        self._requests.labels(model, outcome).inc()
        self._tokens.labels(model).inc(tokens)
