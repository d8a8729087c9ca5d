"""Where the lanes of a name are: in the last axis of an array, and for a scalar in a row of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from adcompiler.ir.build import ONE, ZERO, Builder, scalar
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Assign, Atom, Func, NewAxis, Slice, Stmt, Var


@dataclass(slots=True)
class Rows:
    """Where the lanes of each name are.

    Parameters
    ----------
    fn : Func
        The function.
    b : Builder
        Builds the result.
    wide : frozenset of Var
        The names that have lanes.
    uses : Counter of Var
        How often each name is read.

    Of parameters in `places`, and of views of these, is known in which lane each entry is one; it is zero elsewhere.
    """

    fn: Func
    b: Builder
    wide: frozenset[Var]
    uses: Counter[Var]
    count: Atom = ONE
    places: dict[Var, Var] = field(default_factory=dict)
    arrays: dict[Var, Var] = field(default_factory=dict)
    rows: dict[Var, Var] = field(default_factory=dict)
    rows_made: list[Stmt] = field(default_factory=list)

    # -- parameters and results --------------------------------------------------------------------------------------

    def parameters(self, wide: frozenset[int], ones: frozenset[int]) -> list[Var]:
        """The parameters; the number of lanes is the last, or the last extent of the first that has them."""
        found, self.count = list(self.fn.params), self.b.var("lanes", INDEX)
        for k in sorted(wide):
            v = self.fn.params[k]
            type, shape = self.fn.types[v.name], self.fn.shape(v)
            if k in ones:
                kind = INDEX.array(type.rank, "C") if type.rank else INDEX
                found[k] = self.places[v] = self.b.var(f"{v}_lane", kind, shape)
            else:
                found[k] = made = self.b.var(v.name, type.array(type.rank + 1, "C"), (*shape, self.count))
                (self.arrays if type.rank else self.rows)[v] = made
        if ones:
            return [*found, self.count]
        first = found[min(wide)]
        self.rows_made.append(Assign(self.count, "dim", (first,), (("axis", self.b.types[first.name].rank - 1),), None))
        return found

    def write_ones(self, v: Var) -> Var:
        """The array with the lanes of a parameter that has ones, in memory of its own."""
        place, type = self.places[v], self.fn.types[v.name]
        lanes = self.b.emit("arange", ZERO, ONE, self.count, dtype=INDEX.dtype, hint="lanes")
        beside = self.b.load(place, (*self.b.everything(place), NewAxis())) if type.rank else place
        return self.b.emit("cast", self.b.emit("eq", beside, lanes), dtype=type.dtype, hint=v.name)

    def one(self, v: Var, place: Atom, lane: Var) -> Assign:
        """The line that makes `v` one in the lane `place`, and zero in others."""
        dtype = self.b.types[v.name].dtype
        here = self.b.emit("eq", place, lane, hint="here")
        return Assign(v, "where", (here, scalar(1.0, dtype), scalar(0.0, dtype)), (), self.b.span)

    def spread(self, atom: Atom) -> Atom:
        """A result with lanes, the same in each where it depends on none."""
        if isinstance(atom, Var) and atom in self.wide:
            return self.of(atom)
        type, shape = self.fn.type(atom), self.fn.shape(atom)
        if not type.rank:
            return self.b.emit("full", atom, self.count, dtype=type.dtype, hint="same")
        made = self.b.emit("empty", *shape, self.count, dtype=type.dtype, hint="same")
        self.b.store(made, self.b.everything(made), self.beside(atom))
        return made

    # -- values ------------------------------------------------------------------------------------------------------

    def of(self, v: Atom) -> Var:
        """The array with the lanes of a name."""
        assert isinstance(v, Var)
        return self.arrays[v] if self.fn.types[v.name].rank else self.row(v)

    def row(self, v: Var) -> Var:
        """The row with the lanes of a scalar."""
        if v not in self.rows:
            with self.first():
                if v in self.places:
                    self.rows[v] = self.write_ones(v)
                else:
                    self.rows[v] = self.b.emit("empty", self.count, dtype=self.fn.types[v.name].dtype, hint=v.name)
        return self.rows[v]

    @contextmanager
    def first(self) -> Iterator[None]:
        """Build at the start of the function."""
        self.b.stack.append(self.rows_made)
        try:
            yield
        finally:
            self.b.stack.pop()

    def beside(self, atom: Atom) -> Atom:
        """An operand of an operation on lanes: what has none gets an axis of length one for them."""
        if isinstance(atom, Var) and atom in self.wide:
            return self.of(atom)
        if isinstance(atom, Var) and self.fn.types[atom.name].rank:
            return self.b.load(atom, (*self.b.everything(atom), NewAxis()))
        return atom

    @property
    def all(self) -> Slice:
        """All lanes."""
        return Slice(None, None, None, ZERO, self.count)
