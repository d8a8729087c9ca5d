"""Minimum cuts beside those of networkx."""

from __future__ import annotations

import random

import networkx as nx
import pytest

from adcompiler.analysis.network import Network


def random_edges(seed: int) -> list[tuple[int, int, float]]:
    """Edges among a few nodes, of which the first is the source and the last the sink; some cannot be cut."""
    rng = random.Random(seed)
    n = rng.randint(3, 12)
    ends = {(rng.randrange(n), rng.randrange(n)) for _ in range(rng.randint(2, 40))}
    free = rng.random() < 0.5
    return [
        # an edge to the sink has a finite capacity, so that there is a cut
        (a, b, float("inf") if free and b != n - 1 and rng.random() < 0.3 else float(rng.randint(0, 5)))
        for a, b in sorted(ends | {(0, 1), (n - 2, n - 1)})
        if a != b
    ]


@pytest.mark.parametrize("seed", range(200))
def test_cuts_are_those_of_networkx(seed: int) -> None:
    edges = random_edges(seed)
    sink = max(b for _, b, _ in edges)
    network, graph = Network[int](), nx.DiGraph()
    for a, b, capacity in edges:
        network.edge(a, b, capacity)
        graph.add_edge(a, b, capacity=capacity)
    cost, near = network.minimum_cut(0, sink)
    expected, (theirs, _) = nx.minimum_cut(graph, 0, sink)
    assert cost == expected
    assert near == theirs


def test_a_long_chain_is_cut_in_time_proportional_to_its_length() -> None:
    network, length = Network[int](), 20_000
    for k in range(length):
        network.edge(k, k + 1, 1.0 if k == 7 else 2.0)
    cost, near = network.minimum_cut(0, length)
    assert (cost, near) == (1.0, set(range(8)))
