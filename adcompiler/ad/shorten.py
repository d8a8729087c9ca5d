"""Carried cotangents that an iteration only scales: the factor is computed on its own, apart from the cotangent.

The iterations of a reversed loop wait for each other through what they carry. Where a cotangent leaves an iteration as
a multiple of what entered, the lines between, run from one, give the factor, and all that is left to wait for is one
product. Cotangents are linear in cotangents, so only rounding changes.
"""

from __future__ import annotations

from collections.abc import Iterable

from adcompiler.analysis.scaling import LONG, MANY, scales, waits
from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.walk import all_reads, defines
from adcompiler.ir.wengert import Assign, Atom, Stmt, Var


def shortened(b: Builder, lines: list[Stmt], given: Var, end: Atom) -> Atom:
    """The cotangent at the end of a reversed iteration, from the factor where that is worth it.

    Before:  t = g * a; u = t * c; v = g * d; g_next = u - v
    After:   t = g * a; u = t * c; v = g * d; f = a * c; h = f - d; g_next = g * h

    `lines` is the open block of the body; the factor's lines are appended.
    """
    chain = scaling(b, lines, given, end)
    if not chain or len(chain) > MANY or waits(chain, given)[end] < LONG:
        return end
    factors: dict[Atom, Atom] = {given: scalar(1.0, b.type(given).dtype)}
    for stmt in chain:
        factors[stmt.target] = b.emit(stmt.op, *(factors.get(a, a) for a in stmt.args), hint="factor")
    product = "cut" if any(stmt.op == "cut" for stmt in chain) else "mul"
    return b.emit(product, given, factors[end], hint=str(given))


def scaling(b: Builder, lines: Iterable[Stmt], given: Var, end: Atom) -> list[Assign]:
    """The lines from `given` to `end`, where each result is a multiple of `given`; nothing where one is not."""
    needed, back = {end}, list[Stmt]()
    for stmt in reversed(tuple(lines)):
        if not needed.isdisjoint(defines(stmt)):
            back.append(stmt)
            needed |= all_reads([stmt])
    found, led = list[Assign](), {given}
    for stmt in reversed(back):
        if led.isdisjoint(all_reads([stmt])):
            continue
        if (
            not isinstance(stmt, Assign)
            or not scales(b.type, stmt, led)
            or b.type(stmt.target).dtype != b.type(given).dtype
        ):
            return []
        led.add(stmt.target)
        found.append(stmt)
    return found if end in led else []


def without_dead(b: Builder, lines: Iterable[Stmt], wanted: Iterable[Atom]) -> list[Stmt]:
    """Lines without the scalar ones that nothing reads."""
    live, kept = set(wanted), list[Stmt]()
    for stmt in reversed(tuple(lines)):
        if not isinstance(stmt, Assign) or stmt.target in live or b.type(stmt.target).rank:
            kept.insert(0, stmt)
            live |= all_reads([stmt])
    return kept
