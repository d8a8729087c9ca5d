"""The rear of a loop that calls mathematical functions becomes a loop, which can run several iterations at once.

A layer of a network adds up a product for each neuron, in an inner loop, and then takes the `tanh` of the sum: with the
inner loop in it the outer one calls `tanh` for one number at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from adcompiler.emit.vector_functions import LANES
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.memory import Memory, memory_of
from adcompiler.ir.walk import all_defs, all_reads, free, map_blocks, map_index, operands, rename, walk
from adcompiler.ir.wengert import (
    Assign,
    Block,
    Branch,
    Carry,
    Check,
    Func,
    Load,
    Loop,
    Note,
    Stmt,
    Store,
    Var,
    While,
    is_element,
)
from adcompiler.optimise.machine.counted import least_index
from adcompiler.optimise.machine.deferred_checks import are_harmless, decides_no_index
from adcompiler.optimise.machine.reductions import FLOATS
from adcompiler.optimise.machine.vector_calls import hands_on_sums


@dataclass(frozen=True, slots=True)
class Halves:
    """The lines of a loop up to its last region, and those behind, with the values that each carries.

    One number that the front computes is read in the rear: `handed`. Between the two loops it stands where the rear's
    store `slot` writes.
    """

    front: Block
    rear: Block
    carried_front: tuple[Carry, ...]
    carried_rear: tuple[Carry, ...]
    handed: Var
    slot: Store


def split_off_rears(fn: Func) -> Func:
    """Run what follows the last region of an iteration in a second loop, where that calls mathematical functions.

    Before:  for h in range(n): for i in range(m): s += w[h, i] * x[i]
                                y[h] = tanh(s)
    After:   for h in range(n): for i in range(m): s += w[h, i] * x[i]
                                y[h] = s
             for h in range(n): y[h] = tanh(y[h])

    Only where both loops touch no memory in common but what the first one only reads and the second one too, apart from
    the elements that hand the number over, of which each iteration has its own; and where nothing shows that the first
    halves of later iterations have run before the rear of an earlier one fails.
    """
    b, memory = Builder.of(fn), memory_of(fn)

    def block(stmts: Block) -> Block:
        return tuple(line for s in stmts for line in _split(b, memory, map_blocks(s, block)))

    body = block(fn.body)
    return with_body(fn, body, b)


def _split(b: Builder, memory: Memory, stmt: Stmt) -> Iterator[Stmt]:
    """A loop, or the two that do the same."""
    halves = _halves(b, memory, stmt) if isinstance(stmt, Loop) else None
    if halves is None or not isinstance(stmt, Loop):
        yield stmt
        return
    slot = replace(halves.slot, value=halves.handed)
    yield replace(stmt, carried=halves.carried_front, body=(*halves.front, slot))
    index = b.var(stmt.index.name, b.type(stmt.index))
    names = {stmt.index: index}
    with b.block() as loads, b.at(slot.span):
        place = map_index(slot.index, lambda a: index if a == stmt.index else a)
        names[halves.handed] = b.load(slot.array, place, hint=halves.handed.name)
    # what stands there already is not stored again
    kept = tuple(s for s in halves.rear if s != slot)
    yield replace(stmt, index=index, carried=halves.carried_rear, body=(*loads, *rename(kept, names)))


def _halves(b: Builder, memory: Memory, loop: Loop) -> Halves | None:
    """How to split a loop, if that pays and changes nothing."""
    if not _pays(b, loop) or loop.until is not None or loop.share is not None:
        return None
    # a negative index wraps around
    least = least_index(loop)
    if least is None or least < 0:
        return None
    front, rear = _parts(loop)
    made = all_defs(rear)
    carried_rear = tuple(c for c in loop.carried if c.next in made)
    carried_front = tuple(c for c in loop.carried if c not in carried_rear)
    if any(b.type(c.var).rank for c in loop.carried) or {c.var for c in carried_rear} & _read(front, carried_front):
        return None
    handed = free(rear) & ({c.var for c in carried_front} | all_defs(front))
    if len(handed) != 1 or not hands_on_sums(replace(loop, carried=carried_rear, body=rear)):
        return None
    (one,) = handed
    slots = list(_slots(b, memory, loop, rear, one))
    if not slots or not _apart(b, memory, front, rear, carried_rear):
        return None
    slot = min(slots, key=lambda s: s.value != one)
    return Halves(front, rear, carried_front, carried_rear, one, slot)


def _parts(loop: Loop) -> tuple[Block, Block]:
    """The lines up to the last region, and behind it with those before whose results nothing else reads."""
    last = max((k for k, s in enumerate(loop.body) if isinstance(s, (Loop, While, Branch))), default=-1)
    rear = loop.body[last + 1 :]
    front: list[Stmt] = []
    reads = Counter(name for s in loop.body[: last + 1] for name in all_reads((s,)))
    reads.update(c.next for c in loop.carried if isinstance(c.next, Var))
    needed = free(rear)
    for stmt in reversed(loop.body[: last + 1]):
        if isinstance(stmt, (Assign, Load)) and stmt.target in needed and not reads[stmt.target]:
            rear = (stmt, *rear)
            needed |= all_reads((stmt,))
            reads.subtract(all_reads((stmt,)))
        else:
            front.append(stmt)
    return tuple(reversed(front)), rear


def _read(block: Block, carried: tuple[Carry, ...]) -> set[Var]:
    """The names that lines read, or hand to the next iteration."""
    return all_reads(block) | {c.next for c in carried if isinstance(c.next, Var)}


def _pays(b: Builder, loop: Loop) -> bool:
    """Whether a function that there is for several numbers at once is called behind the last region."""
    behind = calls = False
    for s in loop.body:
        if isinstance(s, (Loop, While, Branch)):
            behind, calls = True, False
        elif behind and isinstance(s, Assign) and s.op in LANES:
            calls = calls or b.type(s.target).dtype in FLOATS
    return calls


def _slots(b: Builder, memory: Memory, loop: Loop, rear: Block, handed: Var) -> Iterator[Store]:
    """The stores of the rear, into an element for each iteration, that a number of that type can wait in."""
    inside = all_defs(loop.body) | {c.var for c in loop.carried}
    # arrays of the function's own, which `is_harmless` asks for, have no memory in common with any of another root
    touched = Counter(memory.root(a) for a in arrays_of(b, walk(loop.body)))
    for stmt in rear:
        if not isinstance(stmt, Store) or stmt.add or loop.index not in stmt.index or not inside.isdisjoint(stmt.index):
            continue
        # of the type of what is handed, rounded nowhere, and read and written by nothing else
        alike = b.type(handed).rank == 0 and b.type(stmt.array).dtype == b.type(handed).dtype
        if alike and touched[memory.root(stmt.array)] == 1:
            yield stmt


def _apart(b: Builder, memory: Memory, front: Block, rear: Block, carried: tuple[Carry, ...]) -> bool:
    """Whether all of the front may run before all of the rear."""
    if not all(may_run_early(b, memory, s) for s in walk(front)) or not are_harmless(b, memory, rear, carried):
        return False
    # which of two that fail is told depends on the order
    if any(isinstance(s, Check) for s in rear) and any(isinstance(s, Check) for s in walk(front)):
        return False
    return not memory.changed(arrays_of(b, walk(front)), rear) and not memory.changed(arrays_of(b, rear), front)


def may_run_early(b: Builder, memory: Memory, stmt: Stmt) -> bool:
    """Whether a statement of the front does no harm in iterations before which the rear of another one fails."""
    match stmt:
        case Assign():
            return decides_no_index(b, stmt)
        case Load(index=index):
            return is_element(index)
        case Store(array=array, index=index):
            return is_element(index) and memory.own(array)
        case _:
            return isinstance(stmt, (Loop, Branch, Check, Note))


def arrays_of(b: Builder, stmts: Iterator[Stmt] | Block) -> list[Var]:
    """The arrays that statements read or write."""
    return [a for s in stmts for a in operands(s) if isinstance(a, Var) and b.type(a).rank]


__all__ = ["arrays_of", "may_run_early", "split_off_rears"]
