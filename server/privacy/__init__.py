"""Personal data and secrets: found, replaced, and put back."""
