"""Loops."""

from __future__ import annotations

import ast
from collections.abc import Callable

from adcompiler.errors import ADCompilerError, UnsupportedSyntax
from adcompiler.frontend.flow.iteration import ENDLESS, Iterable, item, iterable
from adcompiler.frontend.flow.looping import Loops
from adcompiler.frontend.language import behind, copies
from adcompiler.frontend.language.binding import bind
from adcompiler.frontend.language.blocks import run_block
from adcompiler.frontend.language.conditions import condition
from adcompiler.frontend.language.repeated import Repeated, head, otherwise
from adcompiler.frontend.language.worklists import go_on, in_arrays, is_worklist, work_off
from adcompiler.frontend.lists import growing
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering, statement
from adcompiler.frontend.state.facts import lower_bound
from adcompiler.frontend.state.list_growth import Around
from adcompiler.frontend.state.liveness import has
from adcompiler.frontend.state.loop_parts import Built, Unroll
from adcompiler.frontend.state.overflow import index_bits
from adcompiler.frontend.state.restarts import InArrays, NeedStatic, Recurses
from adcompiler.frontend.state.values import RangeValue, Value
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
    if found.length == ENDLESS:
        return go_on(low, node, found.value)
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
        copies.run(low, node, found)
    except (Unroll, UnsupportedSyntax) as error:
        grows = isinstance(error, Unroll) or error.row == "loop-changes-list"
        if not grows or not isinstance(found.length, Const):
            raise
        low.rewind(mark, state)
        _with_lists(low, node, found)


def _unrolled_or_in_arrays(low: Lowering, node: ast.For, found: Iterable) -> None:
    """Written out; a loop over the items in arrays where that is long, or where a test decides how long a list is."""
    if copies.may_repeat(low, node, found):
        mark, state = low.b.mark(), low.save()
        try:
            return _in_copies(low, node, found, long=False)
        except copies.Long:
            low.rewind(mark, state)
        if _repeated(low, node, found):
            return
        low.rewind(mark, state)
    _in_copies(low, node, found)


def _repeated(low: Lowering, node: ast.For, found: Iterable) -> bool:
    """A loop over numbers that are known, unless its body needs to know which."""
    numbers = in_arrays(low, found.value)
    if numbers is not None:
        try:
            with heap.pending(low) as read:
                read.append(found.value)
                _built(low, node, iterable(low, numbers), few=0)
        except (Unroll, NeedStatic, InArrays, Recurses, ADCompilerError):
            numbers = None
    if numbers is None:
        low.in_copies.add(node)
        return False
    low.repeats = True
    return True


def _in_copies(low: Lowering, node: ast.For, found: Iterable, long: bool = True) -> None:
    if is_worklist(found.value):
        return copies.run(low, node, found, long)

    def in_a_loop() -> None:
        held = in_arrays(low, found.value)
        if held is None:
            raise low.refuse("loop-changes-list")
        _built(low, node, iterable(low, held), few=0)

    _written_out(low, node, found, in_a_loop, long)


def _with_lists(low: Lowering, node: ast.For, found: Iterable) -> None:
    """Written out, so that each copy knows how long a list is; where a run-time test decides that, the list grows."""
    _written_out(low, node, found, lambda: _built(low, node, found, few=0))


def _written_out(
    low: Lowering, node: ast.For, found: Iterable, otherwise: Callable[[], None], long: bool = True
) -> None:
    """Written out, unless a list of before is longer after one path; written out too where all else fails."""
    mark, state, outer = low.b.mark(), low.save(), low.lists.written_out
    low.lists.written_out |= {(d, name) for d, env in enumerate(state) for name, v in env.items() if heap.identity(v)}
    try:
        return copies.run(low, node, found, long)
    except UnsupportedSyntax as error:
        if error.row != "loop-changes-list":
            raise
    finally:
        low.lists.written_out = outer
    low.rewind(mark, state)
    try:
        otherwise()
    except (Unroll, UnsupportedSyntax):
        low.rewind(mark, state)
        copies.run(low, node, found)


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
        first = lower_bound(low.b, start if step.number > 0 else stop)
        if first is not None:
            low.b.lower[index.name] = first if step.number > 0 else first + 1


# -- while -------------------------------------------------------------------------------------------------------------


@statement(ast.While)
def while_(low: Lowering, node: ast.While) -> None:
    """`while test: body else: orelse`."""
    endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
    if endless and not has(node.body, ast.Break) and not has(node.body, ast.Return):
        raise low.refuse("endless-loop", node.test)
    Repeated(low, node, lambda: condition(low, node.test), endless=endless).run()
