"""Labels in and out: imported from elsewhere, and exported without personal data."""
