"""How the reverse sweep gets the values of the primal it needs: a minimum cut between recording and recomputing.

Each loop body is a unit of its own, innermost first. A value `v` that the adjoint of the body reads is available when
it is recorded, at a cost of memory traffic, or recomputed, at the cost of its operation, from values that are
available. The cheapest choice is a minimum cut of a graph with two nodes a value, A ("available") and C
("recomputed"):

    source -> A(v)  infinite   v is needed
    A(v) -> C(v)    cost of recording v
    C(v) -> sink    cost of computing v
    C(v) -> A(u)    infinite   for each u that v is computed from
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import networkx as nx

from adcompiler.ad.prepare import Prepared
from adcompiler.analysis.dependence import Dependence, everything
from adcompiler.analysis.scope import Definition, Path, sites
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import all_reads, index_atoms, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Const,
    Func,
    Index,
    Load,
    Loop,
    NewAxis,
    Slice,
    Store,
    Var,
    While,
)

NEVER = float("inf")

# costs in units of about half a nanosecond: an addition in a loop that is not bound by memory
RECORD = 4.0
LOCAL = 0.5
RELOAD = 1.0
# what the adjoint computes anyway, as the cosine is for a sine
SHARED = 0.1
_CHEAP = 0.5
_COSTS = {"div": 4.0, "sqrt": 5.0, "mod": 4.0, "floordiv": 4.0, "pow": 40.0, "where": 1.0, "cut": 1.5}
_TRANSCENDENTAL = frozenset(
    "sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh exp exp2 expm1 log log2 log10"
    " log1p cbrt hypot logaddexp erf erfc gamma lgamma fmod".split()
)
# an array operation touches many elements, in recording as in recomputing
_ARRAY = 64.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The values to record; every other value that the reverse sweep needs is recomputed or reloaded."""

    defs: dict[Var, Definition]
    recorded: frozenset[Var]
    needed: frozenset[Var]
    reloads: dict[Var, Store]

    def cost(self, fn: Func) -> float:
        """The bytes recorded, a loop counting as a hundred iterations."""
        sizes = (fn.types[v.name] for v in self.recorded)
        depth = (len(self.defs[v].loops) for v in self.recorded)
        return sum(t.numpy.itemsize * 100.0 ** (d + t.rank) for t, d in zip(sizes, depth, strict=True) if d)


