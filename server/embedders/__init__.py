"""Texts as vectors in which near means alike: by a model on disk, or by an endpoint."""
