"""Divisions by a number that a loop does not change are multiplications by its reciprocal.

A vector of quotients takes several times as long as one of products, and a loop over a stencil is little else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from adcompiler.analysis.deciding import deciding
from adcompiler.ir.build import Builder, make_func, scalar
from adcompiler.ir.walk import all_defs, map_blocks, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Const, Func, Loop, Stmt, Var, While

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
    found = [s for loop in _innermost(fn.body) for s in loop.body if isinstance(s, Assign) and s.op == "div"]
    if not found:
        return fn
    exact = deciding(fn)
    taken = {s.target for s in found if s.target not in exact and _fits(fn, s)}
    b = Builder.of(fn)
    body = _Reciprocals(b, taken).block(fn.body)
    return fn if body == fn.body else make_func(fn.name, fn.params, body, fn.results, b.types, b.shapes, fn.doc)


def _fits(fn: Func, stmt: Assign) -> bool:
    """Whether a quotient is of two numbers of one real type, of which the divisor is worth a reciprocal."""
    type, (x, by) = fn.type(stmt.target), stmt.args
    if type.rank or type.dtype not in _ORDINARY or fn.type(x).dtype != type.dtype:
        return False
    if isinstance(by, Const):
        low, high = _ORDINARY[type.dtype]
        return isinstance(by.value, (int, float, np.floating)) and low < abs(float(by.value)) < high
    return fn.type(by).dtype == type.dtype


def _innermost(block: Block) -> Iterator[Loop]:
    """The loops that have no region in them."""
    for stmt in walk(block):
        if isinstance(stmt, Loop) and _is_innermost(stmt):
            yield stmt


def _is_innermost(loop: Loop) -> bool:
    return not any(isinstance(s, (Loop, While, Branch)) for s in loop.body)


@dataclass(slots=True)
class _Reciprocals:
    """Writes the reciprocal of a divisor, and whether it is an odd one, before the outermost loop that leaves it."""

    b: Builder
    taken: set[Var]
    known: dict[Atom, tuple[Atom, Atom | None]] = field(default_factory=dict)

    def block(self, block: Block) -> Block:
        """A block with the innermost loops rewritten."""
        built = list[Stmt]()
        for stmt in block:
            own = all_defs([stmt])
            for loop in _innermost((stmt,)):
                for line in self.divisions(loop):
                    by, type = line.args[1], self.b.type(line.target)
                    if by not in own and by not in self.known:
                        with self.b.block() as lines, self.b.at(line.span):
                            self.known[by] = self.prepared(by, type.dtype)
                        built += lines
            if isinstance(stmt, Loop) and _is_innermost(stmt):
                built += self.loop(stmt, self.divisions(stmt))
            else:
                built.append(map_blocks(stmt, self.block))
        return tuple(built)

    def divisions(self, loop: Loop) -> list[Assign]:
        """The divisions of an innermost loop by what it does not change, of what it does."""
        own = {loop.index, *(c.var for c in loop.carried), *all_defs(loop.body)}
        lines = [s for s in loop.body if isinstance(s, Assign) and s.op == "div" and s.target in self.taken]
        return [s for s in lines if s.args[0] in own and s.args[1] not in own]

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

    def loop(self, loop: Loop, lines: list[Assign]) -> Block:
        """A loop with one test for all of its divisors."""
        odd: Atom | None = None
        with self.b.block() as built:
            for test in dict.fromkeys(self.known[s.args[1]][1] for s in lines):
                odd = test if odd is None or test is None else self.b.emit("logical_or", odd, test, hint="odd")
            built.append(replace(loop, body=tuple(self.body(loop, lines, odd))))
        return tuple(built)

    def body(self, loop: Loop, lines: list[Assign], odd: Atom | None) -> list[Stmt]:
        """The lines of a loop with products for quotients."""
        with self.b.block() as body:
            for stmt in loop.body:
                if stmt not in lines:
                    self.b.add(stmt)
                    continue
                assert isinstance(stmt, Assign)
                x, by = stmt.args
                reciprocal, test = self.known[by]
                with self.b.at(stmt.span):
                    if test is None or odd is None:
                        self.b.add(replace(stmt, op="mul", args=(x, reciprocal)))
                        continue
                    quotient, product = self.b.like(stmt.target), self.b.like(stmt.target)
                    self.b.add(replace(stmt, target=quotient))
                    self.b.add(replace(stmt, target=product, op="mul", args=(x, reciprocal)))
                    self.b.add(replace(stmt, op="where", args=(odd, quotient, product)))
        return body


__all__ = ["multiply_by_reciprocals"]
