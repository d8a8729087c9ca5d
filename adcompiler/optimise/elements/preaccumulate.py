"""Records of partial derivatives, in place of what the reverse sweep computes them from.

An iteration of a recurrence waits for the one before, in both sweeps. The forward sweep, with its calls of functions,
waits longest, and computes in the meantime what the reverse sweep would compute from its records alone.
Griewank and Walther (2008), section 10.2, call this preaccumulation. Soft dynamic time warping takes nine tenths of
the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from adcompiler.analysis.additive import is_sequential
from adcompiler.analysis.network import Network
from adcompiler.analysis.scope import Frame, Path, block_at, definitions, sites
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import all_reads, map_blocks, operands, rename, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Func, Load, Loop, Stmt, Store, Var
from adcompiler.optimise.elements.sharing import by_elements


@dataclass(slots=True)
class _Tape:
    """A record: the line that makes it, the only store into it and the only load from it."""

    made: Assign
    store: Store
    load: Load


@dataclass(slots=True)
class _Group:
    """Tapes that one block fills at one index, and another one reads at one index."""

    fill: Path
    read: Path
    tapes: list[_Tape] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Moved:
    """Lines to run in the forward sweep, `early` ones in it alone, and those to record in place of `replaced` tapes."""

    group: _Group
    lines: tuple[Assign, ...]
    early: tuple[Assign, ...]
    values: tuple[Assign, ...]
    replaced: tuple[_Tape, ...]


def preaccumulate(fn: Func) -> Func:
    """Record what follows from records, where that is no more, the latest there is.

    Before:  for i in range(n): ...; a[i] = p; b[i] = q
             for i in range(n - 1, -1, -1): s = a[i] + b[i]; f = cut(c, a[i] / s); h = cut(c, b[i] / s); ...
    After:   for i in range(n): ...; s = p + q; a[i] = cut(c, p / s); b[i] = cut(c, q / s)
             for i in range(n - 1, -1, -1): f = a[i]; h = b[i]; ...

    Both loops wait from one iteration to the next, so that neither runs in vectors. Nothing is computed otherwise.
    """
    moved = [m for m in (_moved(fn, group) for group in _groups(fn)) if m is not None]
    for each in moved:
        fn = _rewritten(fn, each)
    return fn


# -- finding ------------------------------------------------------------------------------------------------------


def _groups(fn: Func) -> Iterable[_Group]:
    """The tapes by where they are filled and read; those of loops that wait, the first before the second."""
    made = {s.target: s for s in fn.body if isinstance(s, Assign) and s.op == "empty"}
    uses = defaultdict[Var, list[tuple[Load | Store, Path, tuple[Frame, ...]]]](list)
    private = by_elements(fn) & made.keys() if made else set()
    for stmt, path, frames in sites(fn.body) if private else ():
        if isinstance(stmt, (Load, Store)) and stmt.array in private:
            uses[stmt.array].append((stmt, path, frames))
    groups = dict[object, _Group]()
    for array, found in uses.items():
        if len(found) != 2 or not all(_waits(frames) for _, _, frames in found):
            continue
        (store, fill, _), (load, read, _) = found
        if isinstance(store, Store) and isinstance(load, Load) and fill[0] < read[0] and _records(fn, store):
            key = fill[:-1], store.index, read[:-1], load.index, made[array].args
            groups.setdefault(key, _Group(fill[:-1], read[:-1])).tapes.append(_Tape(made[array], store, load))
    return groups.values()


def _records(fn: Func, store: Store) -> bool:
    """Whether a store leaves a number as it is."""
    return not store.add and fn.type(store.value).dtype == fn.type(store.array).dtype


def _waits(frames: Sequence[Frame]) -> bool:
    """Whether a place is in loops alone, and the innermost one waits from one iteration to the next."""
    loops = [f.region for f in frames if isinstance(f.region, Loop)]
    return 0 < len(loops) == len(frames) and all(s.budget is None for s in loops) and is_sequential(loops[-1])


def _moved(fn: Func, group: _Group) -> _Moved | None:
    """What to record in place of the group's tapes; None where there is nothing."""
    loads = {t.load.target: t for t in group.tapes}
    given, lines = _following(fn, group, loads)
    if not lines:
        return None
    graph, both = Network[tuple[Var, bool] | bool](), {*loads, *(s.target for s in lines)}
    for v in loads:
        graph.edge(False, (v, False))
    for v in both:
        graph.edge((v, False), (v, True), float(fn.type(v).numpy.itemsize))
    for stmt in lines:
        for a in both.intersection(stmt.args):
            graph.edge((a, True), (stmt.target, False))
            # what the forward sweep computes follows from what it has
            graph.edge((stmt.target, False), (a, False))
    for v in both & _read_beside(fn, lines):
        graph.edge((v, True), True)
    _, near = graph.minimum_cut(False, True)
    last = {v for v in both if (v, False) in near and (v, True) not in near}
    early = [s for s in lines if (s.target, False) in near]
    values = tuple(s for s in early if s.target in last)
    replaced = tuple(t for v, t in loads.items() if v not in last)
    return _Moved(group, _needed((*given, *early), values), tuple(early), values, replaced) if values else None


