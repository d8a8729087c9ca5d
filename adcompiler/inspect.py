"""Any stage of a transformed function for people to read: the Wengert list, the adjoint, what is recorded and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from adcompiler.analysis.activity import active
from adcompiler.entry import Entry
from adcompiler.ir.walk import all_defs, defines, inner, walk
from adcompiler.ir.wengert import Assign, Func, Grow, Load, Loop, Note, Stmt, Var, While
from adcompiler.views import adjoint_module, spelled, stand_alone, user_lines

if TYPE_CHECKING:
    from collections.abc import Iterator


class Views:
    """What a transformed function shows of itself; example arguments may be left out after a first call."""

    last: Entry | None

    def entry(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Entry, tuple[Any, ...]]:
        """The code for a call."""
        raise AssertionError("given by the transformed function")

    def _shown(self, args: tuple[Any, ...]) -> Entry:
        if args or self.last is None:
            return self.entry(args, {})[0]
        return self.last

    def wengert(self, *args: Any) -> Wengert:
        """The Wengert list of the function with types, activity and what is recorded; prints as a table."""
        return Wengert(self._shown(args))

    def adjoint_source(self, *args: Any) -> str:
        """The readable adjoint: the text of a module that runs with NumPy alone."""
        return adjoint_module(self._shown(args).compiled)

    def lowered_source(self, *args: Any) -> str:
        """The text that Numba compiles: arrays as loops."""
        return self._shown(args).compiled.text

    def explain(self, *args: Any) -> str:
        """A report: what is active, what is recorded or recomputed, which loops run how, compile time by stage."""
        return "\n".join(explanation(self._shown(args)))

    def show(self, *args: Any) -> str:
        """The user's code, then the adjoint."""
        entry = self._shown(args)
        return f"{user_lines(entry.compiled.span)}\n\n{adjoint_module(entry.compiled)}"

    def export(self, path: str, *args: Any) -> None:
        """Write a module that needs only NumPy and Numba."""
        Path(path).write_text(stand_alone(self._shown(args).compiled), encoding="utf-8")

    def dispatcher(self, *args: Any) -> Any:
        """The Numba function, to be called from the user's own `@njit` code.

        It takes the run-time leaves of the arguments, then the hidden parameters, and returns the results and the
        derivatives as one tuple.
        """
        entry, values = self.entry(args, {})
        return entry.compiled.load(entry.leaves(values, private=True))


class Wengert:
    """The Wengert list of one signature."""

    def __init__(self, entry: Entry) -> None:
        self.func: Func = entry.lowered.func
        self.active = active(self.func, [self.func.params[k] for k in entry.wrt])
        self.recorded = frozenset(name for name, _ in tapes(entry.compiled.func))

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Each line with its type and its marks."""
        yield from ((spelled_type(self.func, p), str(p), self.marks(p)) for p in self.func.params)
        for depth, stmt in nested(self.func.body, 0):
            if isinstance(stmt, Note):
                continue
            names = [*defines(stmt), *inner(stmt)]
            mark = self.marks(names[0]) if names and isinstance(stmt, (Assign, Load)) else ""
            type = spelled_type(self.func, names[0]) if names and isinstance(stmt, (Assign, Load)) else ""
            yield type, "    " * depth + spelled(stmt), mark

    def marks(self, name: Var) -> str:
        """ "active" and "recorded" where they hold."""
        found = ["active"] if name in self.active else []
        return ", ".join(found + (["recorded"] if str(name) in self.recorded else []))

    def __str__(self) -> str:
        rows = list(self.rows())
        types, lines = (max((len(r[k]) for r in rows), default=0) for k in (0, 1))
        return "\n".join(f"{t:{types}}  {line:{lines}}  {mark}".rstrip() for t, line, mark in rows)

    __repr__ = __str__


def nested(block: tuple[Stmt, ...], depth: int) -> Iterator[tuple[int, Stmt]]:
    """Every statement with its depth."""
    from adcompiler.ir.walk import blocks

    for stmt in block:
        yield depth, stmt
        for inside in blocks(stmt):
            yield from nested(inside, depth + 1)


def spelled_type(fn: Func, name: Var) -> str:
    """The type of a name."""
    return str(fn.types[name.name])


def tapes(fn: Func) -> Iterator[tuple[str, Assign]]:
    """The names recorded by a joint function, with the lines that allocate their tapes."""
    for stmt in walk(fn.body):
        if isinstance(stmt, Assign) and stmt.op == "empty" and "_tape" in stmt.target.name:
            yield stmt.target.name.split("_tape")[0], stmt


def explanation(entry: Entry) -> Iterator[str]:
    """The lines of the report."""
    func, primal = entry.compiled.func, entry.lowered.func
    moved = active(primal, [primal.params[k] for k in entry.wrt])
    yield f"{primal.name}: {entry.kind}"
    yield f"  active:  {', '.join(sorted(str(v) for v in moved if not str(v).startswith('t_'))) or 'nothing'}"
    written = ", ".join(str(primal.params[k]) for k in sorted(entry.lowered.written))
    if written:
        yield f"  written: {written} (copied once at each call)"
    found = list(tapes(func))
    for name, line in found:
        grows = any(isinstance(s, Grow) and s.array == line.target for s in walk(func.body))
        extents = " x ".join(str(a) for a in line.args)
        rows = f"{func.types[line.target.name].dtype}, {'grows with the trips' if grows else extents}"
        yield f"  recorded: {name} ({rows})"
    if not found:
        yield "  recorded: nothing; what the reverse sweep needs is recomputed or reloaded"
    for stmt in walk(func.body):
        if isinstance(stmt, (Loop, While)):
            yield f"  loop: {spelled(stmt)}"
    names = len(all_defs(func.body))
    yield f"  generated: {names} names"
    for stage, seconds in entry.compiled.seconds.items():
        yield f"  compile: {stage} {seconds * 1e3:.0f} ms"
