"""What the measurement of a learning curve is made of."""
