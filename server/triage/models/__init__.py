"""Trained models as versions."""
