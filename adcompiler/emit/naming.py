"""One Python variable for several names that are never alive together: `s`, `s_1`, `s_2` of a loop print as `s`."""

from __future__ import annotations

from collections.abc import Iterator, Set

from adcompiler.emit.folding import Plan, is_temporary
from adcompiler.emit.interference import Interference
from adcompiler.ir.names import Names
from adcompiler.ir.spelling import base_name, numbered_words
from adcompiler.ir.types import Type
from adcompiler.ir.walk import defines, inner, walk
from adcompiler.ir.wengert import Assign, Func, Load, Loop, Var


def python_names(fn: Func, plan: Plan, reserved: frozenset[str]) -> dict[Var, str]:
    """The Python variable of every name that is printed."""
    order = list(_printed(fn, plan))
    groups = _Groups(fn, Interference(fn, plan))
    groups.join_copies()
    groups.join_namesakes(order)
    return _spell(fn, groups, order, reserved)


def _printed(fn: Func, plan: Plan) -> Iterator[Var]:
    """The names that get a Python variable, in the order of definition."""
    yield from fn.params
    for stmt in walk(fn.body):
        if not plan.skips(stmt):
            yield from inner(stmt)
            yield from defines(stmt)


class _Groups:
    """Disjoint sets of names; two sets join when no name of one is alive with a name of the other."""

    def __init__(self, fn: Func, graph: Interference) -> None:
        self.fn, self.graph = fn, graph
        self.members: dict[Var, set[Var]] = {}
        # of each set what is alive where its names are defined
        self.alive: dict[Var, Set[Var]] = {}
        self.of: dict[Var, Var] = {}
        self.indices = {s.index for s in walk(fn.body) if isinstance(s, Loop)}
        self.words = numbered_words(fn)
        self.spans = {s.target: s.span for s in walk(fn.body) if isinstance(s, (Assign, Load))}
        loops = (s for s in walk(fn.body) if isinstance(s, Loop))
        self.spans |= {s.index: s.span for s in loops if not is_temporary(s.index, s.span)}

    def leader(self, var: Var) -> Var:
        """The representative of the set of `var`."""
        return self.of.setdefault(var, var)

    def group(self, var: Var) -> set[Var]:
        """The set of `var`."""
        return self.members.setdefault(self.leader(var), {var})

    def alive_at(self, var: Var) -> Set[Var]:
        """What is alive where a name of the set of `var` is defined."""
        leader = self.leader(var)
        if leader not in self.alive:
            self.alive[leader] = frozenset[Var]().union(*self.graph.alive.get(leader, ()))
        return self.alive[leader]

    def join(self, a: Var, b: Var) -> bool:
        """Join two sets if their names can share a variable."""
        first, second = self.group(a), self.group(b)
        if first is second:
            return True
        around, within = self.alive_at(a), self.alive_at(b)
        if not self._fit(a, b) or not around.isdisjoint(second) or not within.isdisjoint(first):
            return False
        keeps, joins = self.leader(a), self.leader(b)
        self.alive[keeps] = _united(around, within)
        first |= second
        del self.members[joins], self.alive[joins]
        for v in second:
            self.of[v] = keeps
        return True

    def _fit(self, a: Var, b: Var) -> bool:
        s, t = self.fn.types[a.name], self.fn.types[b.name]
        return (s.dtype, s.rank) == (t.dtype, t.rank) and (a in self.indices) == (b in self.indices)

    def join_copies(self) -> None:
        """Join the targets and sources of copies, those inside loops first."""
        for target, source in self.graph.copies:
            if isinstance(source, Var) and source not in self.graph.plan.folded:
                self.join(target, source)

    def join_namesakes(self, order: list[Var]) -> None:
        """Join names that differ in their number alone: the user's one variable, assigned several times."""
        leaders: dict[tuple[str, Type], list[tuple[Var, set[Var]]]] = {}
        for var in order:
            base, type = base_name(var.name, self.words), self.fn.types[var.name]
            if is_temporary(var, self.spans.get(var)) or (type.rank and var in self.fn.params):
                continue
            key = (base, Type(type.dtype, type.rank, False, type.layout))
            known, alive = leaders.setdefault(key, []), self.alive_at(var)
            # of many namesakes most are alive here: they are passed over by what they were when they were entered
            free = [leader for leader, group in known if alive.isdisjoint(group) or var in group]
            if not any(self.join(leader, var) for leader in free):
                known.append((var, self.group(var)))


def _united(one: Set[Var], two: Set[Var]) -> Set[Var]:
    """Both sets in one, which is the larger of them where that may change."""
    if isinstance(one, set):
        one |= two
        return one
    return set(one) | set(two)


def _spell(fn: Func, groups: _Groups, order: list[Var], reserved: frozenset[str]) -> dict[Var, str]:
    chosen = {groups.leader(p): p.name for p in fn.params}
    names = Names({*chosen.values(), *reserved})
    rank = {v: i for i, v in enumerate(order)}
    for var in order:
        leader = groups.leader(var)
        if leader not in chosen:
            best = min(groups.group(var), key=lambda v: (is_temporary(v, groups.spans.get(v)), rank[v]))
            chosen[leader] = names.fresh(base_name(best.name, groups.words))
    return {v: chosen[groups.leader(v)] for v in order}
