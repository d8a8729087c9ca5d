"""Loops whose iterations the reverse sweep runs again, from states that it keeps."""
