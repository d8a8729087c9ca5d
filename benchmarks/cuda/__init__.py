"""Gradients on a GPU beside hand-written adjoint kernels and other packages: `python -m benchmarks.cuda`."""
