"""Copies that stand for views: NumPy's `reshape` of strided memory is a view or a copy, as the strides allow.

The lines always copy there. That is right unless memory is written while both are in use; then the program is
refused, because whether the one sees the write of the other is known only to NumPy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from adcompiler.analysis.alias import Aliases, aliases
from adcompiler.errors import UnsupportedSyntax
from adcompiler.ir.build import Builder
from adcompiler.ir.walk import blocks, operands, yields
from adcompiler.ir.wengert import Assign, Func, Loop, Stmt, Store, Var, While

_FOREVER = 1 << 60


def snapshot(b: Builder, array: Var) -> Var:
    """A copy of the array that may have to be a view."""
    copied = b.emit("copy", array, hint=array.name)
    b.snapshots.append((copied, array, b.span))
    return copied


@dataclass(slots=True)
class _Places:
    """Where memory is read and written, by class of names, and which stretches are loops."""

    made: dict[Var, int] = field(default_factory=dict)
    reads: dict[Var, list[int]] = field(default_factory=dict)
    writes: dict[Var, list[int]] = field(default_factory=dict)
    loops: list[tuple[int, int]] = field(default_factory=list)

    def meet(self, origin: int, write: int, read: int) -> bool:
        """Whether memory copied at `origin` can be written at one place before it is read at the other."""
        together = any(first <= min(write, read) and max(write, read) <= last for first, last in self._around(origin))
        return write > origin and (read > write or together)

    def _around(self, origin: int) -> Iterator[tuple[int, int]]:
        return ((first, last) for first, last in self.loops if not first <= origin <= last)


def check(b: Builder, fn: Func) -> None:
    """Refuse the function where a write would tell one of its snapshots from a view."""
    if not b.snapshots:
        return
    known = aliases(fn)
    places = _Places()
    _survey(fn, known, fn.body, places, 0)
    for var in (*fn.params, *(r for r in fn.results if isinstance(r, Var))):
        places.reads.setdefault(known.root(var), []).append(_FOREVER)
    for copied, source, span in b.snapshots:
        if copied in places.made and _told_apart(b, places, known, copied, source):
            raise UnsupportedSyntax(
                "NumPy may give a view or a copy here, and memory is written while both are in use",
                span,
                "make the copy yourself with .copy() before the reshape, or write before you reshape",
            )


def _told_apart(b: Builder, places: _Places, known: Aliases, copied: Var, source: Var) -> bool:
    ours, theirs = known.root(copied), known.root(source)
    line = b.made.get(copied.name)
    # an array that is filled element by element is written by that alone: NumPy gives a view that cannot be written
    filled = isinstance(line, Assign) and line.op == "empty"
    return any(
        places.meet(places.made[copied], write, read)
        for written, read_from in ([(theirs, ours)] if filled else [(theirs, ours), (ours, theirs)])
        for write in places.writes.get(written, ())
        for read in places.reads.get(read_from, ())
    )


def _survey(fn: Func, known: Aliases, block: Iterable[Stmt], places: _Places, at: int) -> int:
    """Number the statements in order of the text; the next number."""
    for stmt in block:
        first = at
        at += 1
        if isinstance(stmt, Assign):
            places.made[stmt.target] = first
        if isinstance(stmt, Store):
            places.writes.setdefault(known.root(stmt.array), []).append(first)
        _note_reads(fn, known, places, stmt, first)
        for nested in blocks(stmt):
            at = _survey(fn, known, nested, places, at)
        if isinstance(stmt, (Loop, While)):
            places.loops.append((first, at))
    return at


def _note_reads(fn: Func, known: Aliases, places: _Places, stmt: Stmt, at: int) -> None:
    skipped = stmt.array if isinstance(stmt, Store) else None
    for atom in (*operands(stmt), *yields(stmt)):
        if isinstance(atom, Var) and fn.types[atom.name].rank and atom != skipped:
            places.reads.setdefault(known.root(atom), []).append(at)


__all__ = ["check", "snapshot"]
