"""Jacobians and Hessians in a program: all directions of one side at once, each in a lane of its own."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from adcompiler.ad.draws import refuse_repeated
from adcompiler.calls.binding import Argnums
from adcompiler.calls.inside.callee import Callee
from adcompiler.calls.inside.nesting import fresh, result_value, typed
from adcompiler.calls.lowering import Lowering
from adcompiler.calls.matrices.dense import argument_tree
from adcompiler.calls.matrices.directions import only_real
from adcompiler.calls.planning import Argument, number_position, primal_plan, split
from adcompiler.calls.results import Group, Item, Tree, positions, value_tree
from adcompiler.errors import NotDifferentiable
from adcompiler.frontend.state.context import Lowering as Program
from adcompiler.frontend.state.values import DictValue, Seq, Static, Value
from adcompiler.ir.build import ONE, ZERO, Builder, scalar
from adcompiler.ir.inlining import inlined
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.wengert import Atom, Const, Func, Slice, Var
from adcompiler.options import Derivative

Mode = Literal["forward", "reverse", "hessian"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A number or array on one side: its position there, a value of its type and shape, its place in the results."""

    position: int
    type: Type
    like: Atom
    result: int = -1


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """`jacobian` or `hessian` of a function."""

    callee: Callee
    argnums: Argnums
    has_aux: bool
    kind: str
    mode: str

    def __lower_call__(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Value:
        """A call in the program."""
        b, binder = low.b, self.callee.binder
        lowering, atoms = self.callee.lowered(low, args, kwargs)
        fn = lowering.interface
        refuse_repeated(lowering.lowered.func.body, f"a {self.kind} inside a program", b.span)
        out, aux = split(lowering, self.has_aux, binder.name)
        if self.kind == "hessian":
            number_position(lowering, None, binder.name, out, self.has_aux, "hessian")
        arguments = [Argument(lowering, binder, None, p) for p in binder.places(self.argnums, lowering.final)]
        columns = argument_tree(arguments, not isinstance(self.argnums, tuple))
        primal = primal_plan(lowering).compiled.stages["derivative"]
        results = inlined(b, primal, fresh(b, lowering, atoms))
        tree = value_tree(out, fn)
        outs = sorted(positions(tree))
        only_real([*(fn.type(fn.results[p]) for p in outs), *(fn.type(fn.params[p]) for p in positions(columns))])
        if not outs:
            raise NotDifferentiable(f"{binder.name}() returns no float", b.span, "return floats or arrays of them")
        sides = Sides(
            [Leaf(p, fn.type(fn.params[p]), atoms[p]) for p in dict.fromkeys(positions(columns))],
            [Leaf(p, fn.type(fn.results[p]), results[p]) for p in outs],
        )
        blocks = Blocks(b, lowering, atoms, sides, self._chosen(sides)).found()
        plain = {leaf.position for leaf in sides.columns if leaf.type.weak}
        found = _arranged(b, blocks, columns if self.kind == "hessian" else tree, columns, plain)
        return found if aux is None else Seq((found, result_value(b, value_tree(aux, fn), results)))

    def _chosen(self, sides: Sides) -> Mode:
        if self.kind == "hessian":
            return "hessian"
        if self.mode == "auto":
            # sizes are known at run time alone
            ranks = [max(leaf.type.rank for leaf in side) for side in (sides.columns, sides.rows)]
            return "forward" if ranks[0] <= ranks[1] else "reverse"
        return "forward" if self.mode == "forward" else "reverse"


@dataclass(frozen=True, slots=True)
class Sides:
    """The leaves by which is differentiated, and those that are."""

    columns: list[Leaf]
    rows: list[Leaf]


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a matrix, by leaf of row and of column, each of the shape of both."""

    b: Builder
    lowering: Lowering
    atoms: list[Atom]
    sides: Sides
    mode: Mode

    def found(self) -> dict[tuple[int, int], Atom]:
        """Append the lines that compute them."""
        seeded = self.sides.rows if self.mode == "reverse" else self.sides.columns
        together = any(leaf.type.rank for leaf in seeded)
        fn, found = self._derivative(together)
        return self._together(fn, seeded, found) if together else self._apart(fn, seeded, found)

    def _apart(self, fn: Func, seeded: Sequence[Leaf], found: Sequence[Leaf]) -> dict[tuple[int, int], Atom]:
        """Numbers are few: the lines of one direction for each."""
        blocks = dict[tuple[int, int], Atom]()
        for leaf in seeded:
            seeds = [_number(other.type, 1.0 if other is leaf else 0.0) for other in seeded]
            results = inlined(self.b, fn, [*fresh(self.b, self.lowering, self.atoms), *seeds])
            blocks |= {self._key(leaf, other): results[other.result] for other in found}
        return blocks

    def _together(self, fn: Func, seeded: Sequence[Leaf], found: Sequence[Leaf]) -> dict[tuple[int, int], Atom]:
        """The lines for all directions at once, each in a lane of its own."""
        b = self.b
        firsts: list[Atom] = []
        count: Atom = ZERO
        for leaf in seeded:
            firsts.append(count)
            count = b.int("add", count, self._size(leaf))
        seeds = [self._lanes(leaf, first) for leaf, first in zip(seeded, firsts, strict=True)]
        results = inlined(b, fn, [*fresh(b, self.lowering, self.atoms), *seeds, count])
        blocks = dict[tuple[int, int], Atom]()
        for other in found:
            whole = results[other.result]
            assert isinstance(whole, Var)
            rank = other.type.rank
            if self.mode == "reverse" and rank:
                whole = b.emit("transpose", whole, axes=(rank, *range(rank)), hint="block")
            for leaf, first in zip(seeded, firsts, strict=True):
                blocks[self._key(leaf, other)] = self._block(whole, leaf, first, other)
        return blocks

    def _block(self, whole: Var, leaf: Leaf, first: Atom, other: Leaf) -> Atom:
        """The part of what was found that belongs to the lanes of a leaf, in memory of its own."""
        b = self.b
        shape = list(b.shape(other.like))
        size, lanes = self._size(leaf), b.shape(whole)[0 if self.mode == "reverse" else -1]
        start, stop = (None, None) if size == lanes else (first, b.int("add", first, size))
        here = Slice(start, stop, None, first, size) if leaf.type.rank else first
        rest = [Slice(None, None, None, ZERO, extent) for extent in shape]
        part = b.load(whole, (here, *rest) if self.mode == "reverse" else (*rest, here), "block")
        if not b.type(part).rank:
            return part
        made = b.emit("copy", part, hint="block")
        both = [*b.shape(leaf.like), *shape] if self.mode == "reverse" else [*shape, *b.shape(leaf.like)]
        return b.emit("reshape", made, *both, hint="block") if leaf.type.rank > 1 else made

    def _size(self, leaf: Leaf) -> Atom:
        """How many entries a leaf has."""
        size: Atom = ONE
        for extent in self.b.shape(leaf.like):
            size = self.b.int("mul", size, extent)
        return size

    def _lanes(self, leaf: Leaf, first: Atom) -> Atom:
        """The lane of each entry's direction: the seed of a leaf."""
        if not leaf.type.rank:
            return first
        made = self.b.emit("arange", first, ONE, self._size(leaf), dtype=INDEX.dtype, hint="lanes")
        return made if leaf.type.rank == 1 else self.b.emit("reshape", made, *self.b.shape(leaf.like), hint="lanes")

    def _key(self, leaf: Leaf, other: Leaf) -> tuple[int, int]:
        """The row and the column of what was found along a leaf."""
        return (leaf.position, other.position) if self.mode == "reverse" else (other.position, leaf.position)

    def _derivative(self, lanes: bool) -> tuple[Func, list[Leaf]]:
        """What is computed for one direction or, in lanes, for several, and what of its results."""
        fn = self.lowering.interface
        wrt, outs = tuple(leaf.position for leaf in self.sides.columns), tuple(r.position for r in self.sides.rows)
        count, real = len(fn.results), [p for p, result in enumerate(fn.results) if fn.type(result).is_float]
        columns, rows = self.sides.columns, self.sides.rows
        if self.mode == "forward":
            derivative = Derivative("forward", wrt, lanes=lanes)
            found = [Leaf(r.position, r.type, r.like, count + real.index(r.position)) for r in rows]
        elif self.mode == "reverse":
            derivative = Derivative("reverse", wrt, "given", outs, lanes=lanes)
            found = [Leaf(c.position, c.type, c.like, count + k) for k, c in enumerate(columns)]
        else:
            derivative = Derivative("reverse", wrt, "one", outs, second=True, lanes=lanes)
            first = count + len(wrt) + len(real)
            found = [Leaf(c.position, c.type, c.like, first + k) for k, c in enumerate(columns)]
        return self.lowering.compiled(derivative).stages["derivative"], found


def _number(type: Type, value: float) -> Const:
    return Const(value) if type.weak else scalar(value, type.dtype)


def _arranged(b: Builder, blocks: Mapping[tuple[int, int], Atom], rows: Tree, columns: Tree, plain: set[int]) -> Value:
    """The blocks in the structure of the rows, in each entry of which stands that of the columns."""

    def entry(row: int, column: int) -> Value:
        block = blocks[row, column]
        kind = b.type(block)
        return block if kind.rank else typed(b, block, Type(kind.dtype, weak=column in plain))

    return _filled(rows, lambda row: _filled(columns, lambda column: entry(row, column)))


def _filled(tree: Tree, leaf: Callable[[int], Value]) -> Value:
    match tree:
        case Item(position, type) if type.is_float:
            return leaf(position)
        case Group(kind, items, keys, record):
            made = [_filled(item, leaf) for item in items]
            return DictValue(tuple(zip(keys, made, strict=True))) if kind == "dict" else Seq(tuple(made), kind, record)
    return Static(None)
