"""An array of which each iteration of a loop keeps a copy lives in the copies: row by row, without being copied.

A time step reads the state from the copy that the reverse sweep will need, and writes the next state. Written straight
into the next row, the state is there when the next iteration begins, and only what no iteration writes is copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from adcompiler.ir.build import ONE, ZERO, Builder, with_body
from adcompiler.ir.walk import all_defs, map_blocks, operands, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Func, Load, Loop, Stmt, Store, Var
from adcompiler.optimise.elements.sharing import by_elements


@dataclass(frozen=True, slots=True)
class History:
    """A state, the tape of its copies, and the places at the top level of the tape and of the loop over the steps.

    `copy` is the place of the copying nest in the loop, and `written` are the ranges that each iteration writes.
    """

    state: Var
    tape: Var
    made: int
    steps: int
    copy: int
    written: tuple[Loop, ...]


def live_in_tapes(fn: Func) -> Func:
    """Let a tape with one row more hold the array whose rows it keeps.

    Before:  for s in range(m): tape[s, :] = u[:]
                                for i in range(1, n - 1): u[i] = f(tape[s, i - 1], tape[s, i + 1])
    After:   for s in range(m): tape[s + 1, 0] = tape[s, 0]; tape[s + 1, n - 1] = tape[s, n - 1]
                                for i in range(1, n - 1): tape[s + 1, i] = f(tape[s, i - 1], tape[s, i + 1])
    """
    while (found := next(_histories(fn), None)) is not None:
        fn = _rewritten(fn, found)
    return fn


# -- finding ------------------------------------------------------------------------------------------------------


def _histories(fn: Func) -> Iterator[History]:
    """The states that may live in their tapes."""
    if not any(isinstance(s, Loop) and any(isinstance(inner, Loop) for inner in s.body) for s in fn.body):
        return
    made = {s.target: k for k, s in enumerate(fn.body) if isinstance(s, Assign) and s.op == "empty"}
    single = by_elements(fn) & set(made)
    for steps, loop in enumerate(fn.body):
        for copy, nest in enumerate(loop.body if isinstance(loop, Loop) else ()):
            pair = _copied(fn, nest)
            if pair is None or not set(pair) <= single:
                continue
            assert isinstance(loop, Loop)
            state, tape = pair
            written = _written(fn, loop, copy, state, tape)
            if written and counts_rows(fn, loop, tape) and _in_order(fn, state, made[tape], steps):
                yield History(state, tape, made[tape], steps, copy, written)


def _copied(fn: Func, nest: Stmt) -> tuple[Var, Var] | None:
    """The array that a nest of loops copies as a whole, and the tape of which it fills the row of an iteration."""
    indices = list[Var]()
    bounds = list[Atom]()
    while isinstance(nest, Loop) and is_plain(nest) and nest.start == ZERO and not nest.carried:
        indices.append(nest.index)
        bounds.append(nest.stop)
        match nest.body:
            case (Loop() as inner,):
                nest = inner
            case (Load() as load, Store() as store) if store.value == load.target and not store.add:
                whole = tuple(bounds) == fn.shape(load.array) == fn.shape(store.array)[1:]
                same = fn.type(load.array).dtype == fn.type(store.array).dtype
                in_place = load.index == tuple(indices) == store.index[1:]
                return (load.array, store.array) if whole and same and in_place else None
            case _:
                return None
    return None


def is_plain(loop: Loop) -> bool:
    """Whether a loop counts up by one to its end, and is neither shared nor checkpointed."""
    return loop.step == ONE and loop.until is None and not loop.parallel and loop.budget is None


def counts_rows(fn: Func, loop: Loop, tape: Var) -> bool:
    """Whether the loop counts the rows of the tape."""
    rows = fn.shape(tape)[0]
    trips = [s.target for s in fn.body if isinstance(s, Assign) and s.op == "maximum" and s.args == (loop.stop, ZERO)]
    return is_plain(loop) and loop.start == ZERO and rows in (loop.stop, *trips)


def _written(fn: Func, loop: Loop, copy: int, state: Var, tape: Var) -> tuple[Loop, ...]:
    """The loops over the part of the state that each iteration surely writes, if it uses the state in no other way."""
    before, nest, after = loop.body[:copy], loop.body[copy], loop.body[copy + 1 :]
    (keeps,) = (s for s in walk((nest,)) if isinstance(s, Store))
    if keeps.index[0] != loop.index or any({state, tape} & set(operands(s)) for s in walk(before)):
        return ()
    if any(isinstance(s, Load) and s.array == state for s in walk(after)):
        return ()
    stores = [s for s in walk(fn.body) if isinstance(s, Store) and s.array == tape]
    if len(stores) > 1 or any(isinstance(s, Store) and s.array == state and s.add for s in walk(after)):
        return ()
    own = all_defs((loop,))
    for stmt in after:
        for ranges in ranges_of((stmt,), state):
            if not own & {a for r in ranges for a in (r.start, r.stop)}:
                return ranges
    return ()


def ranges_of(block: Block, state: Var, *around: Loop) -> Iterator[tuple[Loop, ...]]:
    """The loops around stores of which the indices are those of the loops, axis by axis."""
    for stmt in block:
        if isinstance(stmt, Loop) and is_plain(stmt):
            yield from ranges_of(stmt.body, state, *around, stmt)
        elif isinstance(stmt, Store) and stmt.array == state and stmt.index == tuple(r.index for r in around):
            yield around


def _in_order(fn: Func, state: Var, made: int, steps: int) -> bool:
    """Whether the tape is there before the state is used, as it must be before the loop over the steps."""
    return made < steps and not any(state in operands(s) for s in walk(fn.body[:made]))


# -- rewriting ----------------------------------------------------------------------------------------------------


def _rewritten(fn: Func, found: History) -> Func:
    b, state, tape = Builder.of(fn), found.state, found.tape
    loop, rows = fn.body[found.steps], fn.shape(tape)[0]
    assert isinstance(loop, Loop)
    with b.block() as body:
        b.extend(fn.body[: found.made])
        with b.at(loop.span):
            one_more = b.int("add", rows, ONE)
        make = fn.body[found.made]
        assert isinstance(make, Assign)
        b.add(replace(make, args=(one_more, *make.args[1:])))
        b.shapes[tape.name] = (one_more, *fn.shape(tape)[1:])
        b.extend(_in_row(fn.body[found.made + 1 : found.steps], state, tape, ZERO))
        with b.block() as lines, b.at(loop.span):
            b.extend(loop.body[: found.copy])
            following = b.int("add", loop.index, ONE)
            copy_rest(b, tape, (loop.index, following), found.written, ())
            b.extend(_in_row(loop.body[found.copy + 1 :], state, tape, following))
        b.add(replace(loop, body=tuple(lines)))
        b.extend(_in_row(fn.body[found.steps + 1 :], state, tape, rows))
    kept = tuple(s for s in body if not (isinstance(s, Assign) and s.target == state))
    return with_body(fn, kept, b)


def _in_row(block: Sequence[Stmt], state: Var, tape: Var, row: Atom) -> Block:
    """Statements that use a row of the tape for the state."""

    def placed(stmt: Stmt) -> Stmt:
        if isinstance(stmt, (Load, Store)) and stmt.array == state:
            return replace(stmt, array=tape, index=(row, *stmt.index))
        return map_blocks(stmt, lambda inner: tuple(map(placed, inner)))

    return tuple(map(placed, block))


def copy_rest(b: Builder, tape: Var, rows: tuple[Atom, Atom], written: tuple[Loop, ...], at: tuple[Var, ...]) -> None:
    """Copy from one row to the next what lies outside of the ranges that are written."""
    if len(at) == len(written):
        return
    extent, ahead = b.shape(tape)[len(at) + 1], written[len(at)]
    low = b.int("minimum", b.int("maximum", ahead.start, ZERO), extent)
    high = b.int("maximum", low, b.int("minimum", ahead.stop, extent))
    _copies(b, tape, rows, at, ZERO, low)
    _copies(b, tape, rows, at, high, extent)
    if len(at) + 1 < len(written):
        index = b.like(ahead.index)
        with b.block() as body:
            copy_rest(b, tape, rows, written, (*at, index))
        b.add(Loop(index, low, high, ONE, (), tuple(body), None, False, b.span))


def _copies(b: Builder, tape: Var, rows: tuple[Atom, Atom], at: tuple[Var, ...], start: Atom, stop: Atom) -> None:
    """Copy a stretch of an axis, and all of the axes behind it."""
    if start == stop:
        return
    index = b.like(at[0]) if at else b.var("i", b.type(ONE))
    with b.block() as body:
        inside = (*at, index)
        if len(inside) + 1 < len(b.shape(tape)):
            _copies(b, tape, rows, inside, ZERO, b.shape(tape)[len(inside) + 1])
        else:
            b.store(tape, (rows[1], *inside), b.load(tape, (rows[0], *inside)))
    b.add(Loop(index, start, stop, ONE, (), tuple(body), None, False, b.span))


__all__ = ["copy_rest", "counts_rows", "is_plain", "live_in_tapes", "ranges_of"]
