"""Budgets for language models, for operators and tenants."""