def _following(fn: Func, group: _Group, loads: Iterable[Var]) -> tuple[list[Assign], list[Assign]]:
    """The scalar lines of the block that reads a group's tapes that follow from `loads` and what there is before.

    Before them, those that follow from this alone: what there is where the tapes are filled.
    """
    defs, before = definitions(fn), group.fill[0]
    there = {v for v, d in defs.items() if d.role == "param" or (not d.frames and d.path[0] < before)}
    led, given, found = set(loads), list[Assign](), list[Assign]()
    for stmt in (*fn.body[before : group.read[0]], *block_at(fn, (*group.read, 0))):
        if not isinstance(stmt, Assign) or kind(stmt.op) != "elementwise" or fn.type(stmt.target).rank:
            continue
        names = {a for a in stmt.args if isinstance(a, Var)}
        if names <= there:
            there.add(stmt.target)
            given.append(stmt)
        elif names <= there | led:
            led.add(stmt.target)
            found.append(stmt)
    return given, found


def _needed(lines: Sequence[Assign], values: Iterable[Assign]) -> tuple[Assign, ...]:
    """Those of some lines from which `values` among them follow, and these."""
    needed, found = {s.target for s in values}, list[Assign]()
    for stmt in reversed(lines):
        if stmt.target in needed:
            needed |= all_reads([stmt])
            found.append(stmt)
    return tuple(reversed(found))


def _read_beside(fn: Func, lines: Iterable[Assign]) -> set[Atom]:
    """What is read by others than these lines."""
    inside = {s.target for s in lines}
    others = (s for s in walk(fn.body) if not isinstance(s, Assign) or s.target not in inside)
    return {a for s in others for a in (*operands(s), *yields(s))} | set(fn.results)


# -- rewriting ----------------------------------------------------------------------------------------------------


def _rewritten(fn: Func, moved: _Moved) -> Func:
    b = Builder.of(fn)
    tapes = dict[Var, Var]()
    with b.block() as made, b.at(moved.replaced[0].made.span):
        for stmt in moved.values:
            dtype, extents = b.type(stmt.target).dtype, moved.replaced[0].made.args
            tapes[stmt.target] = b.emit("empty", *extents, dtype=dtype, hint=f"{stmt.target}_tape")
    own = {s.target: b.like(s.target) for s in moved.lines}
    body = _Written(b, moved, tapes, own, tuple(made)).block(fn.body)
    return with_body(fn, body, b)


@dataclass(frozen=True, slots=True)
class _Written:
    """Writes blocks with other records: `tapes` of the values, which the forward sweep has under their `own` names."""

    b: Builder
    moved: _Moved
    tapes: Mapping[Var, Var]
    own: Mapping[Var, Var]
    made: Block

    def block(self, block: Block) -> Block:
        """A block, and the blocks in it."""
        return tuple(s for stmt in block for s in self.statement(map_blocks(stmt, self.block)))

    def statement(self, stmt: Stmt) -> Iterator[Stmt]:
        """What stands for a statement."""
        group = self.moved.group
        match stmt:
            case Assign(target=target) if target in self.tapes:
                yield Load(target, self.tapes[target], group.tapes[0].load.index, stmt.span)
            case Assign() if stmt in self.moved.early:
                pass
            case Assign() | Store() | Load() if any(stmt in (t.made, t.store, t.load) for t in self.moved.replaced):
                yield from self.made if stmt == self.moved.replaced[0].made else ()
            case _:
                yield stmt
        if stmt == group.tapes[-1].store:
            yield from self.filled()

    def filled(self) -> Iterator[Stmt]:
        """The lines that run in the forward sweep, and what is recorded of them."""
        known = {**{t.load.target: t.store.value for t in self.moved.group.tapes}, **self.own}
        for stmt in self.moved.lines:
            yield from rename((replace(stmt, target=self.own[stmt.target]),), known)
        for stmt in self.moved.values:
            index = self.moved.group.tapes[0].store.index
            yield Store(self.tapes[stmt.target], index, self.own[stmt.target], False, stmt.span)


__all__ = ["preaccumulate"]
