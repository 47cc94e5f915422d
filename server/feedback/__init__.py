"""What people say about triage, and what that sets in motion."""
