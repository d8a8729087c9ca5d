"""The type of a line's result from the types of its arguments: NumPy's promotion with weak Python scalars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from adcompiler.ir.opaque import opaque_type
from adcompiler.ir.ops import OPS
from adcompiler.ir.special import SPECIAL
from adcompiler.ir.types import BOOL, INDEX, Type

_PYTHON: dict[str, type] = {"bool": bool, "int64": int, "float64": float, "complex128": complex}


def loop_dtypes(ufunc: np.ufunc, args: Sequence[Type]) -> tuple[str, ...]:
    """The element types with which NumPy runs `ufunc`: one for each argument, then the result's.

    >>> loop_dtypes(np.multiply, (Type("float32", 1), Type("float64", weak=True)))
    ('float32', 'float32', 'float32')
    """
    return _loop_dtypes(ufunc, tuple((t.dtype, t.weak) for t in args))


@lru_cache(maxsize=4096)
def _loop_dtypes(ufunc: np.ufunc, args: tuple[tuple[str, bool], ...]) -> tuple[str, ...]:
    # a bool is not weak in NumPy; Python scalars alone promote as float64, int64 and bool do
    strong = all(weak for _, weak in args)
    given = [np.dtype(d) if strong or not weak or d == "bool" else _PYTHON[d] for d, weak in args]
    return tuple(d.name for d in ufunc.resolve_dtypes((*given, None)))


def promote(types: Sequence[Type]) -> str:
    """The common element type of several values (as `where`, `concatenate` and joins need)."""
    return loop_dtypes(np.add, types)[-1] if {t.dtype for t in types} != {"bool"} else "bool"


def infer(op: str, args: Sequence[Type], params: Mapping[str, object]) -> Type:
    """The result type of `op`; raises TypeError where NumPy has no loop for the arguments."""
    kind = OPS[op].kind
    if kind == "elementwise":
        return _elementwise(op, args, params)
    if kind == "alloc":
        extents = args[2:] if op == "arange" else args[1:] if op == "full" else args
        return Type(str(params["dtype"]), len(extents)) if op != "arange" else Type(str(params["dtype"]), 1)
    if kind == "copy":
        return args[0].array(args[0].rank)
    if kind == "view":
        return args[0].array(len(args) - 1) if op == "reshape" else _transposed(args[0], params)
    if kind == "reduce":
        return _reduced(op, args[0], params)
    if kind == "contract":
        dtype = promote([a.element for a in args])
        return Type(dtype, {(1, 1): 0, (2, 1): 1, (1, 2): 1, (2, 2): 2}[args[0].rank, args[1].rank])
    if kind == "opaque":
        return opaque_type(op, args, np.result_type(*(a.numpy for a in args if a.rank)).name)
    return INDEX


def _elementwise(op: str, args: Sequence[Type], params: Mapping[str, object]) -> Type:
    rank = max(a.rank for a in args)
    ufunc = OPS[op].ufunc
    if ufunc is not None:
        dtype, weak = loop_dtypes(ufunc, args)[-1], all(a.weak for a in args)
    elif op == "cast":
        dtype, weak = str(params["dtype"]), bool(params.get("weak", False))
    elif op == "short":
        dtype, weak = "bool", True
    elif op == "split":
        dtype, weak = "int64", True
    elif op in ("real", "imag"):
        dtype, weak = args[0].part, args[0].weak
    elif op == "complex":
        dtype, weak = np.result_type(loop_dtypes(np.add, args)[-1], np.complex64).name, all(a.weak for a in args)
    elif op == "where":
        dtype, weak = promote(args[1:]), all(a.weak for a in args[1:])
    elif op in SPECIAL:
        dtype, weak = "float64", all(a.weak for a in args)
    elif op == "cut":
        dtype, weak = loop_dtypes(np.multiply, args)[-1], all(a.weak for a in args)
    else:
        dtype, weak = loop_dtypes(np.sin, args)[-1], all(a.weak for a in args)
    return Type(dtype, rank, weak and rank == 0)


def _transposed(x: Type, params: Mapping[str, object]) -> Type:
    axes = params["axes"]
    assert isinstance(axes, tuple)
    layout = {"C": "F", "F": "C", "A": "A"}[x.layout] if axes == tuple(reversed(range(x.rank))) else "A"
    return x.array(x.rank, "C" if x.rank == 1 else layout)


def _reduced(op: str, x: Type, params: Mapping[str, object]) -> Type:
    axes = params["axes"]
    assert isinstance(axes, tuple)
    rank = x.rank if params.get("keepdims") else x.rank - len(axes)
    if op in ("any", "all"):
        return Type("bool", rank)
    if op in ("argmax", "argmin"):
        return Type("int64", rank)
    if op in ("sum", "prod"):
        dtype = params.get("dtype") or {"bool": "int64", "int8": "int64", "int16": "int64", "int32": "int64"}.get(
            x.dtype, "uint64" if x.dtype.startswith("uint") else x.dtype
        )
        return Type(str(dtype), rank)
    return Type(x.dtype, rank)


__all__ = ["BOOL", "INDEX", "infer", "loop_dtypes", "promote"]
