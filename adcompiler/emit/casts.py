"""Where an argument must be converted for Python and Numba to compute in the element type NumPy would use.

NumPy lets a Python scalar take the other operand's type; Numba does not, and in plain Python a scalar that is a NumPy
scalar in the compiled code may be a Python one. So a scalar is converted wherever narrower types are mixed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from adcompiler.ir.infer import loop_dtypes, promote
from adcompiler.ir.ops import OPS
from adcompiler.ir.special import SPECIAL
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const

Dialect = Literal["python", "numba"]

NARROW = frozenset({"float32", "complex64", "int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64"})
OPERATORS = frozenset(
    "add sub mul div floordiv mod pow neg pos abs lt le gt ge eq ne bitand bitor bitxor invert lshift rshift".split()
)
_COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
# Numba gives these a result type of its own where the types differ
_EXACT = frozenset({"lshift", "rshift"})


def loop(op: str, types: Sequence[Type], params: Mapping[str, object]) -> tuple[str, ...]:
    """The element type in which each argument of an elementwise operation is used.

    >>> loop("mul", (Type("float32", 1), Type("float64", weak=True)), {})
    ('float32', 'float32')
    """
    ufunc = OPS[op].ufunc
    if ufunc is not None:
        return loop_dtypes(ufunc, types)[:-1]
    if op == "where":
        dtype = promote(types[1:])
        return (types[0].dtype, dtype, dtype)
    if op in SPECIAL:
        return ("float64",) * len(types)
    if op == "cut":
        return loop_dtypes(np.multiply, types)[:-1]
    if op in ("real", "imag", "complex", "split"):
        return tuple(t.dtype for t in types)
    return (types[0].dtype,) if op == "cast" else loop_dtypes(np.sin, types)[:-1]


def conversions(
    op: str, args: Sequence[Atom], types: Sequence[Type], params: Mapping[str, object], dialect: Dialect
) -> tuple[str | None, ...]:
    """For each argument of an elementwise operation the element type to convert it to, or None."""
    if op in _COMPARISONS and not any(t.is_float or t.is_complex for t in types):
        # integers of any types are compared as the numbers they are
        return (None,) * len(args)
    used = loop(op, types, params)
    mixed = any(t.dtype in NARROW for t in types) and len({t.dtype for t in types}) > 1
    rank = max(t.rank for t in types)
    return tuple(
        dtype if _converts(op, a, t, dtype, mixed, rank, dialect) else None
        for a, t, dtype in zip(args, types, used, strict=True)
    )


def _converts(op: str, arg: Atom, type: Type, dtype: str, mixed: bool, rank: int, dialect: Dialect) -> bool:
    if type.rank:
        return False
    if op == "where" and not rank:
        return type.dtype != dtype
    if dialect == "python":
        return _converts_in_python(op, arg, type, dtype, mixed)
    if type.dtype == dtype:
        return False
    if op == "pow":
        return dtype in NARROW or type.dtype == "float32"
    if type.dtype == "uint64" and dtype == "float64":
        # with integers that have a sign NumPy computes in floats, and Numba not always
        return True
    return dtype in NARROW or op in _EXACT or (op not in OPERATORS and dtype == "float64")


def _converts_in_python(op: str, arg: Atom, type: Type, dtype: str, mixed: bool) -> bool:
    if op in ("maximum", "minimum") and type.dtype != dtype:
        # the builtins return one of their arguments as it is
        return not (isinstance(arg, Const) and type.weak)
    # a literal of Python's own type adapts by itself, and so does a truth value
    if type.dtype == "bool" or (isinstance(arg, Const) and type.weak):
        return False
    # a scalar of a narrow type is a NumPy scalar in both dialects
    return type.dtype != dtype if dtype in NARROW else mixed and type.dtype not in NARROW
