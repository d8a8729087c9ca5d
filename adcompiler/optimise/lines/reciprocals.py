"""Divisions by a number that a loop does not change are multiplications by its reciprocal.

A vector of quotients takes several times as long as one of products, and a loop over a stencil is little else.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adcompiler.analysis.deciding import deciding
from adcompiler.ir.build import Builder, scalar, with_body
from adcompiler.ir.wengert import Assign, Atom, Const, Func
from adcompiler.optimise.lines.versioning import Upfront, lines_of

# within these the reciprocal is an ordinary number, so that a product with it overflows where the quotient does
_ORDINARY = {"float64": (1e-300, 1e300), "float32": (1e-36, 1e36)}


def multiply_by_reciprocals(fn: Func) -> Func:
    """Multiply by reciprocals in innermost loops, where the loop is entered with a divisor of ordinary size.

    Before:  for i in range(n): y[i] = x[i] / h
    After:   r = 1 / h; odd = abs(h) <= 1e-300 or abs(h) >= 1e300
             for i in range(n): y[i] = x[i] / h if odd else x[i] * r

    LLVM makes two loops of this one, and each iteration of a loop has one of the two. The product is rounded twice:
    only quotients are taken of which the last bit decides nothing.
    """
    found = lines_of(fn, "div")
    if not found:
        return fn
    exact = deciding(fn)
    taken = {s.target for s in found if s.target not in exact and _fits(fn, s)}
    b = Builder.of(fn)
    body = _Reciprocals(b, taken).block(fn.body)
    return with_body(fn, body, b)


def _fits(fn: Func, stmt: Assign) -> bool:
    """Whether a quotient is of two numbers of one real type, of which the divisor is worth a reciprocal."""
    type, (x, by) = fn.type(stmt.target), stmt.args
    if type.rank or type.dtype not in _ORDINARY or fn.type(x).dtype != type.dtype:
        return False
    if isinstance(by, Const):
        low, high = _ORDINARY[type.dtype]
        return isinstance(by.value, (int, float, np.floating)) and low < abs(float(by.value)) < high
    return fn.type(by).dtype == type.dtype


class _Reciprocals(Upfront):
    """Takes the reciprocal of a divisor, unless it is a very small or a very large one."""

    def prepared(self, by: Atom, dtype: str) -> tuple[Atom, Atom | None]:
        """A reciprocal, and whether it must not be used; None where that is known."""
        one = scalar(1.0, dtype)
        if isinstance(by, Const):
            number = np.dtype(dtype).type
            return scalar(float(number(1) / number(by.value)), dtype), None
        low, high = (scalar(bound, dtype) for bound in _ORDINARY[dtype])
        size = self.b.emit("abs", by, hint="size")
        small, large = (self.b.emit(op, size, bound) for op, bound in (("le", low), ("ge", high)))
        odd = self.b.emit("logical_or", small, large, hint="odd")
        return self.b.emit("div", one, by, hint="reciprocal"), odd

    def line(self, stmt: Assign, number: Atom, odd: Atom | None) -> None:
        """Append a product for a quotient."""
        product = replace(stmt, op="mul", args=(stmt.args[0], number))
        if odd is None:
            self.b.add(product)
            return
        exact, quick = self.b.like(stmt.target), self.b.like(stmt.target)
        self.b.add(replace(stmt, target=exact))
        self.b.add(replace(product, target=quick))
        self.b.add(replace(stmt, op="where", args=(odd, exact, quick)))


__all__ = ["multiply_by_reciprocals"]
