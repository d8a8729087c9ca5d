"""Minimum cuts of networks with a source and a sink, by Dinic's algorithm.

Networkx has them too; importing it would take longer than differentiating a function of twenty lines.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from itertools import pairwise
from math import inf
from typing import Generic, TypeVar

N = TypeVar("N", bound=Hashable)


class Inseparable(Exception):
    """No cut of finite cost separates source and sink."""


class Network(Generic[N]):
    """A network whose edges have capacities.

    >>> network = Network[str]()
    >>> network.edge("source", "a", 3.0)
    >>> network.edge("a", "b")
    >>> network.edge("b", "sink", 2.0)
    >>> cost, near = network.minimum_cut("source", "sink")
    >>> cost, sorted(near)
    (2.0, ['a', 'b', 'source'])
    """

    def __init__(self) -> None:
        self.capacity: dict[tuple[N, N], float] = {}
        # what an edge can still take; each has one back, which takes what flows
        self.left: dict[N, dict[N, float]] = {}

    def edge(self, a: N, b: N, capacity: float = inf) -> None:
        """An edge from `a` to `b`."""
        self.capacity[a, b] = capacity
        self.left.setdefault(a, {})[b] = capacity
        self.left.setdefault(b, {}).setdefault(a, 0)

    def minimum_cut(self, source: N, sink: N) -> tuple[float, set[N]]:
        """The cost of separating two nodes and the nodes on the source's side, as many as have no way to the sink.

        Raises `Inseparable` where a way between them has no edge of finite capacity.
        """
        while sink in (levels := self._levels(source, lambda a, b: self.left[a][b] > 0)):
            self._fill(source, sink, levels)
        far = self._levels(sink, lambda b, a: self.left[a][b] > 0)
        near = self.left.keys() - far.keys()
        return sum(c for (a, b), c in self.capacity.items() if a in near and b not in near), near

    def _levels(self, start: N, open_: Callable[[N, N], bool]) -> dict[N, int]:
        """The nodes that open edges lead to, with the number of edges."""
        levels, agenda = {start: 0}, deque([start])
        while agenda:
            a = agenda.popleft()
            for b in self.left.get(a, ()):
                if b not in levels and open_(a, b):
                    levels[b] = levels[a] + 1
                    agenda.append(b)
        return levels

    def _fill(self, source: N, sink: N, levels: dict[N, int]) -> None:
        """Send as much as shortest ways take."""
        onward: dict[N, Iterator[N]] = {a: iter(self.left[a]) for a in levels}
        path = [source]
        while path:
            a = path[-1]
            if a == sink:
                path = path[: self._send(path)]
                continue
            further = (b for b in onward[a] if self.left[a][b] > 0 and levels.get(b) == levels[a] + 1)
            step = next(further, None)
            if step is None:
                path.pop()
            else:
                path.append(step)

    def _send(self, path: list[N]) -> int:
        """Send what a way takes; the number of its nodes up to the first edge that is full now."""
        edges = list(pairwise(path))
        least = min(self.left[a][b] for a, b in edges)
        if least == inf:
            raise Inseparable
        for a, b in edges:
            self.left[a][b] -= least
            self.left[b][a] += least
        return next(k for k, (a, b) in enumerate(edges, 1) if self.left[a][b] <= 0)
