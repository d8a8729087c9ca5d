"""Loops whose reversed iterations may run in any order, and the loop that runs both sweeps at once.

The order of the reversed iterations does not matter where (1) the adjoint of every carried value leaves an iteration
as it entered, so that the loop only accumulates, and (2) no element of an active array is written in one iteration
and touched in another, additions to it excepted: the adjoint of a load adds to the shadow, that of a store reads and
clears it. Work arrays that every iteration writes before it reads them are excepted too: their shadow is zero between
iterations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from adcompiler.analysis.alias import Aliases
from adcompiler.analysis.coverage import inside, is_add, is_work
from adcompiler.analysis.dependence import Dependence
from adcompiler.analysis.scope import Path
from adcompiler.ir.types import Type
from adcompiler.ir.walk import all_defs, all_reads, operands, walk
from adcompiler.ir.wengert import Assign, Block, Func, Loop, Stmt, Store, Var


def memory_is_free(over: Dependence, active: Iterable[Var], restored: frozenset[Var], loop: Path) -> bool:
    """Condition (2) for the loop at `loop`; undoing a store writes, so there even additions must not meet."""
    roots = {over.memory.root(v) for v in active if over.fn.types[v.name].rank} | restored
    for root in sorted(roots, key=str):
        writes = [w for w in over.writes.get(root, ()) if inside(w, loop)]
        reads = [r for r in over.reads.get(root, ()) if inside(r, loop)]
        for k, write in enumerate(writes):
            adds = root not in restored and is_add(over.fn, write)
            others = [w for w in writes[k:] if not (adds and is_add(over.fn, w))] + reads
            if any(over.across(write, other, loop) for other in others):
                if root in restored or not is_work(over, root, reads, loop):
                    return False
                break
    return True


@dataclass(frozen=True, slots=True)
class Joined:
    """The reverse sweep around a loop in which both sweeps run.

    Parameters
    ----------
    before : Block
        The adjoint of what follows the loop, as far as it runs before the loop.
    loop : Loop
        The adjoint of the loop.
    late : Block
        The rest of the adjoint of what follows it.
    after : Block
        The lines behind the loop in its own adjoint.
    """

    before: Block
    loop: Loop
    late: Block
    after: Block


def joinable(
    fn: Func, types: Mapping[str, Type], memory: Aliases, position: int, before: Block, segment: Block
) -> Joined | None:
    """The parts of the reverse sweep around the adjoint of the top-level loop at `position`, if both sweeps can be one.

    `before` is the adjoint of all that follows the loop: what of it the adjoint of the loop needs must run before the
    loop instead of after it, so it may need nothing that the loop or what follows computes or overwrites.
    """
    at = next((k for k, s in enumerate(segment) if isinstance(s, Loop)), None)
    if at is None or any(isinstance(s, Loop) for s in segment[at + 1 :]):
        return None
    loop = segment[at]
    assert isinstance(loop, Loop)
    lines = wanted(segment[:at], {c.init for c in loop.carried if isinstance(c.init, Var)})
    rest = fn.body[position:]
    stored = {memory.root(s.array) for s in walk(rest) if isinstance(s, Store)}
    made = all_defs(rest)
    early, late = without(before, made, types)
    reads = all_reads((*early, *lines))
    if reads & made or {memory.root(v) for v in reads} & stored:
        return None
    if all_defs(late) & (reads | all_reads([loop])):
        return None
    return Joined((*early, *lines), loop, late, segment[at + 1 :])


def without(block: Block, made: Set[Var], types: Mapping[str, Type]) -> tuple[Block, Block]:
    """The statements of a block that need none of some names, and the lines of numbers that do."""
    early, late, names = list[Stmt](), list[Stmt](), set(made)
    for stmt in block:
        needs = not names.isdisjoint(all_reads([stmt]))
        if needs and isinstance(stmt, Assign) and not types[stmt.target.name].rank:
            late.append(stmt)
            names.add(stmt.target)
        else:
            early.append(stmt)
    return tuple(early), tuple(late)


def wanted(block: Block, names: set[Var]) -> Block:
    """The statements of a straight block that have an effect or lead to `names`."""
    kept: list[Stmt] = []
    names = set(names)
    for stmt in reversed(block):
        if not isinstance(stmt, Assign) or stmt.target in names or stmt.op == "zeros":
            kept.append(stmt)
            names |= {a for a in operands(stmt) if isinstance(a, Var)}
    return tuple(reversed(kept))
