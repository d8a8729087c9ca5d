"""Memory dependence between statements, proven with linear constraints on their indices.

Two executions of statements touch the same element only if their indices agree, each index lies in its loop's range,
and the later one comes later. Where a system of such constraints has no solution, there is no dependence; anything
that is not linear is left out of the system, so that it can only say "may".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from adcompiler.analysis.access import Access, Accesses, loop_limits
from adcompiler.analysis.affine import Affine, affine
from adcompiler.analysis.alias import Aliases, aliases
from adcompiler.analysis.constraints import Form, feasible, symbol
from adcompiler.analysis.digits import Digits
from adcompiler.analysis.scope import Definition, Frame, Path, definitions, sites
from adcompiler.ir.once import once
from adcompiler.ir.ops import kind
from adcompiler.ir.wengert import Assign, Atom, Branch, Const, Func, Index, Load, Loop, Slice, Stmt, Store, Var, While


@dataclass(slots=True)
class Dependence:
    """The stores of a function by alias class, and questions about them."""

    fn: Func
    defs: dict[Var, Definition]
    memory: Aliases
    affine: Affine
    accesses: Accesses
    writes: dict[Var, list[Access]] = field(default_factory=dict)
    reads: dict[Var, list[Access]] = field(default_factory=dict)
    bases: set[Var] = field(default_factory=set)
    names: dict[Var, list[Var]] = field(default_factory=dict)
    memo: dict[tuple[Path, Var, frozenset[Path]], bool] = field(default_factory=dict)

    def overwritten(
        self, array: Var, index: Index, path: Path, frames: tuple[Frame, ...], joined: frozenset[Path] = frozenset()
    ) -> bool:
        """Whether an element that the statement at `path` reads may be overwritten before the function ends.

        Inside a loop of `joined`, before the same iteration of it ends.
        """
        if (path, array, joined) not in self.memo:
            read = self.accesses.access(array, index, path, frames)
            writes = self.writes.get(self.memory.root(array), ())
            self.memo[path, array, joined] = any(self.meets_later(read, write, joined) for write in writes)
        return self.memo[path, array, joined]

    def spoiled(self, array: Var, index: Index, path: Path, frames: tuple[Frame, ...]) -> bool:
        """Whether an element may be overwritten after it is read and before the same iteration ends.

        This is what remains of `overwritten` where the reverse sweep undoes every store.
        """
        read = self.accesses.access(array, index, path, frames)
        loops = [f for f in frames if f.is_loop]
        for write in self.writes.get(self.memory.root(array), ()):
            common = [f for f in shared(frames, write.frames) if f.is_loop]
            if len(common) == len(loops) and write.path > path and not exclusive(frames, write.frames):
                if self.meet(read, write, common, None):
                    return True
        return False

    def exchanges(self, loop: Loop | While) -> bool:
        """Whether the arrays that a loop carries are buffers that change places, top-level ones before the loop.

        They keep their extents: the reverse sweep, which exchanges them back, records none.
        """
        arrays = [c for c in loop.carried if self.fn.types[c.var.name].rank]
        top = all(isinstance(c.init, Var) and not self.defs[c.init].frames for c in arrays)
        same = all(self.fn.shape(c.var) == self.fn.shape(c.init) for c in arrays)
        return top and same and bool(arrays) and {c.next for c in arrays} == {c.var for c in arrays}

    def written(self, array: Var) -> bool:
        """Whether anything is stored into the memory of an array, under its name or one that it is given later."""
        if not self.bases:
            self.bases = {w.base for writes in self.writes.values() for w in writes}
            for stmt, _, _ in sites(self.fn.body):
                for var, sources in handed(stmt):
                    for source in sources:
                        if isinstance(source, Var) and self.fn.types[source.name].rank:
                            self.names.setdefault(self.base(source), []).append(var)
        agenda, seen = [self.base(array)], set[Var]()
        while agenda:
            name = agenda.pop()
            if name in self.bases:
                return True
            if name not in seen:
                seen.add(name)
                agenda += self.names.get(name, ())
        return False

    def base(self, array: Var) -> Var:
        """The owner of the memory of an array, views looked through."""
        return self.accesses.access(array, everything(self.fn, array), (), ()).base

    def lasting(
        self, store: Store, path: Path, frames: tuple[Frame, ...], joined: frozenset[Path] = frozenset()
    ) -> bool:
        """Whether the element that a store writes keeps its value until the function ends.

        Inside a loop of `joined`, until the same iteration of it ends.
        """
        here = self.accesses.access(store.array, store.index, path, frames)
        return not any(self.meets_later(here, write, joined) for write in self.writes[self.memory.root(store.array)])

    def meets_later(self, first: Access, second: Access, joined: frozenset[Path] = frozenset()) -> bool:
        """Whether `second` may touch an element of `first` in a later execution.

        For a `first` inside a loop of `joined`, in a later execution of the same iteration of that loop.
        """
        if self.made_anew(first.base, second.base):
            return False
        common = shared(first.frames, second.frames)
        loops = [f for f in common if f.is_loop]
        inner = 0
        if any(f.path in joined for f in first.frames):
            if all(f.path not in joined for f in common):
                return False
            inner = 1 + next(k for k, f in enumerate(loops) if f.path in joined)
        private = max(inner, self.private(first, second))
        if (
            second.path > first.path
            and not exclusive(first.frames, second.frames)
            and self.meet(first, second, loops, None)
        ):
            return True
        return any(self.meet(first, second, loops, level) for level in range(private, len(loops)))

    def made_anew(self, carried: Var, written: Var) -> bool:
        """Whether `carried` comes from earlier iterations of a loop in each of which `written` is a new array."""
        d, e = self.defs.get(carried), self.defs.get(written)
        if d is None or e is None or d.role != "carry" or e.role != "line":
            return False
        return any(f.path == d.path for f in e.frames)

    def private(self, first: Access, second: Access) -> int:
        """The number of outer loops in each of whose iterations the memory is a new one."""
        if first.base != second.base or first.base not in self.defs:
            return 0
        d = self.defs[first.base]
        return len(d.loops) if d.role == "line" else 0

    def across(self, first: Access, second: Access, loop: Path) -> bool:
        """Whether two statements in a loop may touch one element in different iterations of it, in either order."""
        return self.follows(first, second, loop) or self.follows(second, first, loop)

    def follows(self, first: Access, second: Access, loop: Path) -> bool:
        """Whether `second` may touch an element of `first` in a later iteration of a loop that has both in it."""
        loops = [f for f in shared(first.frames, second.frames) if f.is_loop]
        level = next(k for k, f in enumerate(loops) if f.path == loop)
        return level >= self.private(first, second) and self.meet(first, second, loops, level)

    def meet(self, first: Access, second: Access, loops: list[Frame], level: int | None) -> bool:
        """Whether they may touch one element when loops before `level` are in the same iteration and `level` later.

        With `level` None all common loops are in the same iteration.
        """
        same = len(loops) if level is None else level
        renaming = self.renaming(first, second, {f.path for f in loops[:same]})
        limits = [*self.limits(first)]
        limits += [f.rename(renaming) for f in self.limits(second)]
        equal: list[Form] = []
        if first.base != second.base and self.apart(first.base, second.base, {f.path for f in loops[:same]}):
            return False
        if first.base == second.base:
            for a, b in zip(first.axes, second.axes, strict=True):
                if a is not None and b is not None:
                    equal.append(a - b.rename(renaming))
            equal += equal_digits(first.digits, second.digits, renaming)
        orders = [[]] if level is None else self.orders(loops[level], renaming)
        cases = [*first.cases, *([frozenset(f.rename(renaming) for f in c) for c in test] for test in second.cases)]
        return any(
            feasible([*limits, *order, *(f for case in chosen for f in case)], equal)
            for order in orders
            for chosen in product(*cases)
        )

    def apart(self, a: Var, b: Var, same: set[Path]) -> bool:
        """Whether two buffers that a loop exchanges are different ones: in one iteration, and different before it."""
        da, db = self.defs.get(a), self.defs.get(b)
        if (
            da is None
            or db is None
            or da.role != "carry"
            or db.role != "carry"
            or da.path != db.path
            or da.path not in same
        ):
            return False
        assert isinstance(da.stmt, (Loop, While))
        carried = [c for c in da.stmt.carried if self.fn.types[c.var.name].rank]
        if {c.next for c in carried} != {c.var for c in carried}:
            return False
        owners = [self.owner(c.init) for c in carried]
        return None not in owners and len(set(owners)) == len(owners)

    def owner(self, array: Atom) -> Var | None:
        """The parameter or allocation that an array name stands for; None where it may be one of several."""
        assert isinstance(array, Var)
        base = self.base(array)
        return base if self.defs[base].role in ("param", "line") else None

    def orders(self, frame: Frame, renaming: dict[object, object]) -> list[list[Form]]:
        """The ways in which an iteration of a loop can be a later one."""
        region = frame.region
        if not isinstance(region, Loop):
            return [[]]
        now, then = symbol(region.index), symbol(renaming[region.index])
        ahead, behind = [then - now.shift(1)], [now - then.shift(1)]
        step = self.affine.form(region.step)
        if step.terms:
            return [ahead, behind]
        return [ahead] if step.constant > 0 else [behind]

    def renaming(self, first: Access, second: Access, same: set[Path]) -> dict[object, object]:
        """New names for what `second` sees differently: all that is defined in loops not in the same iteration."""
        names: dict[object, object] = {}
        tested = (f for test in second.cases for case in test for f in case)
        places = [a for a in second.axes if a is not None]
        if second.digits is not None:
            places += [*second.digits.forms, *second.digits.radices]
        for form in [*self.limits(second), *tested, *places]:
            for s, _ in form.terms:
                if isinstance(s, tuple) and s[0] == "position":
                    names[s] = ("later", s)
                elif isinstance(s, Var) and s in self.defs:
                    if any(f.path not in same for f in self.defs[s].loops):
                        names[s] = ("later", s)
        for frame in second.frames:
            if isinstance(frame.region, Loop) and frame.path not in same:
                names[frame.region.index] = ("later", frame.region.index)
        return names

    def limits(self, access: Access) -> Iterator[Form]:
        """What is known of an access: loop ranges, tests, slices, and that indices were found in bounds."""
        yield from access.limits
        yield from loop_limits(self.affine, access.frames)
        for axis, extent in zip(access.axes, access.extents, strict=True):
            yield extent
            if axis is not None:
                yield from (extent.shift(-1) - axis, axis)


def equal_digits(one: Digits | None, other: Digits | None, renaming: Mapping[object, object]) -> Iterator[Form]:
    """The forms that are zero where two indices are equal: differences of digits, if they have the same radices."""
    if one is not None and other is not None and one.radices == other.radices:
        if all(radix.rename(renaming) == radix for radix in other.radices):
            yield from (a - b.rename(renaming) for a, b in zip(one.forms, other.forms, strict=True))


def shared(a: tuple[Frame, ...], b: tuple[Frame, ...]) -> list[Frame]:
    """The blocks that two places have in common, a loop counting as one block."""
    result = []
    for x, y in zip(a, b, strict=False):
        if x.path != y.path:
            break
        result.append(x)
        if isinstance(x.region, Branch) and x.arm != y.arm:
            break
    return result


def exclusive(a: tuple[Frame, ...], b: tuple[Frame, ...]) -> bool:
    """Whether two places lie in different arms of one branch."""
    return any(x.path == y.path and isinstance(x.region, Branch) and x.arm != y.arm for x, y in zip(a, b, strict=False))


def handed(stmt: Stmt) -> list[tuple[Var, list[Atom]]]:
    """The names that a region gives to what already has one, and what each may be."""
    match stmt:
        case Loop(carried=carried) | While(carried=carried):
            return [(c.var, [c.init, c.next]) for c in carried] + [(c.out, [c.init, c.next, c.var]) for c in carried]
        case Branch(outs=outs):
            return [(o.var, [o.then, o.other]) for o in outs]
        case _:
            return []


def everything(fn: Func, array: Var) -> Index:
    """The index of a whole array."""
    return tuple(Slice(None, None, None, Const(0), extent) for extent in fn.shape(array))


@once
def dependence(fn: Func) -> Dependence:
    """Collect the accesses of a function."""
    defs, memory = definitions(fn), aliases(fn)
    forms = affine(fn)
    accesses = Accesses(forms, defs)
    found = Dependence(fn, defs, memory, forms, accesses)
    for stmt, path, frames in sites(fn.body):
        if isinstance(stmt, Store):
            access = accesses.access(stmt.array, stmt.index, path, frames)
            found.writes.setdefault(memory.root(stmt.array), []).append(access)
        elif isinstance(stmt, Load) and not fn.types[stmt.target.name].rank:
            access = accesses.access(stmt.array, stmt.index, path, frames)
            found.reads.setdefault(memory.root(stmt.array), []).append(access)
        elif isinstance(stmt, Assign) and kind(stmt.op) != "view":
            for array in {a for a in stmt.args if isinstance(a, Var) and fn.types[a.name].rank}:
                access = accesses.access(array, everything(fn, array), path, frames)
                found.reads.setdefault(memory.root(array), []).append(access)
        if isinstance(stmt, Store) and isinstance(stmt.value, Var) and fn.types[stmt.value.name].rank:
            access = accesses.access(stmt.value, everything(fn, stmt.value), path, frames)
            found.reads.setdefault(memory.root(stmt.value), []).append(access)
    return found
