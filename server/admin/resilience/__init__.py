"""Circuit breakers and performance, for operators."""
