"""Loops and branches that the frontend itself writes, as for a gather."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from adcompiler.frontend.arrays.slicing import shorter
from adcompiler.frontend.state.facts import lower_bound
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Atom, Branch, Const, Loop, Var


@contextmanager
def loop(b: Builder, stop: Atom, start: Atom = ZERO, hint: str = "k") -> Iterator[Var]:
    """`for k in range(start, stop)` around what is built inside; carries nothing."""
    index = b.var(hint, INDEX)
    bound = lower_bound(b, start)
    if bound is not None:
        b.lower[index.name] = bound
    with b.block() as body:
        yield index
    b.add(Loop(index, start, stop, ONE, (), tuple(body), None, False, b.span))


@contextmanager
def nest(b: Builder, extents: Sequence[Atom], hint: str = "k") -> Iterator[tuple[Atom, ...]]:
    """One loop for each extent, the last innermost; an extent of one needs none."""
    with ExitStack() as stack:
        yield tuple(ZERO if extent == ONE else stack.enter_context(loop(b, extent, hint=hint)) for extent in extents)


@contextmanager
def when(b: Builder, test: Atom) -> Iterator[None]:
    """`if test:` around what is built inside; yields nothing."""
    with b.block() as body:
        yield
    b.add(Branch(test, tuple(body), (), (), b.span))


@contextmanager
def diagonal(b: Builder, shape: tuple[Atom, Atom], offset: int) -> Iterator[tuple[Atom, tuple[Atom, Atom]]]:
    """A loop over a diagonal of a matrix: the place along it, and the row and column."""
    row, column = max(-offset, 0), max(offset, 0)
    with loop(b, diagonal_length(b, shape, offset), hint="i") as i:
        yield i, (b.int("add", i, Const(row)), b.int("add", i, Const(column)))


def diagonal_length(b: Builder, shape: tuple[Atom, Atom], offset: int) -> Atom:
    """How many elements a diagonal has."""
    return b.int("minimum", shorter(b, shape[0], max(-offset, 0)), shorter(b, shape[1], max(offset, 0)))


__all__ = ["diagonal", "diagonal_length", "loop", "nest", "when"]
