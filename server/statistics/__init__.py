"""What stays valid however often one looks, what is decided by it, and classical figures beside it.

Pure functions.
"""
