"""What stands between inner loops, or behind them, and calls functions runs in a loop of its own, for some iterations.

A row of data meets the weights in an inner loop, the sum is put into a function, and its derivative goes back along the
row in another inner loop: with these around it the function is called for one number at a time. And where branches
choose the function, the processor cannot foretell which: computed for several rows at once, all arms take less time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from adcompiler.ir.build import ONE, ZERO, Builder, with_body
from adcompiler.ir.memory import Memory, memory_of
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import all_defs, free, map_blocks, rename, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Carry, Check, Const, Func, Loop, Stmt, Var
from adcompiler.optimise.machine.deferred_checks import are_harmless
from adcompiler.optimise.machine.distribute_rear import arrays_of, may_run_early
from adcompiler.optimise.machine.if_conversion import calls_function, without_branches
from adcompiler.optimise.machine.vector_calls import hands_on_sums

#: So many iterations at a time, if as many elements as this stay in the fastest cache meanwhile.
STRETCH, _ELEMENTS = 32, 2**12
# so many numbers are handed over
_MOST = 6


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of an iteration, the values they carry to the next one, and the numbers of earlier parts they read."""

    lines: Block
    carried: tuple[Carry, ...]
    taken: tuple[Var, ...]


def split_off_middles(fn: Func) -> Func:
    """Run what stands between two loops of an iteration in a loop of its own, where it calls mathematical functions.

    Before:  for i in range(n): for j in range(m): s += w[j] * x[i, j]
                                g = exp(s)
                                for j in range(m): w_bar[j] += g * x[i, j]
    After:   for k in range((n + 31) // 32):
                 for i in range(32 * k, min(32 * k + 32, n)): for j in range(m): s += w[j] * x[i, j]
                                                              held[i - 32 * k] = s
                 for j in range(min(32, n - 32 * k)): g = exp(held[j]); held_1[j] = g
                 for i in range(32 * k, min(32 * k + 32, n)): g = held_1[i - 32 * k]
                                                              for j in range(m): w_bar[j] += g * x[i, j]

    The three touch no memory in common but what they only read, and nothing shows that parts of later iterations have
    run before one of an earlier iteration fails.
    """
    return _split_off(fn, _between)


def split_off_ends(fn: Func) -> Func:
    """The same of what stands behind the last loop of an iteration.

    Before:  for i in range(n): for j in range(m): s += w[j] * x[i, j]
                                total += exp(s)
    After:   for k in range((n + 31) // 32):
                 for i in range(32 * k, min(32 * k + 32, n)): for j in range(m): s += w[j] * x[i, j]
                                                              held[i - 32 * k] = s
                 for i in range(32 * k, min(32 * k + 32, n)): total += exp(held[i - 32 * k])
    """
    return _split_off(fn, _behind)


def _split_off(fn: Func, cuts: Callable[[Block], Iterator[tuple[Block, ...]]]) -> Func:
    """A function whose loops are cut where that pays and changes nothing."""
    b, memory = Builder.of(fn), memory_of(fn)

    def block(stmts: Block) -> Block:
        return tuple(line for s in stmts for line in _split(b, memory, map_blocks(s, block), cuts))

    body = block(fn.body)
    return with_body(fn, body, b)


def _split(b: Builder, memory: Memory, stmt: Stmt, cuts: Callable[[Block], Iterator[tuple[Block, ...]]]) -> Block:
    """A loop, or what does the same."""
    if not isinstance(stmt, Loop) or stmt.step != ONE or stmt.until is not None or stmt.share is not None:
        return (stmt,)
    for front, middle, *rear in cuts(stmt.body):
        if not any(isinstance(s, Assign) and calls_function(b, s) for s in walk(middle)):
            continue
        lines = without_branches(b, middle)
        parts = None if lines is None else _parts(b, stmt, (front, lines, *rear))
        if parts is not None and _same(b, memory, parts) and hands_on_sums(_middle(stmt, parts[1])):
            with b.block() as built, b.at(stmt.span):
                _Stretches(b, stmt, parts).write()
            return tuple(built)
    return (stmt,)


def _middle(loop: Loop, part: Part) -> Loop:
    return replace(loop, carried=part.carried, body=part.lines)


def _between(body: Block) -> Iterator[tuple[Block, ...]]:
    """An iteration before, between and behind two of its loops that follow each other."""
    for first, last in pairwise(_loops(body)):
        yield body[: first + 1], body[first + 1 : last], body[last:]


def _behind(body: Block) -> Iterator[tuple[Block, ...]]:
    """An iteration up to its last loop, and behind; not where loops in its loops take most of the time."""
    for last in _loops(body)[-1:]:
        inner = [s for s in walk(body[: last + 1]) if isinstance(s, Loop)]
        if not any(_loops(s.body) for s in inner):
            yield body[: last + 1], body[last + 1 :]


