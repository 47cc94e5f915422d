"""What a person should look at next, and who has it in hand."""
