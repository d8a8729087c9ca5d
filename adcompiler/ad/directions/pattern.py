"""The sparsity pattern: a tangent or an adjoint run on sets of columns in place of numbers.

Every value that depends on the seeds becomes the number of a set: the columns of which it may hold a part. The function
is linear in its seeds, so whatever a line computes of such values has the union of their sets; factors without a set
need not be known, and the lines that compute them are dropped unless an index, a branch or a loop needs them. No value
decides what is united: a choice between two has the columns of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce

from adcompiler.ad.directions.reached import reached, steering
from adcompiler.ad.draws import without_idle
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.ops import kind
from adcompiler.ir.types import Type
from adcompiler.ir.walk import defines, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Carry,
    Check,
    Const,
    Func,
    Grow,
    Load,
    Loop,
    NewAxis,
    Out,
    Print,
    Stmt,
    Store,
    Var,
    While,
    is_element,
)

SETS = "int64"


def pattern(fn: Func, seeds: Sequence[int], outs: Sequence[int]) -> Func:
    """The function that finds of which columns each result may hold a part.

    Parameters
    ----------
    fn : Func
        A tangent or an adjoint: linear in its seeds, on which no branch, loop bound or index depends.
    seeds : sequence of int
        Positions of the seeds; they become numbers of sets.
    outs : sequence of int
        Positions of the results that are wanted; the others are nothing.

    Returns
    -------
    Func
        The same parameters, then the array of sets, see `emit.functions.sets`.
    """
    wide = reached(fn, [fn.params[k] for k in seeds])
    # a function without such loops ends, whatever numbers it meets; memory is guarded by checks of integers
    ends = not any(isinstance(s, While) or (isinstance(s, Loop) and s.until is not None) for s in walk(fn.body))
    b = Builder.of(fn)
    b.types.update((v.name, replace(fn.types[v.name], dtype=SETS, weak=False)) for v in wide)
    sets = b.var("sets", Type(SETS, 1), (b.var("words", Type(SETS, weak=True)),))
    passed = Pattern(fn, b, wide, sets, of_floats(fn) if ends else frozenset())
    extent = b.shape(sets)[0]
    assert isinstance(extent, Var)
    with b.block() as body:
        passed.block(fn.body)
        results = [passed.set_of(r) if k in outs else ZERO for k, r in enumerate(fn.results)]
    b.add(Assign(extent, "dim", (sets,), (("axis", 0),), None))
    b.extend(body)
    return without_idle(b.finish(f"{fn.name}_pattern", (*fn.params, sets), results, fn.doc))


def of_floats(fn: Func) -> frozenset[Var]:
    """The conditions that compare nothing but floating numbers."""
    lines = {s.target: s for s in walk(fn.body) if isinstance(s, Assign)}

    def compares(atom: Atom) -> bool:
        stmt = lines.get(atom) if isinstance(atom, Var) else None
        if stmt is None or fn.types[stmt.target.name].rank:
            return False
        if all(fn.type(a).dtype == "bool" for a in stmt.args):
            return all(map(compares, stmt.args))
        return any(fn.type(a).is_float for a in stmt.args)

    return frozenset(v for v in lines if fn.types[v.name].dtype == "bool" and compares(v))


@dataclass(slots=True)
class Pattern:
    """The state of the pass: the names that hold sets, the array of these, and the conditions that are not checked."""

    fn: Func
    b: Builder
    wide: frozenset[Var]
    sets: Var
    unchecked: frozenset[Var]

    # -- values ------------------------------------------------------------------------------------------------------

    def set_of(self, atom: Atom) -> Atom:
        """The set or the sets of a value: empty where it depends on no seed."""
        if isinstance(atom, Var) and atom in self.wide:
            return atom
        shape = self.fn.shape(atom)
        return self.b.emit("zeros", *shape, dtype=SETS) if shape else ZERO

    def union(self, values: Sequence[Atom]) -> Atom:
        """The union of the sets of numbers."""
        if not values:
            return ZERO
        return reduce(lambda a, c: self.b.emit("union", a, c, self.sets, hint="columns"), values)

    @contextmanager
    def each(self, shape: Sequence[Atom]) -> Iterator[tuple[Atom, ...]]:
        """Loops over the elements of an array around what is built inside."""
        places: list[Atom] = [self.b.var("i", Type(SETS, weak=True)) for _ in shape]
        with self.b.block() as body:
            yield tuple(places)
        made = tuple(body)
        for place, extent in reversed(list(zip(places, shape, strict=True))):
            assert isinstance(place, Var)
            made = (Loop(place, ZERO, extent, ONE, (), made, None, False, self.b.span),)
        self.b.extend(made)

    def element(self, value: Atom, places: Sequence[Atom]) -> Atom:
        """The set of a number, or of the element of an array that broadcasts to these places."""
        if not self.b.type(value).rank:
            return value
        assert isinstance(value, Var)
        shape = self.b.shape(value)
        own = places[len(places) - len(shape) :]
        return self.b.load(value, tuple(ZERO if n == ONE else i for n, i in zip(shape, own, strict=True)))

    def elements(self, target: Var, values: Sequence[Atom]) -> None:
        """A new array of the unions of values that broadcast to it."""
        shape = self.fn.shape(target)
        self.b.add(Assign(target, "empty", shape, (("dtype", SETS),), self.b.span))
        with self.each(shape) as places:
            united = self.union([self.element(v, places) for v in values])
            self.b.store(target, places, united)

    def unite(self, array: Var, index: Sequence[Atom], value: Atom) -> None:
        """Add a set to an element."""
        self.b.store(array, tuple(index), self.union([self.b.load(array, tuple(index)), value]))

    # -- statements --------------------------------------------------------------------------------------------------

    def block(self, block: Block) -> None:
        """Append a block."""
        for stmt in block:
            with self.b.at(getattr(stmt, "span", None)):
                if self.left_out(stmt):
                    continue
                if self.touches(stmt):
                    self.statement(stmt)
                else:
                    self.b.add(stmt)

    def left_out(self, stmt: Stmt) -> bool:
        """Whether a statement is left to the derivative itself: it prints, or raises where a number has no value."""
        return isinstance(stmt, Print) or (isinstance(stmt, Check) and stmt.failed in self.unchecked)

    def touches(self, stmt: Stmt) -> bool:
        """Whether a statement, or one below it, makes or changes sets, or is left out."""
        return any(
            self.left_out(s)
            or (isinstance(s, (Store, Grow)) and s.array in self.wide)
            or any(v in self.wide for v in defines(s))
            for s in walk((stmt,))
        )

    def statement(self, stmt: Stmt) -> None:
        """Append a statement for sets."""
        assert not self.wide & set(steering(stmt)), "the course of the function depends on a seed"
        match stmt:
            case Assign():
                self.line(stmt, [a for a in stmt.args if isinstance(a, Var) and a in self.wide])
            case Load() | Grow():
                self.b.add(stmt)
            case Store(add=False):
                value = stmt.value if isinstance(stmt.value, Var) and stmt.value in self.wide else ZERO
                self.b.add(replace(stmt, value=value))
            case Store(value=value):
                if value in self.wide:
                    self.added(stmt)
            case Loop(body=body):
                with self.b.block() as made:
                    self.block(body)
                    carried = self.carried(stmt.carried, self.b.stack[-2])
                self.b.add(replace(stmt, carried=carried, body=tuple(made)))
            case While(condition=condition, body=body):
                with self.b.block() as first:
                    self.block(condition)
                with self.b.block() as made:
                    self.block(body)
                    carried = self.carried(stmt.carried, self.b.stack[-2])
                self.b.add(replace(stmt, carried=carried, condition=tuple(first), body=tuple(made)))
            case Branch():
                self.branch(stmt)
            case _:
                raise AssertionError(f"{type(stmt).__name__} depends on a seed")

    def carried(self, carried: Sequence[Carry], before: list[Stmt]) -> tuple[Carry, ...]:
        """What a loop hands on: its body is open, and `before` are the lines in front of it."""
        made = []
        for c in carried:
            if c.var in self.wide:
                self.b.stack.append(before)
                init = self.set_of(c.init)
                self.b.stack.pop()
                c = replace(c, init=init, next=self.set_of(c.next))
            made.append(c)
        return tuple(made)

    def branch(self, stmt: Branch) -> None:
        """A branch: both arms yield sets."""
        arms: list[tuple[Block, list[Atom]]] = []
        for arm, values in ((stmt.then, [o.then for o in stmt.outs]), (stmt.other, [o.other for o in stmt.outs])):
            with self.b.block() as made:
                self.block(arm)
                found = [self.set_of(a) if o.var in self.wide else a for o, a in zip(stmt.outs, values, strict=True)]
            arms.append((tuple(made), found))
        (then, thens), (other, others) = arms
        outs = tuple(Out(o.var, a, c) for o, a, c in zip(stmt.outs, thens, others, strict=True))
        self.b.add(replace(stmt, then=then, other=other, outs=outs))

    def added(self, stmt: Store) -> None:
        """`array[index] += value`."""
        if is_element(stmt.index):
            self.unite(stmt.array, [i for i in stmt.index if isinstance(i, (Var, Const))], stmt.value)
            return
        region = self.b.load(stmt.array, stmt.index)
        with self.each(self.b.shape(region)) as places:
            self.unite(region, places, self.element(stmt.value, places))

    # -- lines -------------------------------------------------------------------------------------------------------

    def line(self, stmt: Assign, args: Sequence[Var]) -> None:
        """`y = op(a, b)`, where `args` are the arguments that hold sets."""
        target, shape = stmt.target, self.fn.shape(stmt.target)
        match kind(stmt.op):
            case "alloc":
                self.b.add(replace(stmt, op="zeros", args=shape, params=(("dtype", SETS),)))
            case "view":
                self.b.add(stmt)
            case "copy":
                # what else a line with a declared derivative names is no part of its value
                self.values(target, [a for a in args if a == stmt.args[0]])
            case "reduce":
                self.reduced(stmt, args[0])
            case "contract":
                self.values(target, list(self.factors(stmt)))
            case "opaque":
                self.values(target, [self.total(a) for a in args])
            case "elementwise":
                self.values(target, args)
            case _:
                raise AssertionError(f"{stmt.op} has no sets")

    def values(self, target: Var, values: Sequence[Atom]) -> None:
        """`target` is the union of values that broadcast to it."""
        if self.fn.shape(target):
            self.elements(target, values)
        else:
            self.b.add(Assign(target, "pos", (self.union(values),), (), self.b.span))

    def reduced(self, stmt: Assign, array: Var) -> None:
        """`y = sum(x)` and its like: of some axes all elements."""
        axes, keep = dict(stmt.params)["axes"], bool(dict(stmt.params).get("keepdims"))
        assert isinstance(axes, tuple)
        target = stmt.target
        if not self.fn.shape(target):
            self.values(target, [self.total(array)])
            return
        self.b.add(Assign(target, "zeros", self.fn.shape(target), (("dtype", SETS),), self.b.span))
        self.gathered(target, array, axes, keep)

    def gathered(self, made: Var, array: Var, axes: Sequence[int], keep: bool) -> None:
        """Add the elements of an array along some axes to those of a smaller one."""
        with self.each(self.b.shape(array)) as places:
            kept: list[Atom] = [ZERO if k in axes else i for k, i in enumerate(places) if keep or k not in axes]
            self.unite(made, kept, self.b.load(array, places))

    def along(self, array: Var, axis: int) -> Var:
        """The union along one axis of a matrix."""
        made = self.b.emit("zeros", self.b.shape(array)[1 - axis], dtype=SETS)
        self.gathered(made, array, (axis,), False)
        return made

    def total(self, value: Atom) -> Atom:
        """The union of all that a value holds."""
        if not self.b.type(value).rank:
            return value
        assert isinstance(value, Var)
        made = self.b.emit("zeros", ONE, dtype=SETS)
        with self.each(self.b.shape(value)) as places:
            self.unite(made, (ZERO,), self.b.load(value, places))
        return self.b.load(made, (ZERO,))

    def factors(self, stmt: Assign) -> Iterator[Atom]:
        """What a product of matrices has of each factor: the rows of the first, the columns of the second."""
        rows, columns = stmt.args
        rank = self.fn.type(columns).rank
        if isinstance(rows, Var) and rows in self.wide:
            if self.fn.type(rows).rank == 1:
                yield self.total(rows)
            else:
                found = self.along(rows, 1)
                yield self.b.load(found, (*self.b.everything(found), NewAxis())) if rank == 2 else found
        if isinstance(columns, Var) and columns in self.wide:
            yield self.total(columns) if rank == 1 else self.along(columns, 0)
