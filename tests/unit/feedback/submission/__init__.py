"""What is said, and what it means."""
