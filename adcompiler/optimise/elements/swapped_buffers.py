"""Buffers that change places: what an iteration would clear for the next one to add to, the next one writes over.

The adjoint of a time step that fills a second buffer takes each cotangent out of one array, leaves zero there, and adds
to the other; then the two change places. The zeros are only there to be added to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from adcompiler.analysis.access import Access
from adcompiler.analysis.dependence import Dependence, dependence
from adcompiler.analysis.scope import Frame, Path, block_at, sites
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import all_defs, blocks, map_blocks, operands, rename, walk, yields
from adcompiler.ir.wengert import Assign, Block, Branch, Carry, Const, Func, Load, Loop, Stmt, Store, Var, is_element
from adcompiler.optimise.lines.derivatives import derivatives

# what may lead to an index or a test that is computed again behind the loop
_PLAIN = frozenset("add sub mul neg minimum maximum lt le gt ge eq ne logical_and logical_or logical_not".split())


@dataclass(frozen=True, slots=True)
class Handed:
    """The store that clears an element of one buffer, and the addition to the same element of the other.

    `loop` is the place of the loop in which they are, `path` that of the clearing store in its body. Between iterations
    the buffer that is added to is zero wherever the two are executed; `needed` are the names that say where that is.
    """

    loop: int
    clears: Store
    adds: Store
    path: Path
    target: Carry
    needed: frozenset[Var]


def write_over_zeros(fn: Func) -> Func:
    """Store the first term of a sum in a buffer, where an earlier iteration would have cleared it.

    Before:  v = zeros(n); for s in range(m) carrying u, v: for i in range(n): g = u[i]; u[i] = 0.0; v[i] += g * c
                           u, v = v, u
    After:   for s in range(m) carrying u, v: for i in range(n): v[i] = u[i] * c
             u, v = v, u
             if m > 0: for i in range(n): v[i] = 0.0

    Each iteration executes the two stores for the same elements, and touches those of the second buffer not before.
    """
    while True:
        places = [k for k, s in enumerate(fn.body) if isinstance(s, Loop) and _pairs(fn, s)]
        over = dependence(fn) if places else None
        found = next((h for k in places if over for h in _handed(over, k)), None)
        if found is None:
            return fn
        fn = _rewritten(fn, found)


def _pairs(fn: Func, loop: Loop) -> list[tuple[Carry, Carry]]:
    """The arrays that change places, as one that may be cleared and one that may be added to."""
    carried = [c for c in loop.carried if fn.types[c.var.name].rank]
    return [(c, d) for c in carried for d in carried if c != d and (c.next, d.next) == (d.var, c.var)]


# -- finding ------------------------------------------------------------------------------------------------------


def _handed(over: Dependence, position: int) -> Iterator[Handed]:
    """The stores of a loop of the top level that may become one."""
    loop = over.fn.body[position]
    assert isinstance(loop, Loop)
    if loop.until is not None or not isinstance(loop.step, Const):
        return
    places = [(s, p, f) for s, p, f in sites(loop.body) if isinstance(s, Store)]
    for source, target in _pairs(over.fn, loop):
        apart = over.apart(source.var, target.var, {(position,)}) and _begins_as_zeros(over, loop, target)
        if not apart or not derivatives(over.fn).has(target.var) or not _by_elements(loop, {source.var, target.var}):
            continue
        cleared = [place for place in places if place[0].array == source.var]
        if len(cleared) == 1 and _is_zero(cleared[0][0]):
            clears, path, frames = cleared[0]
            needed = _needed(loop, clears, path, frames)
            for adds, there, _ in places if needed is not None else ():
                same = there[:-1] == path[:-1] and (adds.array, adds.index) == (target.var, clears.index)
                found = Handed(position, clears, adds, path, target, needed or frozenset())
                if same and adds.add and _proven(over, found):
                    yield found


def _by_elements(loop: Loop, arrays: set[Var]) -> bool:
    """Whether a loop only reads and writes elements of arrays, by these names."""
    for stmt in walk(loop.body):
        used = [a for a in (*operands(stmt), *yields(stmt)) if a in arrays]
        plain = isinstance(stmt, (Load, Store)) and is_element(stmt.index) and used == [stmt.array]
        if used and not plain:
            return False
    return True


def _begins_as_zeros(over: Dependence, loop: Loop, carry: Carry) -> bool:
    """Whether a buffer is an array of zeros that nothing but the loop has seen."""
    made = over.defs[carry.init].stmt if isinstance(carry.init, Var) else None
    users = [s for s in walk(over.fn.body) if carry.init in operands(s) or carry.init in yields(s)]
    alone = users == [loop] and carry.init not in over.fn.results
    return isinstance(made, Assign) and made.op == "zeros" and alone


def _is_zero(store: Store) -> bool:
    return not store.add and isinstance(store.value, Const) and store.value.value == 0


def _needed(loop: Loop, store: Store, path: Path, frames: tuple[Frame, ...]) -> frozenset[Var] | None:
    """The names of a loop's body that say for which elements a store is executed; None if iterations may differ."""
    agenda = [a for a in store.index if isinstance(a, Var)]
    for frame in frames:
        if not isinstance(frame.region, (Loop, Branch)) or (isinstance(frame.region, Loop) and frame.region.until):
            return None
        tested = operands(replace(frame.region, carried=()) if isinstance(frame.region, Loop) else frame.region)
        agenda += [a for a in tested if isinstance(a, Var)]
    lines = {s.target: s for s in _before(loop.body, path) if isinstance(s, Assign) and s.op in _PLAIN}
    indices, own = {f.region.index for f in frames if isinstance(f.region, Loop)}, all_defs((loop,))
    found = set[Var]()
    while agenda:
        name = agenda.pop()
        if name in found or name not in own or name in indices:
            continue
        if name not in lines:
            return None
        found.add(name)
        agenda += [a for a in lines[name].args if isinstance(a, Var)]
    return frozenset(found)


