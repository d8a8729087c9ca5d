"""How often a loop runs: from its range, or from the count that it carries."""

from __future__ import annotations

from collections.abc import Mapping

from adcompiler.ad.prepare import Prepared
from adcompiler.analysis.scope import Definition
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.wengert import Atom, Const, Loop, Var, While


def trip_count(b: Builder, stmt: Loop) -> Atom:
    """Lines computing how often a counted loop runs if nothing leaves it; not positive where it never does."""
    length = b.int("sub", stmt.stop, stmt.start)
    if stmt.step == ONE:
        return length
    # the quotient rounded up, for either sign of the step
    return b.int("sub", Const(0), b.int("floordiv", b.int("sub", stmt.start, stmt.stop), stmt.step))


def trips_of(b: Builder, primal: Prepared, region: Loop | While) -> Atom:
    """The number of trips a loop made, never negative."""
    counter = primal.counter(region)
    if counter is not None:
        return counter.out
    assert isinstance(region, Loop)
    return b.int("maximum", trip_count(b, region), ZERO)


def trip_atoms(primal: Prepared, region: object) -> tuple[Atom, ...]:
    """The atoms from which the number of trips of a loop follows."""
    assert isinstance(region, (Loop, While))
    counter = primal.counter(region)
    if counter is not None:
        return (counter.out,)
    assert isinstance(region, Loop)
    return (region.start, region.stop, region.step)


def reversed_range(b: Builder, primal: Prepared, stmt: Loop | While) -> tuple[Var, Atom, Atom, Atom]:
    """Index, start, stop and step of the loop that visits the iterations last first."""
    counter = primal.counter(stmt)
    if isinstance(stmt, While):
        assert counter is not None
        return b.like(counter.var, "k"), b.int("sub", counter.out, ONE), Const(-1), Const(-1)
    index = b.like(stmt.index)
    if counter is None and stmt.step == ONE:
        return index, b.int("sub", stmt.stop, ONE), b.int("sub", stmt.start, ONE), Const(-1)
    if counter is None and stmt.step == Const(-1):
        return index, b.int("add", stmt.stop, ONE), b.int("add", stmt.start, ONE), ONE
    trips: Atom = counter.out if counter else trip_count(b, stmt)
    last = b.int("add", stmt.start, b.int("mul", b.int("sub", trips, ONE), stmt.step))
    return index, last, b.int("sub", stmt.start, stmt.step), b.int("sub", Const(0), stmt.step)


def is_known(region: object, defs: Mapping[Var, Definition]) -> bool:
    """Whether the length of a loop is known at the top level of the function."""
    if not isinstance(region, Loop):
        return False
    return not any(isinstance(a, Var) and defs[a].frames for a in (region.start, region.stop, region.step))
