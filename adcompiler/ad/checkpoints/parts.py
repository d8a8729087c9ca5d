"""The parts of a checkpointed loop: how one iteration runs again, and how it is reversed.

Each is a function of its own, made by the same steps as the whole. What the reversed iteration reads of the state
before it, and what an iteration needs to compute that of the next, is the state to keep.
"""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ad.checkpoints.marked import Marked
from adcompiler.ad.checkpoints.sizes import with_sizes
from adcompiler.ad.checkpoints.slots import Slots, room
from adcompiler.ad.checkpoints.state import without_stores
from adcompiler.ad.checkpoints.steps import Step, pruned, read, step_of
from adcompiler.ad.joining import Sweep, in_turn
from adcompiler.ad.prepare import Prepared, Saved, is_lost, prepare
from adcompiler.ad.records.plan import plan
from adcompiler.ad.reverse import Reverse
from adcompiler.ad.shorten import shortened, without_dead
from adcompiler.ad.sweeps import Joint
from adcompiler.ad.trips import trip_count
from adcompiler.analysis.activity import active
from adcompiler.analysis.dependence import Dependence, dependence
from adcompiler.analysis.scope import Path, sites
from adcompiler.ir.build import ZERO, Builder, make_func, with_body
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import all_defs, blocks, map_blocks, walk
from adcompiler.ir.wengert import Atom, Block, Carry, Const, Func, Loop, Store, Var


def prepared(fn: Func, act: frozenset[Var], saved: Saved) -> Prepared:
    """The primal ready for transposition, the parts of its checkpointed loops included."""
    fn, marked = with_contents(fn, act, saved.restored)
    return replace(prepare(fn, act, saved), marked=marked)


def with_contents(fn: Func, act: frozenset[Var], restored: frozenset[Var]) -> tuple[Func, dict[Var, Marked]]:
    """Copy, before each checkpointed loop, the arrays whose contents its iterations need when they run again.

    Before:  for i in range(n): u[...] = u * w
    After:   u_1 = copy(u); for i in range(n): u[...] = u * w

    The loops inside another one are seen when that one's iterations are.
    """
    if not any(isinstance(s, Loop) and s.budget for s in walk(fn.body)):
        return fn, {}
    fn = with_sizes(fn)
    over, b, marked = dependence(fn), Builder.of(fn), dict[Var, Marked]()
    undone = frozenset(map(over.memory.root, restored))
    frames = {path: around for _, path, around in sites(fn.body)}

    def visit(block: Block, path: Path) -> Block:
        with b.block() as lines:
            for position, stmt in enumerate(block):
                here = (*path, position)
                if isinstance(stmt, Loop) and stmt.budget:
                    if not act.isdisjoint(changes(stmt)):
                        parts = parts_of(over, stmt, here, act)
                        keeps = not frames[here] and stmt.until is None and not parts.step.once
                        with b.at(stmt.span):
                            contents = {
                                v: b.emit("copy", v, hint=f"{v}_before")
                                for v in needed_contents(parts, keeps)
                                if v in parts.step.memory or is_lost(over, v, here, frames[here], undone)
                            }
                            parts = replace(parts, contents=contents)
                            stmt, parts = keeping(b, stmt, parts) if keeps else (stmt, parts)
                        marked[stmt.index] = parts
                    b.add(stmt)
                else:
                    arms = iter([visit(nested, (*here, arm)) for arm, nested in enumerate(blocks(stmt))])
                    b.add(map_blocks(stmt, lambda _, arms=arms: next(arms)))  # type: ignore[misc]
        return tuple(lines)

    body = visit(fn.body, ())
    return with_body(fn, body, b), marked


def changes(loop: Loop) -> set[Var]:
    """The names that a loop defines, and the arrays into which it stores."""
    return all_defs([loop]) | {s.array for s in walk([loop]) if isinstance(s, Store)}


def needed_contents(parts: Marked, keeps: bool) -> list[Var]:
    """The arrays from before the loop whose contents its iterations need: their own names, not views.

    A loop that keeps states itself has those of the state there.
    """
    inits = [c.init for c in parts.state if isinstance(c.init, Var) and parts.step.fn.types[c.init.name].rank]
    params = {*parts.advance.params, *parts.turn.params}
    bases = [v for v in parts.step.bases if v in params and v not in parts.step.lasting]
    return [v for v in bases if v not in parts.kept] if keeps else list(dict.fromkeys([*inits, *bases]))


