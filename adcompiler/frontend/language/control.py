"""Loops."""

from __future__ import annotations

import ast
from collections.abc import Callable

from adcompiler.errors import UnsupportedSyntax
from adcompiler.frontend.flow.branching import branch
from adcompiler.frontend.flow.iteration import Iterable, item, iterable
from adcompiler.frontend.flow.looping import Loops
from adcompiler.frontend.language import behind
from adcompiler.frontend.language.binding import bind
from adcompiler.frontend.language.blocks import exited, run_block, stays_out
from adcompiler.frontend.language.conditions import condition
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.language.repeated import Repeated, head, otherwise
from adcompiler.frontend.language.worklists import in_arrays, is_worklist, work_off
from adcompiler.frontend.lists import growing
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering, statement
from adcompiler.frontend.state.facts import lower_bound
from adcompiler.frontend.state.liveness import CONTINUED, ITERATED, has
from adcompiler.frontend.state.loop_parts import Built, Unroll
from adcompiler.frontend.state.overflow import index_bits
from adcompiler.frontend.state.restarts import NeedStatic
from adcompiler.frontend.state.room import Around
from adcompiler.frontend.state.values import Conflict, RangeValue, Value
from adcompiler.ir.build import ONE, ZERO
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Atom, Carry, Const, Loop, Var

# -- for ---------------------------------------------------------------------------------------------------------------


@statement(ast.For)
def for_(low: Lowering, node: ast.For) -> None:
    """`for target in iter: body else: orelse`."""
    if node.type_comment is not None:
        raise low.refuse("type-comment", node)
    first = low.b.mark().place
    value = low.eval(node.iter, "items")
    mark, state = low.b.mark(), low.save()
    if behind.is_made_at_once(node.iter):
        with heap.pending(low) as read:
            read += behind.read_ahead(low, node)
            _gone_through(low, node, iterable(low, value))
        return behind.check_read_ahead(low, node, first, mark.place)
    try:
        _gone_through(low, node, iterable(low, value))
    except UnsupportedSyntax as error:
        if error.row not in ("changed-while-read", "loop-changes-list") or not is_worklist(value):
            raise
        low.rewind(mark, state)
        work_off(low, node, value)
    if behind.writes_what_pairs_read(low, value, mark.place):
        low.rewind(mark, state)
        kept = behind.previous_kept(low, node, value)
        _gone_through(low, node, iterable(low, kept))
        for name in behind.kept_names(kept):
            low.frame.env.pop(name)


def _gone_through(low: Lowering, node: ast.For, found: Iterable) -> None:
    mark, state = low.b.mark(), low.save()
    if found.length == ZERO:
        return otherwise(low, node)
    if found.fixed:
        return _unrolled_or_in_arrays(low, node, found)
    try:
        _built(low, node, found)
    except NeedStatic as need:
        inside = (need.roots or frozenset()) - mark.taken
        if not inside:
            raise
        if not isinstance(found.length, Const):
            # what must be known comes from this loop: it is known in each copy of the body where the length is
            need.roots = (need.roots or frozenset()) & mark.taken | low.roots(found.length)
            raise
        low.rewind(mark, state)
        _unrolled(low, node, found)
    except (Unroll, UnsupportedSyntax) as error:
        grows = isinstance(error, Unroll) or error.row == "loop-changes-list"
        if not grows or not isinstance(found.length, Const):
            raise
        low.rewind(mark, state)
        _with_lists(low, node, found)


def _unrolled_or_in_arrays(low: Lowering, node: ast.For, found: Iterable) -> None:
    """Written out, or a loop over arrays of the items: there a run-time test may decide how long a list is."""
    if is_worklist(found.value):
        return _unrolled(low, node, found)

    def in_a_loop() -> None:
        held = in_arrays(low, found.value)
        if held is None:
            raise low.refuse("loop-changes-list")
        _built(low, node, iterable(low, held), few=0)

    _written_out(low, node, found, in_a_loop)


def _with_lists(low: Lowering, node: ast.For, found: Iterable) -> None:
    """Written out, so that each copy knows how long a list is; where a run-time test decides that, the list grows."""
    _written_out(low, node, found, lambda: _built(low, node, found, few=0))


