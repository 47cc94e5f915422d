"""The audit log: every change of access, configuration and data, kept as it was made."""
