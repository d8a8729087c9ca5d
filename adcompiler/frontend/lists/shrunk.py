"""Lists from which items are taken away: what is appended next lies where they did.

The items are numbers, which are read at once. Where the whole list is used as an array, that array is a view of the
memory of the list: nothing may use it once the list has got other items. So it is with the items of a list that gets
other memory as it grows, if one of them is written.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

from adcompiler.frontend.refused.table import refusal
from adcompiler.ir.memory import memory_of
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Block, Func, Grow, Load, Loop, Store, Var, While

_HANDED_ON = 1 << 60


@dataclass(slots=True)
class _Views:
    """The views of the lists, each with the list, where it is made and where it is used; the places of appending."""

    fn: Func
    shrunk: Set[Var]
    lists: dict[Var, Var] = field(default_factory=dict)
    made: dict[Var, Load | Assign] = field(default_factory=dict)
    first: dict[Var, int] = field(default_factory=dict)
    uses: list[tuple[Var, int]] = field(default_factory=list)
    writes: list[tuple[Var, int]] = field(default_factory=list)
    loops: list[tuple[int, int]] = field(default_factory=list)

    def survey(self, block: Block, at: int) -> int:
        """Number the statements in order of the text; the next number."""
        for stmt in block:
            here, at = at, at + 1
            source = self.source(stmt)
            if isinstance(stmt, Store) and stmt.array in self.shrunk:
                self.writes.append((stmt.array, here))
            self.uses += [(a, here) for a in operands(stmt) if isinstance(a, Var) and a in self.lists and a != source]
            if source is not None and isinstance(stmt, (Load, Assign)):
                self.lists[stmt.target] = self.lists.get(source, source)
                self.made[stmt.target] = stmt
                self.first[stmt.target] = self.first.get(source, here)
            for nested in blocks(stmt):
                at = self.survey(nested, at)
            if isinstance(stmt, (Loop, While)):
                self.loops.append((here, at))
            carried = [c.init for c in stmt.carried] if isinstance(stmt, (Loop, While)) else []
            self.uses += [(a, _HANDED_ON) for a in (*carried, *yields(stmt)) if isinstance(a, Var) and a in self.lists]
        return at

    def source(self, stmt: object) -> Var | None:
        """The list, or the view of one, of which a line makes a view."""
        match stmt:
            case Load(target=target, array=array) if self.fn.types[target.name].rank:
                found = array
            case Assign(op=op, args=(Var() as array, *_)) if kind(op) == "view":
                found = array
            case _:
                return None
        return found if found in self.lists or found in self.shrunk else None

    def stale(self, view: Var, use: int) -> bool:
        """Whether the list may have got another item between the making of a view and a use."""
        first = self.first[view]
        around = [(start, stop) for start, stop in self.loops if not start <= first <= stop]
        return any(
            write > first and (use > write or any(a <= min(write, use) and max(write, use) <= z for a, z in around))
            for array, write in self.writes
            if array == self.lists[view]
        )


def check_shrunk_lists(fn: Func, shrunk: Set[Var], grown: Set[Var] = frozenset()) -> None:
    """Refuse views of lists that are used when other items may lie where they are, or these lie elsewhere."""
    moved = _moved(fn, grown)
    if not shrunk and not moved:
        return
    views = _Views(fn, shrunk | moved)
    views.survey(fn.body, 0)
    uses = [*views.uses, *((r, _HANDED_ON) for r in fn.results if isinstance(r, Var) and r in views.lists)]
    for view, use in uses:
        if views.stale(view, use):
            key = "changed-while-read" if views.lists[view] in shrunk else "item-while-growing"
            raise refusal(key, views.made[view].span)


def _moved(fn: Func, grown: Set[Var]) -> frozenset[Var]:
    """Lists that get other memory as they grow, and of which an item is written."""
    if not any(isinstance(stmt, Grow) for stmt in walk(fn.body)):
        return frozenset()
    memory = memory_of(fn)
    written = {memory.root(s.array) for s in walk(fn.body) if isinstance(s, Store) and s.array not in grown}
    return frozenset(var for var in grown if memory.grows(var) and memory.root(var) in written)
