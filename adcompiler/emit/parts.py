"""Complex numbers and their parts as Python expressions."""

from __future__ import annotations

import ast

import numpy as np

from adcompiler.emit.casts import Dialect
from adcompiler.emit.syntax import LOAD, call, dtype_name, literal, method, number
from adcompiler.ir.types import Type


def expression(op: str, args: list[ast.expr], result: Type, dialect: Dialect) -> ast.expr:
    """`z.real`, `z.imag`, the conjugate, and a number from its parts."""
    if op in ("real", "imag"):
        part = ast.Attribute(args[0], op, LOAD)
        return method(part, "copy") if result.rank else part
    if op == "conj":
        return call("np.conj", *args) if result.rank else method(args[0], "conjugate")
    if result.rank:
        unit = literal(np.complex64(1j) if result.dtype == "complex64" else 1j)
        return ast.BinOp(args[0], ast.Add(), ast.BinOp(unit, ast.Mult(), args[1]))
    made = call("complex", *args)
    plain = result.weak or (dialect == "numba" and result.dtype == "complex128")
    return made if plain else call(dtype_name(result.dtype), made)


def zero(dtype: str) -> ast.expr:
    """A zero that a choice between it and a number of this type does not widen."""
    if dtype.startswith("complex"):
        return literal(np.complex64(0) if dtype == "complex64" else 0j)
    return literal(np.float32(0)) if dtype == "float32" else number(0.0)


__all__ = ["expression", "zero"]