@dataclass(slots=True)
class Planner:
    """The primal with what is known about each name."""

    primal: Prepared
    fn: Func
    defs: dict[Var, Definition]
    overwrites: Dependence
    joined: Path | None
    computed: frozenset[tuple[str, tuple[Atom, ...]]]
    reloads: dict[Var, Store] = field(default_factory=dict)

    def find_reloads(self) -> None:
        """Scalars that the statement after them stores into an element that keeps them."""
        for stmt, path, frames in sites(self.fn.body):
            match stmt:
                case Store(array=array, value=Var() as v, add=False) if not self.fn.types[v.name].rank:
                    undone = self.overwrites.memory.root(array) in self.primal.restored
                    whole = undone or any(isinstance(item, (Slice, NewAxis)) for item in stmt.index)
                    there = not self.perishes(array) and self.overwrites.defs[v].frames == frames != ()
                    same = self.fn.types[array.name].dtype == self.fn.types[v.name].dtype
                    if not whole and there and same and self.overwrites.lasting(stmt, path, frames, self.joined):
                        self.reloads[v] = stmt
                case _:
                    pass

    def home(self, v: Var) -> Path | None:
        """The innermost loop around the definition of `v`; None at the top level."""
        loops = self.defs[v].loops
        return loops[-1].path if loops else None

    def ready(self, v: Var) -> bool:
        """Whether `v` is simply there in the reverse sweep: a top-level name, an index, a trip count."""
        d = self.defs[v]
        return not d.frames or d.role == "index" or v in self.primal.counters or self.is_buffer(v)

    def is_buffer(self, v: Var) -> bool:
        """Whether `v` is one of the buffers that a loop exchanges and the reverse sweep exchanges back."""
        d = self.defs[v]
        if not self.fn.types[v.name].rank or d.role != "carry" or not isinstance(d.stmt, (Loop, While)):
            return False
        return self.overwrites.memory.root(v) in self.primal.restored and self.overwrites.exchanges(d.stmt)

    def sources(self, v: Var) -> tuple[Atom, ...] | None:
        """What `v` is recomputed from; None where it cannot be."""
        d = self.defs[v]
        if v in self.reloads:
            return (self.reloads[v].array, *index_atoms(self.reloads[v].index))
        match d.stmt:
            case Assign(op=op, args=args) if d.role == "line":
                reads = [a for a in args if isinstance(a, Var) and self.fn.types[a.name].rank]
                made = self.fn.types[v.name].rank and kind(op) != "view" and self.stored(v)
                lost = kind(op) not in ("view", "shape") and any(self.lost(a, everything(self.fn, a), v) for a in reads)
                return None if made or lost else args
            case Load(array=array, index=index):
                atoms = (array, *index_atoms(index))
                return None if not self.fn.types[v.name].rank and self.lost(array, index, v) else atoms
            case Branch(test=test, outs=outs) if not self.fn.types[v.name].rank:
                out = next(o for o in outs if o.var == v)
                return (test, out.then, out.other)
            case _:
                return None

    def stored(self, v: Var) -> bool:
        """Whether anything is stored into the memory of an array."""
        return self.overwrites.written(v)

    def perishes(self, array: Var) -> bool:
        """Whether an array is written and lives in a region, so that the reverse sweep cannot refer to its memory."""
        base = self.overwrites.base(array)
        return bool(self.defs[base].frames) and not self.is_buffer(base) and self.stored(array)

    def lost(self, array: Var, index: Index, reader: Var) -> bool:
        """Whether the line that defines `reader` would find other contents in the reverse sweep."""
        path, frames = self.defs[reader].path, self.overwrites.defs[reader].frames
        if self.perishes(array):
            return True
        if self.overwrites.memory.root(array) in self.primal.restored:
            return self.overwrites.spoiled(array, index, path, frames)
        return self.overwrites.overwritten(array, index, path, frames, self.joined)

    def compute_cost(self, v: Var) -> float:
        """The cost of computing `v` once from its sources."""
        stmt = self.defs[v].stmt
        if not isinstance(stmt, Assign) or v in self.reloads:
            return RELOAD
        if (stmt.op, stmt.args) in self.computed:
            return SHARED
        many = any(self.fn.type(a).rank for a in (v, *stmt.args)) and kind(stmt.op) not in ("view", "shape")
        one = 12.0 if stmt.op in _TRANSCENDENTAL else _COSTS.get(stmt.op, _CHEAP)
        if stmt.op == "pow" and isinstance(stmt.args[1], Const) and stmt.args[1].value in (2, 3):
            one = 2 * _CHEAP
        if kind(stmt.op) in ("contract", "opaque"):
            one = 32.0 if kind(stmt.op) == "contract" else 256.0
        return one * (_ARRAY if many else 1.0)

    def extents_of(self, kept: set[Var]) -> set[Var]:
        """The extents, computed in an arm of a branch, of arrays that the branch hands out."""
        arrays = [v for v in kept if self.fn.types[v.name].rank and not self.defs[v].loops]
        return {a for v in arrays for a in self.fn.shape(v) if isinstance(a, Var) and self.defs[a].frames}

    def record_cost(self, v: Var) -> float:
        """The cost of storing `v` and loading it again."""
        type, d = self.fn.types[v.name], self.defs[v]
        if type.rank and d.role in ("line", "out") and self.stored(v):
            return NEVER
        if not d.loops:
            return LOCAL
        return RECORD * (type.numpy.itemsize / 8) * (_ARRAY if type.rank else 1.0)


