"""What language models cost, and what tenants may spend on them in a day."""
