"""Attributes of arrays and scalars."""

from __future__ import annotations

from adcompiler.frontend.library.registry import attribute
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import ONE, Builder
from adcompiler.ir.wengert import Atom, Const


def size_of(b: Builder, x: Atom) -> Atom:
    """The number of elements."""
    total: Atom = ONE
    for extent in b.shape(x):
        total = b.int("mul", total, extent, hint="size")
    return total


def transposed(b: Builder, x: Atom, axes: tuple[int, ...] | None = None) -> Atom:
    """The view with its axes permuted (reversed for None); fewer than two axes leave nothing to do."""
    order = tuple(reversed(range(b.type(x).rank))) if axes is None else axes
    if order == tuple(range(len(order))):
        return x
    return b.emit("transpose", x, axes=order, hint=f"{x}_T")


@attribute("shape")
def _shape(b: Builder, x: Atom) -> Value:
    return Seq(b.shape(x))


@attribute("size")
def _size(b: Builder, x: Atom) -> Value:
    return size_of(b, x)


@attribute("ndim")
def _ndim(b: Builder, x: Atom) -> Value:
    return Const(b.type(x).rank)


@attribute("T")
def _t(b: Builder, x: Atom) -> Value:
    return transposed(b, x)


@attribute("dtype")
def _dtype(b: Builder, x: Atom) -> Value:
    return Static(b.ask(x, lambda of: of.numpy))


@attribute("itemsize")
def _itemsize(b: Builder, x: Atom) -> Value:
    return Const(b.ask(x, lambda of: of.numpy.itemsize))


@attribute("nbytes")
def _nbytes(b: Builder, x: Atom) -> Value:
    return b.int("mul", size_of(b, x), Const(b.ask(x, lambda of: of.numpy.itemsize)))


__all__ = ["size_of", "transposed"]
