"""Loops over items that are known one by one, with a copy of the body for each."""

from __future__ import annotations

import ast

from adcompiler.frontend.flow.branching import branch
from adcompiler.frontend.flow.iteration import Iterable, item, iterable
from adcompiler.frontend.language.binding import bind
from adcompiler.frontend.language.blocks import exited, run_block, stays_out
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.language.repeated import otherwise
from adcompiler.frontend.lists import indexed
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.liveness import CONTINUED, ITERATED
from adcompiler.frontend.state.values import Conflict, RangeValue, Seq, Value, Zipped
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Atom, Const, Loop, Var, While

# how many lines the copies of a body may have together, if one body can do, and for how many a loop in them counts:
# a `for` may run faster where numbers are known, a `while` only takes long to compile
_LINES, _OF_A_LOOP, _OF_A_WHILE = 1000, 30, 400


class Long(Exception):
    """The copies of a body are long, and their items are numbers of one form."""


def run(low: Lowering, node: ast.For, found: Iterable, long: bool = True) -> None:
    """One copy of the body for each item; where a part of the items is shorter at run time, a test before each.

    What is iterated is kept under a name of its own: the body may change a list, and each copy reads it as it is.
    Raises `Long`, unless the copies may be `long`.
    """
    count, start = _most(low, found), len(low.b.stack[-1])
    items = f"{ITERATED}{len(low.frame.path)}.{node.lineno if hasattr(node, 'lineno') else id(node)}"
    low.frame.env[items] = found.value

    def go(k: int) -> None:
        if k == count:
            _unchanged(low, items, found)
            return
        if isinstance(found.length, Const):
            return once(k)
        present = low.b.emit("lt", Const(k), found.length, hint="present", weak=True)
        branch(low, present, lambda: once(k), lambda: None, None, "t")

    def once(k: int) -> None:
        left: Atom = Const(False)
        while left == Const(False) and k < count:
            now = _unchanged(low, items, found)
            bind(low, node.target, item(low, now.value, Const(k)))
            run_block(low, node.body)
            if k == 0 and not long and _cost(low, start) * count > _LINES:
                raise Long
            low.frame.env[CONTINUED] = Const(False)
            left, k = exited(low), k + 1
            if left == Const(False) and not isinstance(found.length, Const):
                return go(k)
        if left == Const(False):
            go(k)
        elif left != Const(True):
            branch(low, left, lambda: stays_out(low, left), lambda: go(k), None, "t")

    go(0)
    low.frame.env.pop(items, None)
    otherwise(low, node)


def _cost(low: Lowering, start: int) -> int:
    lines = list(walk(low.b.stack[-1][start:]))
    loops, whiles = (sum(isinstance(line, kind) for line in lines) for kind in (Loop, While))
    return len(lines) + _OF_A_LOOP * loops + _OF_A_WHILE * whiles


def _unchanged(low: Lowering, items: str, found: Iterable) -> Iterable:
    """What is iterated, of which the body may have changed the items and not their number."""
    value = low.frame.env[items]
    if any(isinstance(part, Conflict) for part in heap.inside(value)):
        raise low.refuse("changed-while-read")
    now = iterable(low, resolved(low, value))
    if now.length != found.length:
        raise low.refuse("changed-while-read")
    return now


def _most(low: Lowering, found: Iterable) -> int:
    """The number of items, or of those of the shortest part whose number is known."""
    if found.most is None:
        raise low.refuse("not-iterable")
    if found.most > 4096:
        raise low.refuse("long-unrolled-loop", count=found.most)
    return found.most


def may_repeat(low: Lowering, node: ast.For, found: Iterable) -> bool:
    """Whether a loop may run over numbers that are listed, which are then in arrays or a range."""
    known = isinstance(found.length, Const) and low.choices.repeats and node not in low.in_copies
    return known and _of_numbers(low, found.value)


def _of_numbers(low: Lowering, value: Value) -> bool:
    match value:
        case Var() | Const():
            return indexed.is_number(low, value) and low.b.type(value).dtype != "bool"
        case Seq(items, record=None):
            return bool(items) and all(_of_numbers(low, item) for item in items)
        case Zipped("zip" | "enumerate" | "reversed", parts):
            return all(_of_numbers(low, part) for part in parts)
    return isinstance(value, RangeValue)
