"""What machine code asks and calls while it runs."""
