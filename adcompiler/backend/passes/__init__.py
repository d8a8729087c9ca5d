"""Numba's compiler for generated code: its passes, from bytecode to typed lines."""