def keeping(b: Builder, loop: Loop, parts: Marked) -> tuple[Loop, Marked]:
    """A loop that keeps states while it runs, as the schedule says, and where they lie.

    What follows the loop counts as one more step, of which the reverse sweep begins with the adjoint.
    """
    trips = b.int("maximum", trip_count(b, loop), ZERO)
    stored = room(b, parts, trips)
    slots = Slots(b, parts.names, stored)
    used, due, in_use = b.var("used", INDEX), b.var("due", INDEX), b.var("used", INDEX)
    with b.block() as lines:
        iteration = b.int("floordiv", b.int("sub", loop.index, loop.start), loop.step)
        used_then, due_then = slots.keep_when_due({v: v for v in parts.names}, iteration, used, due, trips)
    carried = (Carry(used, ZERO, used_then, in_use), Carry(due, ZERO, due_then, b.var("due", INDEX)))
    kept = replace(loop, carried=(*loop.carried, *carried), body=(*lines, *loop.body))
    return kept, replace(parts, stored=replace(stored, used=in_use))


def parts_of(over: Dependence, loop: Loop, path: Path, act: frozenset[Var]) -> Marked:
    """An iteration to run again and one to reverse, and the state they need."""
    step = step_of(over, loop, path)
    carries = tuple(c for c in loop.carried if c.var in act)
    scalars = tuple(v for v in step.scalars if v in act)
    arrays = tuple(v for v in step.bases if v in act)
    whole, bars = turned(step, carries, scalars, arrays)
    turn = pruned(without_stores(whole, step.lasting), step.memory)
    names = {c.var for c in loop.carried} | (step.written - step.lasting)
    needed = names & set(read(turn))
    while True:
        state = [c for c in loop.carried if c.var in needed]
        kept = [v for v in step.bases if v in needed]
        again = step.func([*(c.next for c in state), *kept])
        advance = pruned(without_stores(again, step.lasting), step.memory)
        more = needed | (names & set(read(advance)))
        if more == needed:
            return Marked(step, advance, turn, tuple(state), tuple(kept), carries, scalars, arrays, bars)
        needed = more


def turned(
    step: Step, carries: tuple[Carry, ...], scalars: tuple[Var, ...], arrays: tuple[Var, ...]
) -> tuple[Func, dict[Var, Var]]:
    """The reversed iteration: from the state before it and the adjoints after it, the adjoints before it.

    Its results are the adjoints of the carried values, then those of scalars from outside, which it adds to; to the
    shadows of arrays from outside it adds in place. Returns as well the parameters that are adjoints, by their owner.
    """
    fn = step.func([*(c.next for c in carries), *(v for v in arrays if v in step.written)])
    wrt = [*(c.var for c in carries), *scalars, *arrays]
    primal = prepared(fn, active(fn, wrt), Saved())
    b = Builder.of(primal.func)
    reverse = Reverse(b, primal, active(primal.func, wrt))
    shadows = {v: b.like(v, f"{v}_bar") for v in (*arrays, *scalars)}
    reverse.bars.update(shadows)
    with b.block() as lines:
        givens = {c: given(reverse, step, c) for c in carries}
        reverse.block(primal.func.body, ())
        ends: dict[Carry, Atom] = {c: reverse.leaving(c) for c in carries}
        factors = {c: shortened(b, lines, givens[c], end) for c, end in ends.items()}
        grads = (*factors.values(), *(reverse.bars[v] for v in scalars))
        if factors != ends:
            lines[:] = without_dead(b, lines, (*grads, *reverse.bars.values()))
    sweep = Sweep(tuple(lines), (), (), grads)
    decided = plan(primal, sweep.seeds, reverse.over, frozenset(), grads, b.shapes)
    sizes = [a for bar in givens.values() for a in b.shape(bar) if isinstance(a, Var) and a not in fn.params]
    seeded = (*sizes, *givens.values(), *shadows.values())
    joint = Joint(fn, tuple(wrt), Saved(), seeded, reverse, sweep, decided, in_turn(sweep)).write()
    results = joint.results[len(fn.results) :]
    found = make_func("turn", joint.params, joint.body, results, joint.types, joint.shapes)
    return found, {**{c.var: bar for c, bar in givens.items()}, **shadows}


def given(reverse: Reverse, step: Step, c: Carry) -> Var:
    """The adjoint of a carried value after the iteration; the extents that the iteration computes are parameters."""
    bar = reverse.given(c)
    if step.once and isinstance(c.next, Var):
        known = {*step.scalars}
        shape = tuple(
            a if isinstance(a, Const) or a in known else reverse.b.var("n", INDEX) for a in reverse.b.shape(c.next)
        )
        if shape:
            reverse.b.shapes[bar.name] = shape
    return bar
