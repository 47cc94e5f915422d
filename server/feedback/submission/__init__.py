"""One correction, and everything that it changes, in one transaction."""