def _loops(body: Block) -> list[int]:
    """The places of lines that are loops, or have loops in them."""
    return [k for k, s in enumerate(body) if any(isinstance(inner, Loop) for inner in walk((s,)))]


def _parts(b: Builder, loop: Loop, blocks: Sequence[Block]) -> tuple[Part, ...] | None:
    """The parts of an iteration with what each carries and takes; None where one carries what another one needs."""
    made = [all_defs(block) for block in blocks]
    parts = list[Part]()
    for k, block in enumerate(blocks):
        carried = tuple(c for c in loop.carried if c.next in made[k])
        earlier = {v for names in made[:k] for v in names}
        needed = free(block)
        if not needed.isdisjoint(c.var for c in loop.carried if c not in carried):
            return None
        parts.append(Part(block, carried, tuple(sorted(needed & earlier, key=str))))
    taken = {v for part in parts for v in part.taken}
    whole = sum(len(part.carried) for part in parts) == len(loop.carried)
    plain = all(b.type(v).rank == 0 and not b.type(v).is_complex for v in (*taken, *(c.var for c in loop.carried)))
    return tuple(parts) if whole and plain and len(taken) <= _MOST else None


def _same(b: Builder, memory: Memory, parts: Sequence[Part]) -> bool:
    """Whether a part may run for some iterations before the next part does."""
    front, middle, *rear = (part.lines for part in parts)
    if not all(may_run_early(b, memory, s) for block in (front, *rear) for s in walk(block)):
        return False
    if not are_harmless(b, memory, middle, parts[1].carried):
        return False
    # which of two that fail is told depends on the order
    if sum(any(isinstance(s, Check) for s in walk(part.lines)) for part in parts) > 1:
        return False
    blocks = (front, middle, *rear)
    return not any(
        memory.changed(arrays_of(b, walk(one)), other) for one in blocks for other in blocks if one is not other
    )


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Writes a loop over stretches of iterations, with a loop for each part in it."""

    b: Builder
    loop: Loop
    parts: tuple[Part, ...]

    def write(self) -> None:
        """Append it."""
        b, loop = self.b, self.loop
        taken = dict.fromkeys(v for part in self.parts for v in part.taken)
        held = {v: b.emit("empty", Const(STRETCH), dtype=b.type(v).dtype, hint=f"{v}_held") for v in taken}
        rows = self.rows()
        count = b.int("sub", loop.stop, loop.start)
        stretches = b.int("floordiv", b.int("add", count, b.int("sub", rows, ONE)), rows)
        index = b.var("stretch", INDEX)
        outer = {c: (b.like(c.var), b.like(c.out)) for c in loop.carried}
        with b.block() as body:
            begin = b.int("add", loop.start, b.int("mul", index, rows))
            end = b.int("minimum", b.int("add", begin, rows), loop.stop)
            for part in self.parts:
                carried = tuple(replace(c, init=outer[c][0], out=outer[c][1]) for c in part.carried)
                self.part(part, carried, held, begin, end)
        carried = tuple(Carry(var, c.init, out, c.out) for c, (var, out) in outer.items())
        b.add(Loop(index, ZERO, stretches, ONE, carried, tuple(body), None, False, loop.span))

    def rows(self) -> Atom:
        """How many iterations a stretch has: fewer where their inner loops are long."""
        b, inner = self.b, next(s for s in walk(self.parts[0].lines) if isinstance(s, Loop))
        made = all_defs((self.loop,))
        if inner.step != ONE or not made.isdisjoint((inner.start, inner.stop)):
            return Const(STRETCH)
        length = b.int("maximum", b.int("sub", inner.stop, inner.start), ONE)
        most = b.int("floordiv", Const(_ELEMENTS), length)
        return b.int("maximum", b.int("minimum", most, Const(STRETCH)), ONE, "rows")

    def part(self, part: Part, carried: tuple[Carry, ...], held: dict[Var, Var], begin: Atom, end: Atom) -> None:
        """Append the loop of one part over the iterations of a stretch."""
        b, loop = self.b, self.loop
        index = loop.index if part is self.parts[0] else b.var(loop.index.name, INDEX)
        names: dict[Var, Atom] = {loop.index: index}
        later = {v for p in self.parts for v in p.taken} & all_defs(part.lines)
        with b.block() as body:
            place = b.int("sub", index, begin)
            for v in part.taken:
                names[v] = b.restored(v, b.load(held[v], (place,), hint=v.name))
            b.extend(rename(part.lines, names))
            for v in sorted(later, key=str):
                b.store(held[v], (place,), v)
        b.add(replace(loop, index=index, start=begin, stop=end, carried=carried, body=tuple(body)))


__all__ = ["STRETCH", "split_off_ends", "split_off_middles"]
