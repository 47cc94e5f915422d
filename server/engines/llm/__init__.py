"""Language models behind any OpenAI-compatible endpoint, several in order of preference."""
