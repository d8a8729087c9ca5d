"""Several directions at once: what depends on some parameters gets an axis of lanes, everything else stays shared.

Arrays have their lanes last. Neighbouring lines of scalars become one loop over the lanes, in which a value that no
other place needs stays a scalar; a value that another loop, a carry or a branch needs has a row of lanes in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from adcompiler.ad.directions.products import lane_by_lane, product
from adcompiler.ad.directions.reached import only_loaded, reached, steering, uses
from adcompiler.ad.directions.rows import Rows
from adcompiler.ad.directions.unroll import unrolled
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.ops import kind
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import defines, map_operands, operands, walk, yields
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Carry,
    Func,
    Grow,
    Load,
    Loop,
    Out,
    Stmt,
    Store,
    Var,
    While,
    is_element,
)


def widen(fn: Func, wide: Sequence[int], outs: Sequence[int], ones: Sequence[int] = ()) -> Func:
    """The function for several values at once of some parameters.

    Parameters
    ----------
    fn : Func
        A tangent or an adjoint: no branch, loop bound or index depends on its seeds.
    wide : sequence of int
        Positions of the parameters that get an axis of lanes, their last.
    outs : sequence of int
        Positions of the results that have that axis then, also where no parameter of `wide` reaches them.
    ones : sequence of int
        Positions of those of `wide` of which each entry is one in a single lane and zero in others, as in parts of an
        identity. They get no axis: the number of that lane stands for the entry, of no lane if there is none such.

    Returns
    -------
    Func
        The same parameters and results, with lanes. With `ones` a last parameter says how many lanes there are.

    Raises
    ------
    AssertionError
        Where the course of the function depends on these parameters.
    """
    fn = unrolled(fn, wide)
    lanes = Lanes(fn, Builder.of(fn), reached(fn, [fn.params[k] for k in wide]), uses(fn))
    params = lanes.parameters(frozenset(wide), frozenset(ones))
    arrays = [fn.params[k] for k in ones if fn.types[fn.params[k].name].rank]
    lanes.unwritten |= set(arrays) - only_loaded(fn, arrays)
    with lanes.b.block() as body:
        lanes.block(fn.body)
        lanes.written(fn.results)
        results = [lanes.spread(r) if k in outs else r for k, r in enumerate(fn.results)]
    # rows are allocated once, before everything that may use them; the extents of parameters come first
    extents = [stmt for stmt in body if isinstance(stmt, Assign) and stmt.op == "dim" and stmt.args[0] in params]
    lanes.b.extend([*extents, *lanes.rows_made, *(stmt for stmt in body if stmt not in extents)])
    return lanes.b.finish(fn.name, params, results, fn.doc)


@dataclass(slots=True)
class Lanes(Rows):
    """The state of the pass; `pending` are the lines that wait for a loop over the lanes.

    `loaded` are the lanes in which numbers are one that were loaded from arrays in `places`. Those of `unwritten` are
    written as arrays of ones and zeros before a line of the function that reads them, where their extents are known.
    """

    pending: list[Assign | Load | Store] = field(default_factory=list)
    loaded: dict[Var, Var] = field(default_factory=dict)
    unwritten: set[Var] = field(default_factory=set)

    # -- statements --------------------------------------------------------------------------------------------------

    def block(self, block: Block) -> None:
        """Append a block; lines of scalars wait for their neighbours."""
        for stmt in block:
            with self.b.at(getattr(stmt, "span", None)):
                self.statement(stmt)
        self.flush()

    def statement(self, stmt: Stmt) -> None:
        """Append a statement, or keep it for the next loop over the lanes.

        A line without lanes reads nothing that has lanes and may pass those that wait.
        """
        self.written(a for s in walk((stmt,)) for a in (*operands(s), *yields(s)) if self.unwritten)
        if not self.touches(stmt):
            self.b.add(stmt)
            return
        if isinstance(stmt, Load) and stmt.array in self.places:
            place = self.b.load(self.places[stmt.array], stmt.index, f"{stmt.target}_lane")
            if self.fn.types[stmt.target.name].rank:
                self.places[stmt.target] = place
                return
            self.loaded[stmt.target] = place
        if isinstance(stmt, (Assign, Load, Store)) and self.is_scalar(stmt):
            self.pending.append(stmt)
        else:
            self.flush()
            self.apart(stmt)

    def written(self, read: Iterable[Atom]) -> None:
        """Write the parameters of ones that are about to be read as arrays."""
        for v in self.unwritten.intersection(read):
            self.arrays[v] = self.write_ones(v)
            del self.places[v]
            self.unwritten.remove(v)

    def touches(self, stmt: Stmt) -> bool:
        """Whether a statement, or one below it, makes or changes something that has lanes."""
        return any(
            (isinstance(s, (Store, Grow)) and s.array in self.wide) or any(v in self.wide for v in defines(s))
            for s in walk((stmt,))
        )

    def is_scalar(self, stmt: Assign | Load | Store) -> bool:
        """Whether a statement computes, reads or writes one number."""
        if isinstance(stmt, Assign):
            return not any(self.b.type(a).rank for a in (stmt.target, *stmt.args))
        return is_element(stmt.index)

    def apart(self, stmt: Stmt) -> None:
        """Append a statement of arrays, or a region."""
        assert not self.wide & set(steering(stmt)), "the course of the function depends on a direction"
        match stmt:
            case Loop() | While():
                self.repeated(stmt)
            case Branch():
                self.branch(stmt)
            case Assign(target=target):
                made = self.line(stmt)
                (self.arrays if self.fn.types[target.name].rank else self.rows)[target] = made
            case Load(target=target, array=array, index=index):
                self.arrays[target] = self.b.load(self.arrays[array], (*index, self.all), target.name)
            case Store(array=array, index=index, value=value, add=add):
                self.b.store(self.arrays[array], (*index, self.all), self.beside(value), add)
            case Grow(array=array, row=row):
                self.b.grow(self.arrays[array], row)
            case _:
                raise AssertionError(f"{type(stmt).__name__} depends on a direction")

    def line(self, stmt: Assign) -> Var:
        """`y = op(a, b)` of arrays."""
        op, hint = stmt.op, stmt.target.name
        params: dict[str, Any] = dict(stmt.params)
        match kind(op):
            case "contract":
                lanes = [k for k, a in enumerate(stmt.args) if a in self.wide]
                return product(self.b, [self.of(a) if a in self.wide else a for a in stmt.args], lanes, hint)
            case "opaque":
                args = [(self.of(a), True) if a in self.wide else (a, False) for a in stmt.args]
                dtype = self.fn.types[stmt.target.name].dtype
                return lane_by_lane(self.b, op, params, args, (self.fn.shape(stmt.target), dtype), hint)
            case "alloc" if op == "full":
                made = self.b.emit("empty", *stmt.args[1:], self.count, hint=hint, **params)
                self.b.store(made, self.b.everything(made), self.beside(stmt.args[0]))
                return made
            case "alloc":
                return self.b.emit(op, *stmt.args, self.count, hint=hint, **params)
            case "view" if op == "transpose":
                axes = params["axes"]
                assert isinstance(axes, tuple)
                return self.b.emit(op, self.of(stmt.args[0]), hint=hint, axes=(*axes, len(axes)))
            case "view":
                return self.b.emit(op, self.of(stmt.args[0]), *stmt.args[1:], self.count, hint=hint)
        assert kind(op) in ("elementwise", "copy", "reduce"), f"{op} has no meaning along the last axis"
        return self.b.emit(op, *(self.beside(a) for a in stmt.args), hint=hint, **params)

    # -- loops over the lanes ----------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Append the lines that wait, as one loop over the lanes."""
        lines, self.pending = self.pending, []
        if not lines:
            return
        inside = Counter(a for s in lines for a in operands(s) if isinstance(a, Var))
        made = [s.target for s in lines if not isinstance(s, Store)]
        with self.over_lanes() as lane:
            known: dict[Var, Atom] = {v: v for v in made}
            for stmt in lines:
                self.b.span = stmt.span
                self.lane_line(stmt, lane, known)
            for v in made:
                if self.uses[v] > inside[v]:
                    self.b.store(self.row(v), (lane,), v)

    @contextmanager
    def over_lanes(self) -> Iterator[Var]:
        """A loop over the lanes around what is built inside."""
        lane = self.b.var("lane", INDEX)
        span = self.b.span
        with self.b.block() as body:
            yield lane
        self.b.span = span
        self.b.add(Loop(lane, ZERO, self.count, ONE, (), tuple(body), None, False, span))

    def lane_line(self, stmt: Assign | Load | Store, lane: Var, known: dict[Var, Atom]) -> None:
        """A line of numbers in the loop over the lanes."""
        match stmt:
            case Load(target=target) if target in self.loaded:
                self.b.add(self.one(target, self.loaded[target], lane))
            case Load(array=array, index=index):
                self.b.add(replace(stmt, array=self.arrays[array], index=(*index, lane)))
            case Store(array=array, index=index, value=value):
                at = (*index, lane)
                self.b.add(replace(stmt, array=self.arrays[array], index=at, value=self.lane(value, lane, known)))
            case Assign():
                self.b.add(map_operands(stmt, lambda a: self.lane(a, lane, known)))

    def lane(self, atom: Atom, lane: Var, known: dict[Var, Atom]) -> Atom:
        """The value of one lane."""
        if not isinstance(atom, Var) or atom not in self.wide:
            return atom
        if atom not in known and atom in self.places:
            known[atom] = value = self.b.like(atom)
            self.b.add(self.one(value, self.places[atom], lane))
        elif atom not in known:
            type, value = self.fn.types[atom.name], self.b.load(self.row(atom), (lane,), atom.name)
            known[atom] = self.b.emit("cast", value, dtype=type.dtype, weak=True) if type.weak else value
        return known[atom]

    def copied(self, pairs: Sequence[tuple[Var, Atom]]) -> None:
        """The rows of scalars receive values, all at once."""
        moved = [(v, value) for v, value in pairs if v != value]
        if not moved:
            return
        with self.over_lanes() as lane:
            known: dict[Var, Atom] = {}
            values = [self.lane(value, lane, known) for _, value in moved]
            for (v, _), value in zip(moved, values, strict=True):
                self.b.store(self.row(v), (lane,), value)

    # -- regions -----------------------------------------------------------------------------------------------------

    def repeated(self, stmt: Loop | While) -> None:
        """A loop: carried scalars live in rows, from which they are read after it too."""
        wide = [c for c in stmt.carried if c.var in self.wide]
        scalars = [c for c in wide if not self.fn.types[c.var.name].rank]
        arrays = [c for c in wide if self.fn.types[c.var.name].rank]
        self.copied([(c.var, c.init) for c in scalars])
        inits = [self.array_of(c.init) for c in arrays]
        for c, init in zip(arrays, inits, strict=True):
            self.arrays[c.var] = self.named(c.var, init)
        with self.b.block() as condition:
            if isinstance(stmt, While):
                self.block(stmt.condition)
        with self.b.block() as body:
            self.block(stmt.body)
            self.copied([(c.var, c.next) for c in scalars])
            nexts = [self.array_of(c.next) for c in arrays]
        carried = [c for c in stmt.carried if c not in wide]
        for c, init, after in zip(arrays, inits, nexts, strict=True):
            self.arrays[c.out] = self.named(c.out, init)
            carried.append(Carry(self.arrays[c.var], init, after, self.arrays[c.out]))
        for c in scalars:
            self.rows[c.out] = self.row(c.var)
        made = replace(stmt, carried=tuple(carried), body=tuple(body))
        self.b.add(replace(made, condition=tuple(condition)) if isinstance(made, While) else made)

    def array_of(self, atom: Atom) -> Var:
        """An array with lanes that is handed on."""
        found = self.spread(atom)
        assert isinstance(found, Var)
        return found

    def named(self, v: Var, like: Var) -> Var:
        """A name for an array that is handed on: of the type it has with lanes, and of its own extents."""
        return self.b.var(v.name, self.b.types[like.name], (*self.fn.shape(v), self.count))

    def branch(self, stmt: Branch) -> None:
        """A branch: the scalars it yields are written into rows by both arms."""
        wide = [o for o in stmt.outs if o.var in self.wide]
        scalars = [o for o in wide if not self.fn.types[o.var.name].rank]
        arrays = [o for o in wide if self.fn.types[o.var.name].rank]
        with self.b.block() as then:
            self.block(stmt.then)
            self.copied([(o.var, o.then) for o in scalars])
            thens = [self.array_of(o.then) for o in arrays]
        with self.b.block() as other:
            self.block(stmt.other)
            self.copied([(o.var, o.other) for o in scalars])
            others = [self.array_of(o.other) for o in arrays]
        outs = [o for o in stmt.outs if o not in wide]
        for o, a, c in zip(arrays, thens, others, strict=True):
            self.arrays[o.var] = self.named(o.var, a)
            outs.append(Out(self.arrays[o.var], a, c))
        self.b.add(replace(stmt, then=tuple(then), other=tuple(other), outs=tuple(outs)))