def _written_out(low: Lowering, node: ast.For, found: Iterable, otherwise: Callable[[], None]) -> None:
    """Written out, unless a list of before is longer after one path; written out too where all else fails."""
    mark, state, outer = low.b.mark(), low.save(), low.written_out
    low.written_out |= {(d, name) for d, env in enumerate(state) for name, v in env.items() if heap.identity(v)}
    try:
        return _unrolled(low, node, found)
    except UnsupportedSyntax as error:
        if error.row != "loop-changes-list":
            raise
    finally:
        low.written_out = outer
    low.rewind(mark, state)
    try:
        otherwise()
    except (Unroll, UnsupportedSyntax):
        low.rewind(mark, state)
        _unrolled(low, node, found)


def _built(low: Lowering, node: ast.For, found: Iterable, few: int = growing.FEW) -> None:
    counts = not has(node.body, ast.Break)
    growing.build(low, found.length, counts, lambda around: _counted(low, node, found, around), few)
    otherwise(low, node)


def _counted(low: Lowering, node: ast.For, found: Iterable, around: Around) -> None:
    start, stop, step, item_of = _bounds(low, found)
    index: list[Var] = []

    def body(built: Built) -> None:
        index[:] = [low.b.var(_index_name(node, found), INDEX)]
        _bound_index(low, index[0], start, stop, step)
        growing.begin(low, around, lambda: _number(low, index[0], start, step))
        bind(low, node.target, item_of(index[0]))
        with heap.pending(low) as read:
            read.append(found.value)
            run_block(low, node.body)
        growing.end(low, around)

    def finish(built: Built, carried: tuple[Carry, ...], until: Atom | None) -> None:
        lines = tuple(built.lines)
        budget = found.value.budget if isinstance(found.value, RangeValue) else None
        low.b.add(Loop(index[0], start, stop, step, carried, lines, until, False, low.b.span, budget))

    runs = isinstance(found.length, Const) and found.length.value != 0
    hidden = frozenset(behind.kept_names(found.value))
    Loops(low, head(low, node, found.length, runs, read_first=False, hidden=hidden), body, finish).run()


def _number(low: Lowering, index: Var, start: Atom, step: Atom) -> Atom:
    """How many iterations there were before."""
    if step == Const(-1):
        return low.b.int("sub", start, index)
    return low.b.int("floordiv", low.b.int("sub", index, start), step)


def _bounds(low: Lowering, found: Iterable) -> tuple[Atom, Atom, Atom, Callable[[Atom], Value]]:
    if isinstance(found.value, RangeValue):
        r = found.value
        return r.start, r.stop, r.step, lambda k: k
    return ZERO, found.length, ONE, lambda k: item(low, found.value, k)


def _index_name(node: ast.For, found: Iterable) -> str:
    if isinstance(found.value, RangeValue) and isinstance(node.target, ast.Name):
        return node.target.id.strip("%") or "i"
    return "i"


def _bound_index(low: Lowering, index: Var, start: Atom, stop: Atom, step: Atom) -> None:
    low.bits[index.name] = index_bits(low, start, stop)
    if isinstance(step, Const):
        first = lower_bound(low.b, start if step.value > 0 else stop)  # type: ignore[operator]
        if first is not None:
            low.b.lower[index.name] = first if step.value > 0 else first + 1  # type: ignore[operator]


def _unrolled(low: Lowering, node: ast.For, found: Iterable) -> None:
    """One copy of the body for each item; where a part of the items is shorter at run time, a test before each.

    What is iterated is kept under a name of its own: the body may change a list, and each copy reads it as it is.
    """
    count = _most(low, found)
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


# -- while -------------------------------------------------------------------------------------------------------------


@statement(ast.While)
def while_(low: Lowering, node: ast.While) -> None:
    """`while test: body else: orelse`."""
    endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
    if endless and not has(node.body, ast.Break) and not has(node.body, ast.Return):
        raise low.refuse("endless-loop", node.test)
    Repeated(low, node, lambda: condition(low, node.test), endless=endless).run()
