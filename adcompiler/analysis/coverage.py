"""Reads whose element the same iteration has written: a work array's contents between iterations do not matter.

A store covers a read if for every execution of the read there is one of the store, earlier in the same iteration of a
given loop, that writes the same element. Each axis of the store must be one loop index, or one position in a slice,
plus terms that the read sees as well; solving the axes for these gives the execution, and its ranges are proven with
linear constraints.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

from adcompiler.analysis.access import Access, loop_limits
from adcompiler.analysis.constraints import Form, feasible, symbol
from adcompiler.analysis.dependence import Dependence, exclusive, shared
from adcompiler.analysis.scope import Frame, Path, block_at
from adcompiler.ir.wengert import Func, Loop, Store, Var


@dataclass(frozen=True, slots=True)
class Facts:
    """Forms that are not negative, and forms that are zero."""

    limits: tuple[Form, ...] = ()
    equal: tuple[Form, ...] = ()


NOTHING = Facts()


def covered(over: Dependence, read: Access, loop: Path) -> bool:
    """Whether each element of `read` was written earlier in the same iteration of the loop at `loop`.

    An addition does not count: what it leaves depends on what was there.
    """
    root = over.memory.root(read.base)
    return any(covers(over, w, read, loop) for w in over.writes.get(root, ()) if not is_add(over.fn, w))


def settled(over: Dependence, read: Access, loop: Path) -> bool:
    """Whether each element of `read` was written earlier in the same iteration, or is written in no other one.

    So it is for a work array with a margin of elements that nobody writes.
    """
    writes = over.writes.get(over.memory.root(read.base), ())
    return all(
        any(covers(over, w, read, loop, elsewhere(over, read, other, loop)) for w in writes if not is_add(over.fn, w))
        for other in writes
    )


def elsewhere(over: Dependence, read: Access, other: Access, loop: Path) -> Facts:
    """What is known of an element of `read` that `other` touches in any iteration of the loop."""
    if other.base != read.base:
        return Facts()
    common = [f for f in shared(read.frames, other.frames) if f.is_loop]
    around = {f.path for f in common[: next(k for k, f in enumerate(common) if f.path == loop)]}
    names = over.renaming(read, other, around)
    equal = [a - b.rename(names) for a, b in zip(read.axes, other.axes, strict=True) if a is not None and b is not None]
    return Facts(tuple(f.rename(names) for f in over.limits(other)), tuple(equal))


def is_add(fn: Func, access: Access) -> bool:
    """Whether an access is `a[i] += v`."""
    stmt = block_at(fn, access.path)[access.path[-1]]
    return isinstance(stmt, Store) and stmt.add


def covers(over: Dependence, write: Access, read: Access, loop: Path, facts: Facts = NOTHING) -> bool:
    """Whether `write` comes before `read` and reaches every element of it of which the facts hold."""
    if write.base != read.base or write.path > read.path or exclusive(write.frames, read.frames):
        return False
    common = shared(write.frames, read.frames)
    if all(f.path != loop for f in common):
        return False
    return runs_through(own := write.frames[len(common) :]) and solved(over, write, anywhere(read), own, facts)


def reaches(over: Dependence, write: Access, read: Access) -> bool:
    """Whether every element of `read` is written by `write`, whose loops have ended where those of `read` begin."""
    before = write.base == read.base and write.path[0] < read.path[0]
    return before and runs_through(write.frames) and solved(over, write, anywhere(read), write.frames, NOTHING)


def runs_through(frames: tuple[Frame, ...]) -> bool:
    """Whether blocks are the bodies of loops that run all their iterations."""
    return all(isinstance(f.region, Loop) and f.region.until is None for f in frames)


def anywhere(read: Access) -> Access:
    """The access with a position that may be any along the axes where it is not known."""
    axes, limits = list(read.axes), list(read.limits)
    for k, axis in enumerate(axes):
        if axis is None:
            axes[k] = at = symbol(("anywhere", k))
            limits += [at, read.extents[k].shift(-1) - at]
    return replace(read, axes=tuple(axes), limits=tuple(limits))


def solved(over: Dependence, write: Access, read: Access, own: tuple[Frame, ...], facts: Facts) -> bool:
    """Whether the axes give every loop of `own` an index, and every position in a slice, inside its range."""
    unknown: set[Hashable] = {f.region.index for f in own if isinstance(f.region, Loop)}
    unknown |= {s for form in write.limits for s, _ in form.terms if isinstance(s, tuple) and s[0] == "position"}
    values: dict[Hashable, Form] = {}
    for there, here in zip(write.axes, read.axes, strict=True):
        if there is None or here is None:
            return False
        free = [(s, c) for s, c in there.terms if s in unknown and s not in values]
        if len(free) > 1 or any(abs(c) != 1 for _, c in free):
            return False
        rest = there
        for s, value in values.items():
            rest = rest.plus(symbol(s), -rest.coefficient(s)).plus(value, there.coefficient(s))
        if free:
            s, c = free[0]
            values[s] = (here - rest.plus(symbol(s), -c)).times(c)
        elif rest != here:
            return False
    known = Facts((*over.limits(read), *facts.limits), facts.equal)
    return unknown == set(values) and all(unit_step(over, f) for f in own) and in_range(over, write, known, own, values)


def unit_step(over: Dependence, frame: Frame) -> bool:
    """Whether a loop leaves out no index of its range."""
    step = over.affine.form(frame.region.step) if isinstance(frame.region, Loop) else None
    return step is not None and not step.terms and abs(step.constant) == 1


def in_range(
    over: Dependence, write: Access, known: Facts, own: tuple[Frame, ...], values: dict[Hashable, Form]
) -> bool:
    """Whether the solved indices never leave their ranges while the read executes, of which something is known."""
    for limit in (*loop_limits(over.affine, own), *write.limits):
        for s, value in values.items():
            c = limit.coefficient(s)
            limit = limit.plus(symbol(s), -c).plus(value, c)
        if feasible([*known.limits, limit.times(-1).shift(-1)], known.equal):
            return False
    return True


def is_work(over: Dependence, root: Var, reads: list[Access], loop: Path) -> bool:
    """Whether an array only serves within iterations: read nowhere else, and written before it is read in each."""
    results = {over.memory.root(r) for r in over.fn.results if isinstance(r, Var)}
    adds = [w for w in over.writes.get(root, ()) if is_add(over.fn, w)]
    if root in results or len(reads) != len(over.reads.get(root, ())) or not all(inside(w, loop) for w in adds):
        return False
    return all(covered(over, access, loop) for access in (*reads, *adds))


def inside(access: Access, loop: Path) -> bool:
    """Whether a statement lies in the loop at `loop`."""
    return any(f.path == loop for f in access.frames)
