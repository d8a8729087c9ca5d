"""The lowered form of a function, checked to be one and to mean the same."""

import textwrap
from typing import Any

from adcompiler.ir.build import Builder
from adcompiler.ir.ops import kind
from adcompiler.ir.types import Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Func, NewAxis, Slice, Store, Var
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.lowering.lower import lower_arrays
from tests.support.golden import text_of
from tests.support.interpret import run
from tests.support.printed import agrees, outcome, same


def lowered(fn: Func) -> Func:
    """The lowered form, in which arrays are only memory, views and operands of products."""
    after = verify(lower_arrays(simplify(verify(fn))))
    for stmt in walk(after.body):
        if isinstance(stmt, Assign) and any(after.type(a).rank for a in (stmt.target, *stmt.args)):
            assert stmt.op in ("empty", "zeros", "dot", "dim") or kind(stmt.op) == "view", stmt
        if isinstance(stmt, Store):
            assert not any(isinstance(i, (Slice, NewAxis)) for i in stmt.index), stmt
    return after


def means_the_same(fn: Func, *args: Any, numba_too: bool = False, rtol: float = 1e-13) -> None:
    after = lowered(fn)
    expected = outcome(lambda *a: run(fn, *a), args)
    same(outcome(lambda *a: run(after, *a), args), expected, rtol=rtol)
    if numba_too:
        agrees(after, *args)


def becomes(fn: Func, text: str, *args: Any, numba_too: bool = False) -> None:
    assert text_of(lowered(fn), "numba") == textwrap.dedent(text).lstrip("\n")
    means_the_same(fn, *args, numba_too=numba_too)


def matrix(b: Builder, name: str, rows: Any, columns: Any, layout: str = "C", dtype: str = "float64") -> Var:
    return b.var(name, Type(dtype, 2, layout=layout), (rows, columns))
