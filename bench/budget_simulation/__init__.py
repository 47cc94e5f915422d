"""Streams of tickets whose truth is known, past the gate of an error budget."""
