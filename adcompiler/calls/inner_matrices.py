"""Jacobians and Hessians in a program: a loop over the entries of one side, each with a direction of its own."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from adcompiler.ad.draws import refuse_repeated
from adcompiler.calls.binding import Argnums
from adcompiler.calls.callee import Callee
from adcompiler.calls.directions import only_real
from adcompiler.calls.lowering import Lowering
from adcompiler.calls.matrices import argument_tree
from adcompiler.calls.nesting import fresh, result_value, typed
from adcompiler.calls.plans import Argument, number_position, primal_plan, split
from adcompiler.calls.results import Group, Item, Tree, positions, value_tree
from adcompiler.calls.seeds import zero
from adcompiler.errors import NotDifferentiable
from adcompiler.frontend.context import Lowering as Program
from adcompiler.frontend.values import DictValue, Seq, Static, Value
from adcompiler.ir.build import ONE, ZERO, Builder, scalar
from adcompiler.ir.inlining import inlined
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.wengert import Atom, Const, Func, Index, Loop, Slice, Var
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
            number_position(lowering, None, binder.name, out, self.has_aux)
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
        fn, found = self._derivative()
        seeded = self.sides.rows if self.mode == "reverse" else self.sides.columns
        blocks: dict[tuple[int, int], Atom] = {}
        for leaf in seeded:
            whole = {other.position: self._empty(leaf, other) for other in found}
            results = self._each(self.b.shape(leaf.like), self._store(fn, seeded, leaf, found, whole))
            for other in found:
                array = whole[other.position]
                block = results[other.result] if array is None else array
                key = (leaf.position, other.position) if self.mode == "reverse" else (other.position, leaf.position)
                blocks[key] = block
        return blocks

    def _derivative(self) -> tuple[Func, list[Leaf]]:
        """What is computed for one direction, and what of its results."""
        fn = self.lowering.interface
        wrt, outs = tuple(leaf.position for leaf in self.sides.columns), tuple(r.position for r in self.sides.rows)
        count, real = len(fn.results), [p for p, result in enumerate(fn.results) if fn.type(result).is_float]
        columns, rows = self.sides.columns, self.sides.rows
        if self.mode == "forward":
            derivative = Derivative("forward", wrt)
            found = [Leaf(r.position, r.type, r.like, count + real.index(r.position)) for r in rows]
        elif self.mode == "reverse":
            derivative = Derivative("reverse", wrt, "given", outs)
            found = [Leaf(c.position, c.type, c.like, count + k) for k, c in enumerate(columns)]
        else:
            derivative, first = Derivative("reverse", wrt, "one", outs, second=True), count + len(wrt) + len(real)
            found = [Leaf(c.position, c.type, c.like, first + k) for k, c in enumerate(columns)]
        return self.lowering.compiled(derivative).stages["derivative"], found

    def _empty(self, leaf: Leaf, other: Leaf) -> Var | None:
        """The array for a block; None for a number."""
        shapes = [self.b.shape(other.like), self.b.shape(leaf.like)]
        shape = [extent for part in (reversed(shapes) if self.mode == "reverse" else shapes) for extent in part]
        return self.b.emit("empty", *shape, dtype=other.type.dtype, hint="block") if shape else None

    def _each(self, extents: Sequence[Atom], body: Callable[[list[Var]], list[Atom]]) -> list[Atom]:
        """The lines of `body` for each index of an array with these extents."""

        def nest(indices: list[Var]) -> list[Atom]:
            if len(indices) == len(extents):
                return body(indices)
            b, extent = self.b, extents[len(indices)]
            with b.block() as lines:
                index = b.var("k", INDEX)
                b.lower[index.name] = 0
                found = nest([*indices, index])
            b.add(Loop(index, ZERO, extent, ONE, (), tuple(lines), None, False, b.span))
            return found

        return nest([])

    def _store(
        self, fn: Func, seeded: Sequence[Leaf], leaf: Leaf, found: Sequence[Leaf], whole: Mapping[int, Var | None]
    ) -> Callable[[list[Var]], list[Atom]]:
        """What computes and stores the derivative along the direction of one entry."""

        def body(indices: list[Var]) -> list[Atom]:
            b = self.b
            seeds = [
                self._direction(other, indices) if other is leaf else zero(b, other.type, other.like)
                for other in seeded
            ]
            results = inlined(b, fn, [*fresh(b, self.lowering, self.atoms), *seeds])
            for other in found:
                array = whole[other.position]
                if array is not None:
                    rest = tuple(Slice(None, None, None, ZERO, extent) for extent in b.shape(other.like))
                    place: Index = (*indices, *rest) if self.mode == "reverse" else (*rest, *indices)
                    b.store(array, place, results[other.result])
            return results

        return body

    def _direction(self, leaf: Leaf, indices: Sequence[Var]) -> Atom:
        if not leaf.type.rank:
            return Const(1.0) if leaf.type.weak else scalar(1.0, leaf.type.dtype)
        made = zero(self.b, leaf.type, leaf.like)
        assert isinstance(made, Var)
        self.b.store(made, tuple(indices), scalar(1.0, leaf.type.dtype))
        return made


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
