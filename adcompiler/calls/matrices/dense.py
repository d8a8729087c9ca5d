"""Jacobians and Hessians: a compiled function of several directions at once, run for blocks of the identity."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from adcompiler.calls.instance import Instance
from adcompiler.calls.matrices.directions import Leaf, combined, identity
from adcompiler.calls.plan import Plan
from adcompiler.calls.planning import Argument
from adcompiler.calls.results import Constant, Group, Item, Tree, filled, positions, value_tree
from adcompiler.options import Derivative
from adcompiler.signature import OutTree

Mode = Literal["forward", "reverse", "hessian"]

#: Directions of one run: enough to share the function's own work, few enough to stay in the cache.
LANES = 32


class Matrix:
    """The derivative of each floating result, or gradient, by each floating leaf of some arguments.

    Parameters
    ----------
    instance : Instance
        The function.
    mode : "forward", "reverse" or "hessian"
        Columns by the tangent, rows by the adjoint, or columns of second derivatives by the tangent of the adjoint.
    out : OutTree
        What of the function's result is differentiated.
    wrt : tuple of int
        Parameters by which it is.
    """

    def __init__(self, instance: Instance, mode: Mode, out: OutTree, wrt: tuple[int, ...]) -> None:
        lowering = instance.lowering
        fn = lowering.interface
        self.mode, self.wrt = mode, wrt
        self.tree = value_tree(out, fn)
        self.outs = positions(self.tree)
        count, real = len(fn.results), [p for p, result in enumerate(fn.results) if fn.type(result).is_float]
        if mode == "forward":
            derivative, first = Derivative("forward", wrt, lanes=True), count
            self.found = [first + real.index(p) for p in self.outs]
            count += len(real)
        elif mode == "reverse":
            derivative, first = Derivative("reverse", wrt, "given", tuple(sorted(self.outs)), lanes=True), count
            self.found = list(range(first, first + len(wrt)))
            count += len(wrt)
        else:
            derivative = Derivative("reverse", wrt, "one", tuple(sorted(self.outs)), second=True, lanes=True)
            first = count + len(wrt) + len(real)
            self.found = list(range(first, first + len(wrt)))
            count = first + len(wrt)
        self.plan = instance.plan(derivative, lambda: Plan(lowering.compiled(derivative), Constant(None), count))

    def blocks(
        self, fresh: Callable[[], list[Any]], columns: Sequence[Leaf], rows: Sequence[Leaf]
    ) -> dict[tuple[int, int], np.ndarray[Any, Any]]:
        """The matrix by leaf of row and of column, each of the shape of both, one after the other."""
        seeded, found = (rows, columns) if self.mode == "reverse" else (columns, rows)
        total = sum(leaf.directions for leaf in seeded)
        if 0 < total <= LANES:
            results = self.plan.results([*fresh(), *identity(seeded, 0, total)])
            made = [np.ascontiguousarray(results[position][..., :total]) for position in self.found]
        else:
            made = [np.empty((*leaf.shape, total), leaf.type.dtype) for leaf in found]
        for start in range(0, total if total > LANES else 0, LANES):
            stop = min(start + LANES, total)
            results = self.plan.results([*fresh(), *identity(seeded, start, stop)])
            for whole, position in zip(made, self.found, strict=True):
                whole[..., start:stop] = results[position][..., : stop - start]
        blocks = {}
        for leaf, whole in zip(found, made, strict=True):
            for other, parts in zip(seeded, split(whole, seeded), strict=True):
                part = combined(parts, leaf, other, self.mode == "reverse")
                if self.mode == "reverse":
                    blocks[other.position, leaf.position] = np.moveaxis(part, -1, 0).reshape(other.shape + leaf.shape)
                else:
                    blocks[leaf.position, other.position] = part.reshape(leaf.shape + other.shape)
        return blocks


def split(whole: np.ndarray[Any, Any], leaves: Sequence[Leaf]) -> Iterator[np.ndarray[Any, Any]]:
    """The parts of the last axis that belong to each leaf."""
    first = 0
    for leaf in leaves:
        yield whole[..., first : first + leaf.directions]
        first += leaf.directions


def leaves_of(tree: Tree, results: Sequence[Any]) -> list[Leaf]:
    """The floating leaves of a result or of arguments, with the shapes they have at this call."""
    match tree:
        case Item(position, type):
            return [Leaf(position, type, np.shape(results[position]))] if type.is_float else []
        case Group(items=items):
            return [leaf for item in items for leaf in leaves_of(item, results)]
    return []


def argument_tree(arguments: Sequence[Argument], single: bool) -> Tree:
    """The arguments as a tree of the parameters that are their leaves."""
    trees = [a.gradient({p: p for p in a.required()}) for a in arguments]
    return trees[0] if single else Group("tuple", tuple(trees))


def arranged(
    blocks: dict[tuple[int, int], np.ndarray[Any, Any]], rows: Tree, columns: Tree, plain: Container[int]
) -> Any:
    """The blocks in the structure of the rows, in each entry of which stands that of the columns.

    The derivative of a number by a parameter of `plain`, which are Python's own, is one of Python's too.
    """

    def entry(row: int, column: int) -> Any:
        block = blocks[row, column]
        if block.ndim:
            return block
        return block.item() if column in plain else block[()]

    return filled(rows, lambda row: filled(columns, lambda column: entry(row, column)))
