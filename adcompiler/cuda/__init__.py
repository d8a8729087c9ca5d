"""Adjoints of kernels written for `numba.cuda`, and the stream that work of a GPU is put into."""

from adcompiler.backend.gpu.streams import on_stream as on_stream
from adcompiler.cuda.kernels import Kernel as Kernel
from adcompiler.cuda.kernels import kernel as kernel
from adcompiler.cuda.launch import Workspace as Workspace
