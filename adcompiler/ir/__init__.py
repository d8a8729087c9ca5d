"""The Wengert list: its statements, operations and types, and how it is built, read, checked and shown."""
