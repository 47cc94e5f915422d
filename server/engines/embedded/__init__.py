"""The engine that needs no network, no key and no download."""
