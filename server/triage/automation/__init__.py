"""Automation with an error budget: answers are acted on as far as the evidence allows."""
