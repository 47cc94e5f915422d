"""What people say, and what it sets in motion."""