def _before(block: Block, path: Path) -> Iterator[Stmt]:
    """The statements that stand before a place, in the blocks around it."""
    yield from block[: path[0]]
    if len(path) > 1:
        yield from _before(blocks(block[path[0]])[path[1]], path[2:])


def _proven(over: Dependence, found: Handed) -> bool:
    """Whether nothing in an iteration sees a zero, or touches an element before the addition to it."""
    loop = (found.loop,)
    alone = frozenset((loop,))
    touched = [a for group in (over.writes, over.reads) for accesses in group.values() for a in accesses]
    (clears,) = (a for a in touched if a.path == (*loop, 0, *found.path))
    adds = [a for a in touched if a.base == found.target.var and _statement(over, a) is found.adds]
    if len(adds) != 1 or any(over.meets_later(clears, a, alone) for a in touched if a.base == clears.base):
        return False
    return not any(over.meets_later(a, adds[0], alone) for a in touched if a.base == adds[0].base)


def _statement(over: Dependence, access: Access) -> Stmt:
    return block_at(over.fn, access.path)[access.path[-1]]


# -- rewriting ----------------------------------------------------------------------------------------------------


def _rewritten(fn: Func, found: Handed) -> Func:
    b, loop = Builder.of(fn), fn.body[found.loop]
    assert isinstance(loop, Loop)
    with b.block() as body:
        b.extend(fn.body[: found.loop])
        b.add(replace(loop, body=_written_over(loop.body, found)))
        _clear(b, loop, found)
        b.extend(fn.body[found.loop + 1 :])
    return with_body(fn, tuple(body), b)


def _written_over(block: Block, found: Handed) -> Block:
    """A block in which the addition is a store, and nothing is cleared."""
    return tuple(
        replace(found.adds, add=False) if s is found.adds else map_blocks(s, lambda inner: _written_over(inner, found))
        for s in block
        if s is not found.clears
    )


def _clear(b: Builder, loop: Loop, found: Handed) -> None:
    """Clear, behind a loop that has run, what would be zero there."""
    assert isinstance(loop.step, Const) and isinstance(loop.step.value, int)
    lines = _again(loop.body, found.path, found)
    lines = rename(lines, {v: b.like(v) for v in sorted(all_defs(lines), key=str)})
    with b.at(loop.span):
        runs = b.emit("lt" if loop.step.value > 0 else "gt", loop.start, loop.stop, hint="runs", weak=True)
    b.add(Branch(runs, lines, (), (), loop.span))


def _again(block: Block, path: Path, found: Handed) -> Block:
    """The clearing store in its loops and branches, of the buffer as it is called behind the loop."""
    lines = [s for s in block[: path[0]] if isinstance(s, Assign) and s.target in found.needed]
    stmt = block[path[0]]
    if isinstance(stmt, Loop):
        stmt = replace(stmt, carried=(), body=_again(stmt.body, path[2:], found))
    elif isinstance(stmt, Branch):
        arms: list[Block] = [(), ()]
        arms[path[1]] = _again(blocks(stmt)[path[1]], path[2:], found)
        stmt = replace(stmt, then=arms[0], other=arms[1], outs=())
    else:
        assert isinstance(stmt, Store)
        stmt = replace(stmt, array=found.target.out)
    return (*lines, stmt)


__all__ = ["write_over_zeros"]
