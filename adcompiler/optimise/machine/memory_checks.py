"""Before arrays are made, their bytes are compared with the memory that is free.

Linux promises memory that is not there, and ends the process that fills it. So a test stands before the first of the
arrays that are made together, on all that they and those made since the last loop will fill.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from adcompiler.emit.folding import is_temporary
from adcompiler.emit.runtime_calls import MANY
from adcompiler.errors import NO_ROOM, Span
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.ops import kind
from adcompiler.ir.spelling import base_name, numbered_words
from adcompiler.ir.walk import map_blocks, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Const, Func, Grow, Load, Loop, Stmt, Store, Var, While

_ADVICE = "checkpoint(), checkpointed_range() or memory= records less"
_ASSIGNED = re.compile(r"\s*(\w+)(\[.*\])?\s*([-+*/%@&|^]|//|\*\*|<<|>>)?=(?!=)")
_TAPE = re.compile(r".*tape(_\d+)?")


def check_room(fn: Func) -> Func:
    """Raise MemoryError before an array is made that does not fit.

    Before:  tape = empty(n, m); for i in range(n): ...
    After:   check short(8.0 * n * m); tape = empty(n, m); for i in range(n): ...
    """
    rooms = _Rooms(Builder.of(fn), fn)
    body = rooms.block(fn.body)
    return with_body(fn, body, rooms.b)


@dataclass(slots=True)
class _Rooms:
    b: Builder
    fn: Func
    words: frozenset[str] = field(init=False)
    holds: dict[Var, dict[str, None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.words = numbered_words(self.fn)
        spans = {s.target: s.span for s in walk(self.fn.body) if isinstance(s, (Assign, Load))}
        for stmt in walk(self.fn.body):
            if isinstance(stmt, Store) and isinstance(stmt.value, Var) and _TAPE.fullmatch(stmt.array.name):
                named = self.named(stmt.value, spans.get(stmt.value))
                self.holds.setdefault(stmt.array, {})[named] = None

    def named(self, value: Var, span: Span | None) -> str:
        """The user's variable that a value is, or that its line computes; nothing where there is none."""
        if not is_temporary(value, span):
            return f"'{base_name(value.name, self.words)}'"
        found = _ASSIGNED.match(span.text) if span else None
        return f"'{found[1]}'" if found else ""

    def block(self, block: Block) -> Block:
        """A block with its tests."""
        since: list[Assign] = []
        tested: set[Var] = set()
        with self.b.block() as lines:
            for position, stmt in enumerate(block):
                if not isinstance(stmt, (Assign, Load, Store)):
                    since = []
                elif isinstance(stmt, Assign) and is_made(stmt) and stmt.target not in tested:
                    together = list(_together(block[position:]))
                    since += together
                    tested |= {s.target for s in together}
                    self.test(since, together, _next_loop(block[position:]))
                if isinstance(stmt, Grow):
                    stmt = replace(stmt, message=self.records([stmt.array]))
                self.b.add(map_blocks(stmt, self.block))
        return tuple(lines)

    def test(self, since: Sequence[Assign], together: Sequence[Assign], loop: Stmt | None) -> None:
        """Lines that raise where the arrays do not fit."""
        sizes: dict[tuple[Atom, ...], int] = {}
        for stmt in since:
            shape = self.fn.shape(stmt.target)
            free = tuple(sorted((a for a in shape if isinstance(a, Var)), key=str))
            each = self.fn.types[stmt.target.name].numpy.itemsize
            for a in shape:
                each *= int(a.number) if isinstance(a, Const) else 1
            sizes[free] = sizes.get(free, 0) + each
        if not any(sizes) and sizes.get((), 0) < MANY:
            return
        tapes = [s for s in together if s.target in self.holds]
        if not tapes and all(map(self.as_an_argument, together)):
            return
        span = loop.span if tapes and isinstance(loop, (Loop, While)) else together[0].span
        with self.b.at(span or together[0].span):
            need: Atom = Const(float(sizes.pop((), 0)))
            for extents, size in sizes.items():
                term: Atom = Const(float(size))
                for extent in extents:
                    term = self.b.emit("mul", term, extent, hint="size")
                need = term if need == Const(0.0) else self.b.emit("add", need, term, hint="size")
            self.b.check(self.b.emit("short", need, hint="failed"), "MemoryError", self.message(together, tapes))

    def as_an_argument(self, stmt: Assign) -> bool:
        """Whether an array is no larger than one that the caller has."""
        extents = Counter(a for a in self.fn.shape(stmt.target) if a != Const(1))
        return any(extents <= Counter(self.fn.shape(p)) for p in self.fn.params)

    def message(self, together: Sequence[Assign], tapes: Sequence[Assign]) -> str:
        """What the arrays are for, and what can be done."""
        if not tapes:
            names = dict.fromkeys(self.named(s.target, s.span) for s in together)
            return f"{NO_ROOM} for {listed(names, 'arrays')}"
        return self.records([s.target for s in tapes])

    def records(self, tapes: Sequence[Var]) -> str:
        """What tapes are for."""
        names = dict.fromkeys(n for tape in tapes for n in self.holds.get(tape, {}))
        return f"{NO_ROOM} for the records of {listed(names, 'values')}; {_ADVICE}"


def listed(names: dict[str, None], others: str) -> str:
    """Names in a sentence."""
    own = [n for n in names if n]
    return " and ".join([*[", ".join(own)][: len(own)], *[f"intermediate {others}"][: "" in names or not own]])


def is_made(stmt: Stmt) -> bool:
    """Whether a line makes an array."""
    return isinstance(stmt, Assign) and kind(stmt.op) == "alloc"


def _together(block: Sequence[Stmt]) -> Iterator[Assign]:
    """The arrays made before the next region of which the first line of a block knows the extents."""
    made: set[Atom] = set()
    for stmt in block:
        if not isinstance(stmt, (Assign, Load)):
            return
        if isinstance(stmt, Assign) and is_made(stmt) and not made.intersection(stmt.args):
            yield stmt
        made.add(stmt.target)


def _next_loop(block: Sequence[Stmt]) -> Stmt | None:
    return next((s for s in block if isinstance(s, (Loop, While))), None)


__all__ = ["check_room"]
