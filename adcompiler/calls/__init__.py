"""What happens at a call: its signature, compilation or a kept compilation, and results in the user's form."""
