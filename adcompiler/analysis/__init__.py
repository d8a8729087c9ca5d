"""What can be proven of a Wengert list: activity, aliases, dependence, and integer constraints behind these."""
