"""From the typed lines of Numba to those of LLVM, in fewer of them than Numba writes."""