def plan(
    primal: Prepared,
    reverse: Block,
    over: Dependence,
    joined: Path | None,
    grads: Iterable[Atom],
    shapes: Mapping[str, tuple[Atom, ...]],
) -> Plan:
    """Decide for each value of the primal that `reverse`, with names of these `shapes`, reads.

    In the loop at `joined` both sweeps of an iteration run together: what it defines is simply there, like top-level
    names.
    """
    fn = primal.func
    computed = frozenset((s.op, s.args) for s in walk(reverse) if isinstance(s, Assign))
    p = Planner(primal, fn, over.defs, over, joined, computed)
    p.defs = {v: opened(d, joined) for v, d in over.defs.items()}
    p.find_reloads()
    demands: dict[Path | None, set[Var]] = {}
    needed: set[Var] = set()

    def demand(atoms: Iterable[Atom]) -> None:
        for a in atoms:
            if isinstance(a, Var) and a in p.defs and not p.ready(a):
                demands.setdefault(p.home(a), set()).add(a)

    demand(all_reads(reverse))
    demand(changing_extents(shapes, reverse))
    demand(grads)
    recorded: set[Var] = set()
    units = {p.home(v) for v in p.defs}
    for unit in sorted(units, key=lambda u: -len(u or ())):
        wanted = demands.get(unit, set())
        if wanted:
            kept, again = cut(p, unit, wanted)
            kept |= p.extents_of(kept)
            again -= kept
            recorded |= kept
            needed |= kept | again
            for v in sorted(again, key=str):
                demand(a for a in p.sources(v) or () if isinstance(a, Var) and a in p.defs and p.home(a) != unit)
    return Plan(p.defs, frozenset(recorded), frozenset(needed), p.reloads)


def changing_extents(shapes: Mapping[str, tuple[Atom, ...]], reverse: Block) -> Iterator[Atom]:
    """The extents of adjoints that a reversed loop carries, where they are others at its end or in its iterations."""
    for loop in walk(reverse):
        for c in loop.carried if isinstance(loop, Loop) else ():
            found = [shapes.get(a.name, ()) for a in (c.var, c.init, c.next) if isinstance(a, Var)]
            for extents in zip(*found, strict=True):
                if len(set(extents)) > 1:
                    yield from extents


def opened(d: Definition, joined: Path | None) -> Definition:
    """A definition without the frame of the joined loop."""
    return replace(d, frames=tuple(f for f in d.frames if f.path != joined))


def cut(p: Planner, unit: Path | None, wanted: set[Var]) -> tuple[set[Var], set[Var]]:
    """The values of one unit to record and those to recompute, at least cost."""
    graph: nx.DiGraph[tuple[str, Var] | str] = nx.DiGraph()
    agenda, seen = sorted(wanted, key=str), set(wanted)
    for v in agenda:
        graph.add_edge("source", ("A", v))
    while agenda:
        v = agenda.pop()
        graph.add_edge(("A", v), ("C", v), capacity=p.record_cost(v))
        inside = [u for u in p.fn.shape(v) if isinstance(u, Var) and p.home(u) == unit and not p.ready(u)]
        for u in inside:
            graph.add_edge(("A", v), ("A", u))
        agenda += [u for u in inside if u not in seen]
        seen.update(inside)
        sources = p.sources(v)
        if sources is None:
            graph.add_edge(("C", v), "sink")
            continue
        graph.add_edge(("C", v), "sink", capacity=p.compute_cost(v))
        for a in sources:
            if not isinstance(a, Var) or p.home(a) != unit or p.ready(a):
                continue
            graph.add_edge(("C", v), ("A", a))
            if a not in seen:
                seen.add(a)
                agenda.append(a)
    _, (near, _) = nx.minimum_cut(graph, "source", "sink")
    available = {v for v in seen if ("A", v) in near}
    computed = {v for v in available if ("C", v) in near}
    return available - computed, computed
