"""Loops through lists whose length they change: orders of graphs, intervals that are split, states that are spread."""

import numpy as np

from tests.support.registry import program


def longest_paths(w, edges):
    """Items in an order in which each comes after those it depends on, by a list of those that are ready."""
    degree = np.zeros(len(w), dtype=int)
    for _, b in edges:
        degree[b] += 1
    ready = [v for v in range(len(w)) if degree[v] == 0]
    length = w.copy()
    for u in ready:
        for a, b in edges:
            if a == u:
                length[b] = max(length[b], np.tanh(length[a]) + w[b] * length[a])
                degree[b] -= 1
                if degree[b] == 0:
                    ready.append(b)
    return np.sum(length) * len(ready)


EDGES = np.array([[0, 2], [1, 2], [2, 3], [3, 4], [3, 5]])
program(longest_paths, lambda rng: (rng.normal(size=6), EDGES))


def reached_from_the_first(conductance, threshold):
    seen = [0]
    total = 0.0
    for place, u in enumerate(seen):
        for w in range(len(conductance)):
            if conductance[u, w] > threshold and w not in seen:
                seen.append(w)
                total += conductance[u, w] * (place + 1)
    return total * len(seen)


program(reached_from_the_first, lambda rng: (rng.uniform(0.1, 1.0, (5, 5)), 0.55))


def intervals_split_where_it_bends(p, tolerance):
    def f(t):
        return np.exp(-p[0] * t) * np.sin(p[1] * t)

    total = 0.0
    pieces = [(0.0, 2.0)]
    for a, b in pieces:
        m = 0.5 * (a + b)
        coarse, fine = (b - a) * f(m), 0.5 * (b - a) * (f(0.5 * (a + m)) + f(0.5 * (m + b)))
        if abs(fine - coarse) < tolerance:
            total += fine
        else:
            pieces.append((a, m))
            pieces.append((m, b))
    else:
        total *= 1.0 + 0.01 * len(pieces)
    return total


program(intervals_split_where_it_bends, lambda rng: (np.array([0.7, 4.0]), 0.005))


def states_spread(x, limit):
    states = [x * 1.5]
    energy = 0.0
    for s in states:
        energy += np.sum(s * s)
        if energy > limit:
            break
        states.append(np.tanh(s[::-1]) + s)
    else:
        energy = -energy
    return energy + len(states)


program(states_spread, lambda rng: (np.array([0.3, -0.2, 0.5]), 9.0))


class Agenda:
    """Places still to visit, and what was found at those visited."""

    def __init__(self):
        self.places = [0]
        self.total = 0.0

    def visit(self, x):
        for u in self.places:
            self.total += np.sin(x[u]) * (u + 1.0)
            if 2 * u + 2 < len(x):
                self.places += [2 * u + 1, 2 * u + 2]
        return self.total


def heap_order(x):
    return Agenda().visit(x) + x[-1]


program(heap_order, lambda rng: (rng.normal(size=7),))


def removed_while_it_is_gone_through(x):
    """Python passes over the item after one that is removed."""
    items = [v * v for v in x]
    other = items
    total = 0.0
    for v in items:
        total = 0.5 * total + v
        if v > 1.0:
            other.remove(v)
    return total + sum(items)


program(removed_while_it_is_gone_through, lambda rng: (np.array([1.2, 0.3, 1.5, 1.7, 0.4]),))


def left_with_a_return(x):
    items = [x[0], x[1]]
    for v in items:
        if len(items) > 4:
            return v * sum(items)
        items.append(v * x[2])
        items.append(v + x[0])
    return 0.0


program(left_with_a_return, lambda rng: (np.array([1.2, 0.3, 1.5]),))


def rounds_within_rounds(x):
    total = 0.0
    for start in range(3):
        queue = [start]
        for u in queue:
            tail = [u + 1.0]
            for t in tail:
                if t < 3.0:
                    tail.append(t * 1.5)
            total += x[u] * len(tail) + tail[-1] * x[0]
            if u + 2 < len(x):
                queue.append(u + 2)
    return total


program(rounds_within_rounds, lambda rng: (rng.normal(size=6),))


def of_two_lists_that_a_function_chooses(x):
    def second(_, other):
        return other

    near, far = [x[0]], [x[1]]
    total = 0.0
    for v in second(near, far):
        total += v * v
        if len(far) < 5:
            far.append(0.5 * v + x[2])
    return total + near[0]


program(of_two_lists_that_a_function_chooses, lambda rng: (rng.normal(size=3),))


def chosen_by_a_call_that_counts(x):
    calls = 0

    def following():
        nonlocal calls
        calls += 1
        return calls - 1

    queues = [[x[0]], [x[1]]]
    total = 0.0
    for v in queues[following()]:
        total += v * v
        if len(queues[0]) < 4:
            queues[0].append(0.5 * v + x[2])
    return total * calls


program(chosen_by_a_call_that_counts, lambda rng: (rng.normal(size=3),))


def named_where_it_is_gone_through(x):
    total = 0.0
    for v in (few := [x[1], x[0]]):
        total += v * v
        if len(few) < 5:
            few.append(v + x[2])
    return total + len(few)


program(named_where_it_is_gone_through, lambda rng: (rng.normal(size=3),))


def as_long_as_the_list_is_short(x):
    queue = [x[0]]
    total = 0.0
    for v in queue:
        queue.append(0.5 * v + x[1])
        total += v * v + 0.1 * len(queue)
        if len(queue) > 4:
            break
    return total * len(queue)


program(as_long_as_the_list_is_short, lambda rng: (rng.normal(size=2),))


def compared_with_other_lists(x):
    kept, doubled, pairs, turned = [], [], [], []
    for v in x:
        if v > 0.0:
            kept.append(v)
            pairs.append((v, 1.0))
            turned.append((1.0, v))
        doubled.append(2.0 * v)
    total = np.sum(np.array(doubled))
    if kept == doubled:
        total = total + 100.0
    if kept != [v for v in x if v > 0.0]:
        total = total + 200.0
    if kept == kept[:1] + kept[1:] and [2.0 * v for v in x] == doubled:
        total = total * x[0]
    if pairs == turned or kept[:2] == [x[0], 0.5] or kept[:0] != doubled[:0]:
        total = total + 400.0
    if pairs[:0] == [] and pairs != [] and [] != kept and kept != (x[0], 0.5) and kept[:1] == [x[0]]:
        total = total * x[0]
    if pairs == [(v, 1.0) for v in kept]:
        total = total * x[0]
    return total * x[1] if [3, 4] == [k for k in range(len(x)) if k > 2] else total


program(compared_with_other_lists, lambda rng: (np.append(rng.uniform(0.5, 1.5, 3), rng.normal(size=2)),))
