"""What is on record of units: who was assigned to what, what came of it, and the sums of that."""
