"""What the test files share: the registry of programs, trees of arguments, finite differences."""
