"""From generated text to compiled functions: Numba on the CPU and on a GPU, and what compiled code asks for."""
