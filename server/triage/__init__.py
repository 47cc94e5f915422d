"""Triage: one ticket in, one decision with its record out."""
