"""What answers is watched: who is overturned too often is flagged, and taken back where so set."""
