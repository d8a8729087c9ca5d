"""How often a loop runs: from its range, or from the count that it carries."""

from __future__ import annotations

from adcompiler.ad.prepare import Prepared
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.wengert import Atom, Const, Loop, While


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
