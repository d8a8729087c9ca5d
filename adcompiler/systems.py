"""Linear systems, and orders, in the language itself: for threads, which have neither LAPACK nor NumPy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

import numpy as np

from adcompiler.errors import Span
from adcompiler.frontend.lower import lower
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.inlining import inlined
from adcompiler.ir.types import Type
from adcompiler.ir.walk import map_blocks, map_statements, rename
from adcompiler.ir.wengert import Assign, Atom, Block, Func, Loop, Note, Var, While
from adcompiler.optimise.machine.bounds import drop_bounds
from adcompiler.signature import ArraySpec
from adcompiler.source import source_of

Array = Any


def factors(a: Array) -> Array:
    """Triangular factors of a matrix with exchanged rows, above a row that says which were exchanged."""
    n = a.shape[0]
    f = np.empty((n + 1, n), a.dtype)
    for i in range(n):
        f[n, i] = i
        for j in range(n):
            f[i, j] = a[i, j]
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(f[i, k]) > abs(f[p, k]):
                p = i
        f[n, k] = p
        if p != k:
            for j in range(n):
                above = f[k, j]
                f[k, j] = f[p, j]
                f[p, j] = above
        if f[k, k] != 0:
            for i in range(k + 1, n):
                f[i, k] /= f[k, k]
                for j in range(k + 1, n):
                    f[i, j] -= f[i, k] * f[k, j]
    return f


def begun(f: Array, b: Array) -> Array:
    """What becomes of `b` where it is solved for; raises for factors of a singular matrix."""
    n = f.shape[1]
    x = np.empty((n, b.shape[1]), f.dtype)
    for k in range(n):
        if f[k, k] == 0:
            raise np.linalg.LinAlgError("Singular matrix")
    for c in range(b.shape[1]):
        for i in range(n):
            x[i, c] = b[i, c]
    return x


def solution(f: Array, b: Array) -> Array:
    """The columns that the matrix of these factors takes to those of `b`."""
    n, x = f.shape[1], begun(f, b)
    for c in range(b.shape[1]):
        for k in range(n):
            p = int(f[n, k])
            above = x[k, c]
            x[k, c] = x[p, c]
            x[p, c] = above
        for i in range(n):
            for j in range(i):
                x[i, c] -= f[i, j] * x[j, c]
        for i in range(n - 1, -1, -1):
            for j in range(i + 1, n):
                x[i, c] -= f[i, j] * x[j, c]
            x[i, c] /= f[i, i]
    return x


def solution_back(f: Array, b: Array) -> Array:
    """The columns that the transposed matrix of these factors takes to those of `b`."""
    n, x = f.shape[1], begun(f, b)
    for c in range(b.shape[1]):
        for i in range(n):
            for j in range(i):
                x[i, c] -= f[j, i] * x[j, c]
            x[i, c] /= f[i, i]
        for i in range(n - 1, -1, -1):
            for j in range(i + 1, n):
                x[i, c] -= f[j, i] * x[j, c]
        for k in range(n - 1, -1, -1):
            p = int(f[n, k])
            above = x[k, c]
            x[k, c] = x[p, c]
            x[p, c] = above
    return x


def of_vector(f: Array, b: Array) -> Array:
    """The vector that the matrix of these factors takes to `b`."""
    return solution(f, b[:, None])[:, 0].copy()


def of_vector_back(f: Array, b: Array) -> Array:
    """The vector that the transposed matrix of these factors takes to `b`."""
    return solution_back(f, b[:, None])[:, 0].copy()


def inverse(a: Array) -> Array:
    """The inverse of a matrix."""
    return solution(factors(a), np.eye(a.shape[0], dtype=a.dtype))


def sign_and_logarithm(f: Array) -> Array:
    """The sign of the determinant, from factors of the matrix, and the logarithm of its size."""
    found = np.zeros(2, f.dtype)
    found[0] = 1
    for k in range(f.shape[1]):
        if f[k, k] == 0:
            found[0] = 0
        if f[k, k] < 0:
            found[0] = -found[0]
        if f[f.shape[1], k] != k:
            found[0] = -found[0]
        found[1] += np.log(abs(f[k, k]))
    return found


def order(x: Array) -> Array:
    """The places of the elements of a vector in their order, equal ones as they stand and NaN last, by merging runs."""
    n = x.shape[0]
    found, merged = np.arange(n), np.empty(n, np.int64)
    width = 1
    while width < n:
        for first in range(0, n, 2 * width):
            middle, end = min(first + width, n), min(first + 2 * width, n)
            a, b = first, middle
            for k in range(first, end):
                left = b >= end
                if a < middle and not left:
                    one, other = x[found[a]], x[found[b]]
                    left = one <= other or other != other
                if left:
                    merged[k] = found[a]
                    a += 1
                else:
                    merged[k] = found[b]
                    b += 1
        for k in range(n):
            found[k] = merged[k]
        width *= 2
    return found


def spell_systems(fn: Func) -> Func:
    """Say in loops what LAPACK and NumPy do in the iterations of others, which threads run."""
    spelling = _Spelling(fn, Builder.of(fn))
    body = spelling.block(fn.body, False)
    return with_body(fn, rename(body, spelling.names), spelling.b) if spelling.names else fn


@dataclass(slots=True)
class _Spelling:
    """Walks over blocks, and keeps the names of what the lines of systems give."""

    fn: Func
    b: Builder
    names: dict[Var, Atom] = field(default_factory=dict)

    def block(self, block: Block, inside: bool) -> Block:
        """A block, perhaps inside of a loop."""
        with self.b.block() as lines:
            for stmt in block:
                found = _spelled(self.fn, stmt) if inside and isinstance(stmt, Assign) else None
                if found is None:
                    visit = partial(self.block, inside=inside or isinstance(stmt, (Loop, While)))
                    self.b.add(map_blocks(stmt, visit))
                else:
                    assert isinstance(stmt, Assign)
                    placed = replace(found, body=_placed(found.body, stmt.span))
                    (self.names[stmt.target],) = inlined(self.b, placed, stmt.args)
        return tuple(lines)


def _placed(block: Block, span: Span | None) -> Block:
    """Lines that are of one of the user's."""
    return map_statements(block, lambda stmt: stmt if isinstance(stmt, Note) else replace(stmt, span=span))


def _spelled(fn: Func, stmt: Assign) -> Func | None:
    """The lines that an operation stands for."""
    back, rank = bool(dict(stmt.params).get("back")), fn.types[stmt.target.name].rank
    ways: dict[str, Any] = {
        "lu": factors,
        "lu_solve": ((solution, solution_back) if rank == 2 else (of_vector, of_vector_back))[back],
        "inv": inverse,
        "slogdet": sign_and_logarithm,
        "argsort": order,
    }
    if stmt.op not in ways or any(fn.type(a).is_complex for a in stmt.args):
        return None
    return _lowered(ways[stmt.op], tuple(fn.type(a) for a in stmt.args))


@cache
def _lowered(function: Any, types: tuple[Type, ...]) -> Func:
    # indices are those of matrices whose extents the front end has compared
    return drop_bounds(lower(source_of(function), [ArraySpec(t, (False,) * t.rank) for t in types]).func)


__all__ = ["spell_systems"]
