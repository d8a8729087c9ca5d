"""Adjoints of kernels written for `numba.cuda`."""

from adcompiler.cuda.kernels import Kernel as Kernel
from adcompiler.cuda.kernels import kernel as kernel
from adcompiler.cuda.launch import Workspace as Workspace
