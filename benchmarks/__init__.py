"""Benchmarks: programs of loops and in-place code beside hand-written adjoints, and of arrays beside JAX.

All contenders use one thread, which the library of matrices is told before NumPy loads it.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
