"""The operations of a Wengert line: what kind each is and which NumPy function it means.

Derivatives are in `rules`; the printed form is in `emit`; the result type is in `infer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from adcompiler.ir.special import SPECIAL

Kind = Literal["elementwise", "alloc", "view", "copy", "reduce", "contract", "opaque", "shape"]


@dataclass(frozen=True, slots=True)
class Op:
    """One operation.

    Parameters
    ----------
    name : str
        As written in `Assign.op`.
    kind : str
        "elementwise" (scalars, and arrays with broadcasting), "alloc" (a new array from extents), "copy",
        "view" (shares memory with its first argument), "reduce", "contract" (dot), "opaque" (a call of a
        library on whole arrays, see `ir.opaque`), "shape" (an extent).
    ufunc : numpy.ufunc or None
        Gives the result type of an elementwise operation.
    """

    name: str
    kind: Kind
    ufunc: np.ufunc | None = None


_UFUNCS: dict[str, np.ufunc] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "neg": np.negative,
    "conj": np.conjugate,
    "pos": np.positive,
    "abs": np.absolute,
    "sign": np.sign,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "arcsin": np.arcsin,
    "arccos": np.arccos,
    "arctan": np.arctan,
    "arctan2": np.arctan2,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "arcsinh": np.arcsinh,
    "arccosh": np.arccosh,
    "arctanh": np.arctanh,
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "cbrt": np.cbrt,
    "hypot": np.hypot,
    "logaddexp": np.logaddexp,
    "copysign": np.copysign,
    "fmod": np.fmod,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "rint": np.rint,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "logical_not": np.logical_not,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
    "bitand": np.bitwise_and,
    "bitor": np.bitwise_or,
    "bitxor": np.bitwise_xor,
    "invert": np.invert,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
}

# argsort(x) of a vector; cholesky(a), inv(a), det(a), cofactor(a) of a matrix, the second and the third also with the
# factors of the matrix beside it; lu(a): factors that only these, slogdet(f) and lu_solve(f, b; back) read, where b is
# a vector or a matrix and `back` means the transposed matrix; solve_triangular(a, b; lower); pinv(a, rcond). What gives
# several arrays gives them in one: slogdet(f) as (sign, logarithm), eigh(a; lower, robust) as the values above the
# vectors, by NumPy's driver of LAPACK or by the robust one, which is SciPy's, qr(a) of a tall matrix as Q above R,
# svd(a) as U, the values and the transpose of Vh below each other. fft(x; inverse) of the rows of a complex matrix,
# with no factor either way. union(a, b, sets): the number of a set of columns, see `emit.functions.sets`
_OPAQUE = (
    *("argsort", "cholesky", "cofactor", "det", "eigh", "fft", "inv", "lu", "lu_solve", "pinv", "qr"),
    *("slogdet", "solve_triangular", "svd", "union"),
)

OPS: dict[str, Op] = {
    **{name: Op(name, "elementwise", ufunc) for name, ufunc in _UFUNCS.items()},
    # math.erf and its family: floats in, floats out
    **{name: Op(name, "elementwise") for name in ("erf", "erfc", "gamma", "lgamma")},
    # scipy.special's, of numbers in double precision
    **{name: Op(name, "elementwise") for name in SPECIAL},
    # where(c, a, b); cast(x; dtype); cut(g, p): 0 where g is 0, else g * p, whatever p is
    **{name: Op(name, "elementwise") for name in ("where", "cast", "cut")},
    # short(bytes): whether fewer bytes of memory are free
    "short": Op("short", "elementwise"),
    # split(steps, slots): the step of a chain before which a state is kept
    "split": Op("split", "elementwise"),
    # real(z), imag(z): parts, copied from an array; complex(x, y): the number with these parts
    **{name: Op(name, "elementwise") for name in ("real", "imag", "complex")},
    # empty(*extents; dtype), zeros(*extents; dtype), full(value, *extents; dtype), arange(start, step, extent; dtype)
    **{name: Op(name, "alloc") for name in ("empty", "zeros", "full", "arange")},
    # copy(x): C layout; stop(x): the same with no derivative; custom(x, *rest; rule): the same with a declared one
    **{name: Op(name, "copy") for name in ("copy", "stop", "custom")},
    # transpose(x; axes), reshape(x, *extents) of a C-contiguous array
    **{name: Op(name, "view") for name in ("transpose", "reshape")},
    # sum(x; axes, keepdims): axes is a sorted tuple of non-negative ints
    **{name: Op(name, "reduce") for name in ("sum", "prod", "max", "min", "any", "all", "argmax", "argmin")},
    # dot(a, b) of ranks (1, 1), (2, 1), (1, 2), (2, 2)
    "dot": Op("dot", "contract"),
    **{name: Op(name, "opaque") for name in _OPAQUE},
    # dim(x; axis): an extent, an int
    "dim": Op("dim", "shape"),
}


_ON_COMPLEX = frozenset(
    [
        *("add", "sub", "mul", "div", "pow", "neg", "pos", "conj", "real", "imag", "where", "cast", "cut"),
        *("exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
        *("arcsin", "arccos", "arctan", "arctanh", "eq", "ne", "isnan", "isinf", "isfinite", "sum", "prod", "fft"),
        *("inv", "det", "cofactor", "lu", "lu_solve", "slogdet", "solve_triangular", "cholesky", "eigh"),
    ]
)

#: The parameter of an array's line that says that each iteration of the loop around its accesses may have its own.
OWN = "own"
#: The parameter of a product that one call computes and stores, with the store that follows.
STORED = ("stored", True)


def takes_complex(op: str) -> bool:
    """Whether an operation has a meaning for complex numbers."""
    return op in _ON_COMPLEX or (kind(op) in ("alloc", "view", "copy", "contract", "shape") and op != "arange")


def kind(op: str) -> Kind:
    """The kind of an operation by name."""
    return OPS[op].kind
