"""A language model to rehearse with: an OpenAI-compatible server with faults on demand."""
