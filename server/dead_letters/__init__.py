"""What failed for good: kept, counted, replayed, purged."""
