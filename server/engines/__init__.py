"""What classifies and drafts: implementations of `server.triage.engine`."""
