"""Element accesses in terms of the array that owns the memory, with views looked through."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace

from adcompiler.analysis.affine import Affine
from adcompiler.analysis.conditions import Conditions, Conj
from adcompiler.analysis.constraints import Form, feasible, number, symbol
from adcompiler.analysis.digits import Digits, digits
from adcompiler.analysis.known import Known, Scope
from adcompiler.analysis.scope import Definition, Frame, Path
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Assign, Atom, Branch, Index, Load, Loop, NewAxis, Slice, Var

# as many tests with two cases are taken into account around one statement, since cases multiply; none with more
TESTS = 2


@dataclass(frozen=True, slots=True)
class Access:
    """What one statement touches: `axes[k]` is the index along axis `k` of `base`, None where it is not known.

    `limits` are forms that are not negative where the statement runs: of symbols that stand for positions within
    slices, and of tests passed. Of each of `cases`, what a test leaves open, one conjunction holds. `extents` are
    those of the base. `frames` and `path` place the statement. `digits` has those of an index into a flattened array,
    or of an element's place in an array that has another shape.
    """

    base: Var
    axes: tuple[Form | None, ...]
    extents: tuple[Form, ...]
    limits: tuple[Form, ...]
    cases: tuple[list[Conj], ...]
    path: Path
    frames: tuple[Frame, ...]
    digits: Digits | None = None


@dataclass(slots=True)
class Accesses:
    """Builds accesses of one function."""

    affine: Affine
    defs: dict[Var, Definition]
    fresh: int = 0
    found: dict[Hashable, Form | None] = field(default_factory=dict)

    def access(self, array: Var, index: Index, path: Path, frames: tuple[Frame, ...]) -> Access:
        """The elements `array[index]`, seen from the memory's owner."""
        limits: list[Form] = []
        axes: list[Form | None] = []
        extents = iter(self.affine.fn.shape(array))
        for item in index:
            match item:
                case Slice():
                    next(extents)
                    axes.append(self.within(item, limits))
                case NewAxis():
                    pass
                case _:
                    axes.append(self.integer(item, next(extents), frames))
        found = self.through(array, axes, limits, path, frames)
        if len(index) == 1 and isinstance(index[0], Var) and found.base == array:
            known = [*found.limits, *loop_limits(self.affine, frames)]
            return replace(found, digits=digits(self.affine, index[0], known))
        return found

    def through(
        self, array: Var, axes: list[Form | None], limits: list[Form], path: Path, frames: tuple[Frame, ...]
    ) -> Access:
        """Look through the views between `array` and the owner of the memory."""
        flat: Digits | None = None
        while True:
            d = self.defs.get(array)
            stmt = d.stmt if d is not None and d.role == "line" else None
            if isinstance(stmt, Load):
                assert d is not None
                axes = self.compose(stmt, axes, d.frames)
                array, flat = stmt.array, None
            elif isinstance(stmt, Assign) and stmt.op == "transpose" and isinstance(stmt.args[0], Var):
                order = dict(stmt.params)["axes"]
                assert isinstance(order, tuple)
                axes = [axes[order.index(k)] for k in range(len(order))]
                array, flat = stmt.args[0], None
            elif isinstance(stmt, Assign) and stmt.op == "reshape" and isinstance(stmt.args[0], Var):
                flat = flat or self.flattened(array, axes)
                array = stmt.args[0]
                axes = [None] * self.affine.fn.types[array.name].rank
            else:
                break
        extents = tuple(self.affine.form(e) for e in self.affine.fn.shape(array))
        cases = [found for found in map(self.passed, frames) if found]
        limits += [f for found in cases if len(found) == 1 for f in found[0]]
        several = tuple(found for found in cases if len(found) == 2)[:TESTS]
        return Access(array, tuple(axes), extents, tuple(limits), several, path, frames, flat)

    def flattened(self, array: Var, axes: list[Form | None]) -> Digits | None:
        """The place of an element among all of an array, as the digits that its indices are."""
        known = tuple(a for a in axes if a is not None)
        radices = tuple(self.affine.form(extent) for extent in self.affine.fn.shape(array)[1:])
        return Digits(known, radices) if len(known) == len(axes) else None

    def passed(self, frame: Frame) -> list[Conj] | None:
        """The cases of which one holds in an arm of a branch; None for other blocks and where none are known."""
        if not isinstance(frame.region, Branch):
            return None
        return Conditions(self.affine).exactly(frame.region.test, frame.arm == 0)

    def compose(self, view: Load, axes: list[Form | None], frames: tuple[Frame, ...]) -> list[Form | None]:
        """Positions in a view as positions in what it views."""
        inner, extents = iter(axes), iter(self.affine.fn.shape(view.array))
        result: list[Form | None] = []
        for item in view.index:
            match item:
                case Slice(step=step, first=first):
                    next(extents)
                    at, stride = next(inner), self.affine.form(step) if step is not None else number(1)
                    known = at is not None and not stride.terms
                    result.append(self.affine.form(first).plus(at, stride.constant) if known and at else None)
                case NewAxis():
                    next(inner)
                case _:
                    result.append(self.integer(item, next(extents), frames))
        return result

    def integer(self, item: Atom, extent: Atom, frames: tuple[Frame, ...]) -> Form | None:
        """The form of an integer index proven not to count from the end; None for any other.

        That the index was found in bounds helps the proof, and so does how names in it were computed.
        """
        # regions by identity: hashing one hashes all of its lines
        place = item, extent, *((id(frame.region), frame.arm) for frame in frames)
        if place not in self.found:
            self.found[place] = self.proven(item, extent, frames)
        return self.found[place]

    def proven(self, item: Atom, extent: Atom, frames: tuple[Frame, ...]) -> Form | None:
        """What `integer` gives, asked for the first time."""
        if self.affine.fn.type(item).dtype != INDEX.dtype:
            return None
        at, size = self.affine.form(item), self.affine.form(extent)
        known = [*loop_limits(self.affine, frames), size, size.shift(-1) - at, at + size]
        for frame in frames:
            if isinstance(frame.region, Branch):
                known += Conditions(self.affine).known(frame.region.test, frame.arm == 0, known)
        from_the_end = at.times(-1).shift(-1)
        if not feasible([*known, from_the_end]):
            return at
        computed = Known(self.affine, Conditions(self.affine), [Scope(known)])
        return at if computed.impossible(frozenset({from_the_end})) else None

    def within(self, item: Slice, limits: list[Form]) -> Form | None:
        """A position inside a slice: a new symbol between 0 and the slice's size."""
        stride = self.affine.form(item.step) if item.step is not None else number(1)
        if stride.terms:
            return None
        self.fresh += 1
        at = symbol(("position", self.fresh))
        limits += [at, self.affine.form(item.size).shift(-1) - at]
        return self.affine.form(item.first).plus(at, stride.constant)


def loop_limits(affine: Affine, frames: tuple[Frame, ...]) -> Iterator[Form]:
    """Forms that are never negative inside the loops of `frames`."""
    for frame in frames:
        region = frame.region
        if not isinstance(region, Loop):
            continue
        step = affine.form(region.step)
        index, start, stop = symbol(region.index), affine.form(region.start), affine.form(region.stop)
        if not step.terms and step.constant > 0:
            yield from (index - start, stop.shift(-1) - index)
        elif not step.terms and step.constant < 0:
            yield from (start - index, index.shift(-1) - stop)
