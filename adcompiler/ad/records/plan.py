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
from dataclasses import dataclass, replace

from adcompiler.ad.prepare import Prepared
from adcompiler.ad.records.swelling import GROWING, swells
from adcompiler.ad.records.values import RECORD, Planner
from adcompiler.analysis.dependence import Dependence
from adcompiler.analysis.network import Network
from adcompiler.analysis.scope import Definition, Path
from adcompiler.ir.walk import all_reads, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Func,
    Load,
    Loop,
    Var,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The values to record; every other value that the reverse sweep needs is recomputed or reloaded.

    `later` are values that a loop hands to its next iteration, with the names under which they are recorded there.
    """

    defs: dict[Var, Definition]
    recorded: frozenset[Var]
    needed: frozenset[Var]
    reloads: dict[Var, Load]
    later: dict[Var, Var]

    def cost(self, fn: Func) -> float:
        """The bytes recorded, a loop counting as a hundred iterations."""
        sizes = (fn.types[v.name] for v in self.recorded)
        depth = (len(self.defs[v].loops) for v in self.recorded)
        return sum(t.numpy.itemsize * 100.0 ** (d + t.rank) for t, d in zip(sizes, depth, strict=True) if d)


def plan(
    primal: Prepared,
    reverse: Block,
    over: Dependence,
    joined: frozenset[Path],
    grads: Iterable[Atom],
    shapes: Mapping[str, tuple[Atom, ...]],
    record: float = RECORD,
) -> Plan:
    """Decide for each value of the primal that `reverse`, with names of these `shapes`, reads.

    In the loops at `joined` both sweeps of an iteration run together: what they define is simply there, like top-level
    names. A number that is recorded costs `record`.
    """
    fn = primal.func
    computed = frozenset((s.op, s.args) for s in walk(reverse) if isinstance(s, Assign))
    p = Planner(primal, fn, over.defs, over, joined, computed, record)
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
            kept, again = decide(p, unit, wanted)
            kept |= p.extents_of(kept)
            again -= kept
            recorded |= kept
            needed |= kept | again
            for v in sorted(again, key=str):
                demand(a for a in p.sources(v) or () if isinstance(a, Var) and a in p.defs and p.home(a) != unit)
    return Plan(p.defs, frozenset(recorded), frozenset(needed), p.reloads, p.later)


def changing_extents(shapes: Mapping[str, tuple[Atom, ...]], reverse: Block) -> Iterator[Atom]:
    """The extents of adjoints that a reversed loop carries, where they are others at its end or in its iterations."""
    for loop in walk(reverse):
        for c in loop.carried if isinstance(loop, Loop) else ():
            found = [shapes.get(a.name, ()) for a in (c.var, c.init, c.next) if isinstance(a, Var)]
            for extents in zip(*found, strict=True):
                if len(set(extents)) > 1:
                    yield from extents


def opened(d: Definition, joined: frozenset[Path]) -> Definition:
    """A definition without the frame of a joined loop."""
    return replace(d, frames=tuple(f for f in d.frames if f.path not in joined))


def decide(p: Planner, unit: Path | None, wanted: set[Var]) -> tuple[set[Var], set[Var]]:
    """The values of one unit to record and those to recompute, at least cost."""
    rows = GROWING if swells(p, wanted) else 1.0
    cost, kept, again = cut(p, unit, wanted, rows)
    later = p.handed_on(kept)
    if later:
        p.later |= later
        less, fewer, others = cut(p, unit, wanted, rows)
        if less < cost:
            kept, again = fewer, others
        for v in later if less >= cost else later.keys() - again:
            del p.later[v]
    return kept, again


def cut(p: Planner, unit: Path | None, wanted: set[Var], rows: float) -> tuple[float, set[Var], set[Var]]:
    """The least cost, the values of one unit that are recorded at it, and those that are computed again.

    Recording costs `rows` times as much as where there are arrays as long as the records anyway.
    """
    graph = Network[tuple[str, Var] | str]()
    agenda, seen = sorted(wanted, key=str), set(wanted)
    for v in agenda:
        graph.edge("source", ("A", v))
    while agenda:
        v = agenda.pop()
        graph.edge(("A", v), ("C", v), rows * p.record_cost(v))
        inside = [u for u in p.fn.shape(v) if isinstance(u, Var) and p.home(u) == unit and not p.ready(u)]
        for u in inside:
            graph.edge(("A", v), ("A", u))
        agenda += [u for u in inside if u not in seen]
        seen.update(inside)
        sources = p.sources(v)
        if sources is None:
            graph.edge(("C", v), "sink")
            continue
        graph.edge(("C", v), "sink", p.compute_cost(v))
        for a in sources:
            if not isinstance(a, Var) or p.home(a) != unit or p.ready(a):
                continue
            graph.edge(("C", v), ("A", a))
            if a not in seen:
                seen.add(a)
                agenda.append(a)
    cost, near = graph.minimum_cut("source", "sink")
    available = {v for v in seen if ("A", v) in near}
    computed = {v for v in available if ("C", v) in near}
    return cost, available - computed, computed
