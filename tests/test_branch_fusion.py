"""Branches that follow each other and ask the same are one: which are, and that the results are the same."""

from __future__ import annotations

import pytest

from adcompiler.ir.build import ONE, ZERO, Builder, scalar
from adcompiler.ir.types import BOOL, FLOAT, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Branch, Func, Out, Var
from adcompiler.optimise.lines.branch_fusion import join_branches
from tests.support.interpret import run


def branch(b: Builder, test: Var, value: Var, name: str, added: float = 0.0) -> Var:
    """`name = value * 2 + added if test else value + 1`."""
    out = b.var(name, FLOAT)
    with b.block() as then:
        doubled = b.emit("add", b.emit("mul", value, scalar(2.0, "float64")), scalar(added, "float64"))
    with b.block() as other:
        more = b.emit("add", value, scalar(1.0, "float64"))
    b.add(Branch(test, tuple(then), tuple(other), (Out(out, doubled, more),), None))
    return out


def branches(fn: Func) -> int:
    return sum(isinstance(s, Branch) for s in walk(fn.body))


@pytest.mark.parametrize("reads", [False, True])
def test_the_second_reads_what_the_first_hands_on_in_its_arm(reads: bool) -> None:
    b = Builder()
    test, x = b.var("test", BOOL), b.var("x", FLOAT)
    b.own |= {test, x}
    with b.block() as lines:
        first = branch(b, test, x, "a")
        second = branch(b, test, first if reads else x, "c", 5.0)
    before = verify(Func("f", (test, x), tuple(lines), (first, second), b.types, b.shapes))
    after = verify(join_branches(before))
    assert (branches(before), branches(after)) == (2, 1)
    for taken in (True, False):
        assert run(after, taken, 3.0) == run(before, taken, 3.0)
    assert tuple(run(after, True, 3.0)) == (6.0, 17.0 if reads else 11.0)


def test_a_line_between_them_keeps_them_apart() -> None:
    b = Builder()
    test, x, y = b.var("test", BOOL), b.var("x", FLOAT), b.var("y", Type("float64", 1), (ONE,))
    b.own |= {test, x, y}
    with b.block() as lines:
        first = branch(b, test, x, "a")
        b.store(y, (ZERO,), first)
        second = branch(b, test, first, "c")
        third = branch(b, b.emit("logical_not", test), second, "d")
    after = join_branches(verify(Func("f", (test, x, y), tuple(lines), (third,), b.types, b.shapes)))
    assert branches(after) == 3
