"""Lists to which loops of unknown length append."""

import math
from typing import NamedTuple

import numpy as np

import adcompiler as ad
from tests.support.registry import program


def _network(rng):
    return 0.5 * rng.normal(size=(5, 2)), 0.5 * rng.normal(size=(3, 3)), 0.5 * rng.normal(size=(3, 2))


def states_stacked(x, w, u):
    h = np.zeros(w.shape[0])
    hs = []
    for t in range(x.shape[0]):
        h = np.tanh(w @ h + u @ x[t])
        hs.append(h)
    return np.sum(np.stack(hs, axis=1) ** 2) + hs[-1][0] + len(hs) * hs[0][1]


program(states_stacked, _network)


def states_read_while_they_are_made(x, w, u):
    hs = [np.zeros(w.shape[0])]
    for xt in x:
        hs.append(np.tanh(w @ hs[-1] + u @ xt))
    s = 0.0
    for k, h in enumerate(hs):
        s += k * np.sum(h)
    return s + sum(np.sum(h * h) for h in hs[1:]) + np.sum(np.concatenate(hs) ** 2) + np.sum(sum(hs))


program(states_read_while_they_are_made, _network)


def pairs_of_states(x, w, u):
    h, c = np.zeros(w.shape[0]), np.zeros(w.shape[0])
    states = []
    for xt in x:
        c = 0.9 * c + np.tanh(w @ h + u @ xt)
        h = np.tanh(c)
        states.append((h, c))
    hs, cs = zip(*states)  # noqa: B905
    total = np.sum(np.vstack(hs) * np.array(cs)) + np.sum(states[len(states) // 2][1])
    for h, c in states[1:]:
        total += np.sum(h * c * c)
    return total


program(pairs_of_states, _network)


def numbers_of_two_kinds(x, dt):
    times = [0]
    values = [1.0]
    for i in range(x.size):
        times.append(times[-1] + dt)
        values.append(values[-1] + dt * np.sin(times[-1]) * x[i] * values[-1])
    return np.sum(np.array(values)) + values[-1] * times[-1] + sum(values)


program(numbers_of_two_kinds, lambda rng: (rng.normal(size=4), 0.1))


def some_items_and_a_way_out(x):
    kept = []
    for i in range(x.shape[0]):
        if x[i, 0] > 0.0:
            kept.append(x[i] * 2.0)
        if len(kept) == 3:
            break
    return np.sum(np.array(kept) ** 2) * len(kept)


program(
    some_items_and_a_way_out,
    lambda rng: (np.where(np.arange(8)[:, None] % 2, 1.0, -1.0) + 0.1 * rng.normal(size=(8, 2)),),
)


def rows_within_rows(x):
    flat, rows = [], []
    for i in range(x.shape[0]):
        row = []
        for j in range(x.shape[1]):
            flat.append(x[i, j] ** 2)
            row.append(np.sin(x[i, j]))
        rows.append(row)
    a, r = np.array(flat), np.array(rows)
    return np.sum(a[1:] * a[:-1]) + np.sum(r[1:] * r[:-1])


program(rows_within_rows, lambda rng: (rng.normal(size=(3, 4)),))


def many_known_steps(x, w):
    h = x
    hs = []
    for _ in range(30):
        hs.append(h)
        new = np.empty(3)
        for j in range(3):
            new[j] = np.tanh(h[j] + w[j] * hs[0][j])
        h = new
    return np.sum(np.stack(hs) ** 2)


program(many_known_steps, lambda rng: (rng.normal(size=3), rng.normal(size=3)))


def known_steps_of_a_list_that_is_changed(x):
    gs = []
    for t in range(20):
        gs.append(x[0] * t)
    gs[3] = 0.0
    gs.insert(0, 1.0)
    return sum(gs) + gs[2] * x[1]


program(known_steps_of_a_list_that_is_changed, lambda rng: (rng.normal(size=2),))


def lists_with_two_names_and_in_functions(x):
    xs = []
    ys = xs

    def push(items, value):
        items.append(value * 2.0)

    for t in range(x.shape[0]):
        push(ys, x[t])
        if len(xs) > 3:
            xs.append(x[t])
    xs.append(x[0])
    for t in range(x.shape[0] - 1, -1, -1):
        xs.append(x[t] * xs[t])
    return np.sum(np.stack(ys) ** 2) * len(ys)


program(lists_with_two_names_and_in_functions, lambda rng: (rng.normal(size=(5, 2)),))


def gradient_of_a_list_inside(x):
    def inner(y):
        hs, h = [], np.zeros(y.shape[1])
        for t in range(y.shape[0]):
            h = h * y[t] + 1.0
            hs.append((t, [h, h * h]))
        return sum(t * np.sum(a + b) for t, (a, b) in hs)

    return np.sum(ad.grad(inner)(x) ** 2)


program(gradient_of_a_list_inside, lambda rng: (rng.normal(size=(4, 2)),))


def taken_apart(x):
    first, second, *rest, last = x
    *head, end = rest
    total = first * second + len(rest) * last
    for value in head:
        total += value * end
    return total + sum(rest) * max(head)


program(taken_apart, lambda rng: (rng.normal(size=7),))


def taken_apart_and_longer(x):
    *head, last = x[::-1]
    head.append(last)
    x[0] = 2.0
    return sum(value * value for value in head) + (x * head).sum() + x[1] * np.array(head)[1]


program(taken_apart_and_longer, lambda rng: (rng.normal(size=4),))


def rows_of_a_comprehension(x):
    rows = [[v, v * v] for v in x]
    pairs = [(v, [v, 1.0]) for v in x if v > 0.0]
    joined = rows[0] + rows[1]
    firsts, _ = zip(*pairs)  # noqa: B905
    return sum(joined) * len(joined) + np.sum(np.array(rows) ** 2) + sum(firsts) * len(pairs[0][1] + pairs[1][1])


program(rows_of_a_comprehension, lambda rng: (1.0 + rng.random(size=5),))


def items_written_where_only_the_list_has_them(x):
    rows = []
    for i in range(x.size):
        rows.append(x * i)
    rows[2][1] = 5.0
    first = rows[1]
    first[0] = x[0] ** 2
    return np.sum(np.array(rows) ** 2)


program(items_written_where_only_the_list_has_them, lambda rng: (rng.normal(size=4),))


def states_of_a_differential_equation(theta, y0, n):
    ys, times = [y0], [0.0]

    def slope(t, y):
        return np.array([y[1], -theta[0] * np.sin(y[0]) - theta[1] * y[1] * t])

    for _ in range(n):
        t, y = times[-1], ys[-1]
        k = slope(t, y)
        ys.append(y + 0.1 * slope(t + 0.05, y + 0.05 * k))
        times.append(t + 0.1)
    return np.sum(np.array(ys)[:, 0] ** 2) + times[-1] * y[0]


program(states_of_a_differential_equation, lambda rng: (np.array([1.0, 0.2]), np.array([0.5, 0.1]), 4))


def arrays_made_of_a_list(x):
    hs = []
    for row in x:
        hs.append(row * 2.0)
    a, b = np.asarray(hs), np.transpose(hs)
    a[0] = 1.0
    b[0, 1] = 5.0
    return np.sum(a**2) + np.sum(hs[0]) * np.sum(hs[1]) + np.sum(b**2)


program(arrays_made_of_a_list, lambda rng: (rng.normal(size=(3, 2)),))


def sorted_by_exchanges(x):
    a = list(x)
    for i in range(len(a)):
        for j in range(len(a) - 1 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]
    return sum(v * (k + 1) for k, v in enumerate(a)) + x[0]


program(sorted_by_exchanges, lambda rng: (rng.normal(size=6),))


def numbers_of_a_list_change(x):
    a = [v * v for v in x]
    b, c, d = a, a[:], np.array(a)
    b[1] = a[0] * 3
    b[-1] *= 2
    first = a[0]
    a[0] = max(a)
    return sum(a) * a[1] + c[1] * 7 + d[1] + b[-1] * first


program(numbers_of_a_list_change, lambda rng: (rng.normal(size=5),))


def sorted_by_insertion(x):
    a = [float(v) for v in x]
    for i in range(1, len(a)):
        key, j = a[i], i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    return sum(v * k for k, v in enumerate(a))


program(sorted_by_insertion, lambda rng: (rng.normal(size=6),))


def until_it_settles(x):
    """A list of arrays, longer than the room that it has at first, and items of it that later ones read."""
    hs, h = [], x
    while np.sum(h * h) > 0.05 and len(hs) < 60:
        h = np.sin(h) * 0.995
        if len(hs) > 2:
            h = h + 0.01 * hs[-3] * hs[0]
        hs.append(h)
    return np.sum(np.stack(hs) ** 2) / len(hs) + hs[-1][0] * hs[len(hs) // 2][1]


program(until_it_settles, lambda rng: (rng.uniform(0.5, 0.9, 3),))


def events(x, rates):
    """Tuples from loops in a loop, some of which none adds to; then a list of numbers that was there before."""
    seen, times = [], [0.0]
    for i in range(len(x)):
        t = 0.1
        while True:
            t = t * 1.5 + rates[i] * 0.3
            if t > 1.0 + i:
                break
            if i != 1:
                seen.append((t, rates * x[i]))
    for t, amounts in seen:
        times.append(t * np.sum(amounts) + times[-1])
    while times[-1] < 40.0:
        times.append(times[-1] * 2.0 + x[0] ** 2 + 1.0)
    return np.array(times) * times[1]


program(events, lambda rng: (rng.uniform(0.5, 1.5, 3), rng.uniform(0.5, 1.5, 3)), (0, 1))


def refined(x):
    """Intervals that wait on a stack until they are short enough."""
    todo, total = [(0.0, x[0] + 1.0, 0)], 0.0
    while todo:
        a, b, depth = todo.pop()
        middle = 0.5 * (a + b)
        if b - a < 0.4 or depth > 6:
            total += (b - a) * np.exp(-middle * x[1]) * np.cos(middle + 0.1 * total)
        else:
            todo.append((a, middle, depth + 1))
            todo.append((middle, b, depth + 1))
    return total


program(refined, lambda rng: (rng.uniform(0.5, 0.9, 2),))


def stack_machine(x):
    """Numbers are taken from a stack and put back; what lay there is needed in reverse."""
    stack, k = [v * 2.0 for v in x], 0
    while len(stack) > 1:
        a, b = stack.pop(), stack.pop()
        stack.append(np.sin(a) * b if k % 2 == 0 else a - b * b)
        k += 1
        if k < 4:
            stack.append(stack[0] * a)
    return stack.pop() + len(stack)


program(stack_machine, lambda rng: (rng.uniform(0.5, 1.5, 5),))


def two_stacks(x):
    a, b = [], [0.5]
    for v in x:
        if v > 0.0:
            a += [v, v * v]
            b.extend((v,))
        elif a and (b or not a) and a[-1] > 0.3:
            a[-1] = a[-1] * v
            b[0] += v
        while len(a) > 3 and not (a[-1] < 0.1 and len(b) > 5):
            b[len(b) // 2] = a.pop() * b[-1]
    return sum(a) + sum(b) + len(a) * b[0]


program(two_stacks, lambda rng: (np.where(np.arange(9) % 3 == 1, -1, 1) * rng.uniform(0.35, 0.9, size=9),))


def heap_of_numbers(x):
    heap = []
    for v in x:
        heap.append(v)
        k = len(heap) - 1
        while k and heap[k] < heap[(k - 1) // 2]:
            heap[k], heap[(k - 1) // 2] = heap[(k - 1) // 2], heap[k]
            k = (k - 1) // 2
    total, weight = 0.0, 1.0
    while heap:
        total += weight * heap[0]
        weight *= 0.8
        last = heap.pop()
        if heap:
            heap[0] = last
        k = 0
        while 2 * k + 1 < len(heap):
            child = 2 * k + 1
            if child + 1 < len(heap) and heap[child + 1] < heap[child]:
                child += 1
            if heap[child] >= heap[k]:
                break
            heap[k], heap[child] = heap[child], heap[k]
            k = child
    return total


program(heap_of_numbers, lambda rng: (rng.permutation(6) * 0.3 + rng.uniform(0.0, 0.1, size=6),))


def lists_in_a_list(x, places):
    # items of a list that grows are lists: as an index, to isinstance, in sums and comparisons
    table, pairs, total = np.outer(x, x), [], 0.0
    for k in places:
        pairs.append([k, (k + 1) % 3])
    for pair in pairs:
        total += np.sum(table[pair]) * (2.0 if isinstance(pair, list) else 3.0)
    halves = [[v, 0.5 * v] for v in x]
    return total + sum(halves[0] * 2 + halves[1][1:]) + (x[2] if halves[0] == [x[0], 0.5 * x[0]] else 0.0)


program(lists_in_a_list, lambda rng: (rng.uniform(1, 2, size=4), (0, 2)))


def items_of_another_list(x, A):
    """A slice, a copy and a list of the rows of a matrix hold the same arrays as what they are made from."""
    rows = [x * v for v in x]
    some, all_, backwards = rows[1:], list(rows), rows[::-1]
    rows[1][0] = x[0] * x[1]
    some[1][0] = x[2] ** 2
    pairs = [(x * v, v) for v in x]
    rest = pairs[1:]
    pairs[1][0][2] = x[1] ** 3
    lines = list(A)
    lines[0][1] *= x[0]
    A[1] = A[1] * A[0]
    written = some[0][0] + all_[2][0] + backwards[-2][0] * rows.copy()[2][0]
    return written + rest[0][0][2] * rest[1][1] + lines[1][1] + A[0, 1]


program(items_of_another_list, lambda rng: (rng.normal(size=4), rng.normal(size=(3, 2))), (0, 1))


def lists_of_a_length_given_by_an_array(x):
    """Tables and rows of lists, repeated, written at indices of loops, read, copied and handed on."""
    n = len(x)
    previous, best = [0.0] * n, [1, 2, 3]
    table = [[0] * n for _ in range(n)]
    for i in range(n):
        row = [0.5, 1] * n
        for j in range(n):
            row[j] = previous[j - 1] * 0.5 + x[i] * x[j]
            table[i][j] = row[j] ** 2 + (table[i - 1][j] if i else 0.0)
        previous = row[:n]
        row[0] = 7.0
        best[i % 3], best[0] = previous[-1], x[i]
    return sum(previous) + table[-1][1] * best[1] + sum(best) + sum(table[1])


program(lists_of_a_length_given_by_an_array, lambda rng: (rng.normal(size=4),))


def stack_of_a_known_length(x, tokens):
    """A list of a known length as the memory of a machine whose program is data."""
    stack, top = [0.0] * 20, 0
    for token in tokens:
        if token >= 0:
            stack[top] = x[token]
            top += 1
        elif token == -1:
            stack[top - 2] = stack[top - 2] + stack[top - 1]
            top -= 1
        else:
            stack[top - 2] = stack[top - 2] * stack[top - 1]
            top -= 1
    return stack[0] * top


program(
    stack_of_a_known_length,
    lambda rng: (rng.normal(size=5), np.array([0, 1, -1, 2, -2, 3, 4, -1, -2])),
)


class Sphere(NamedTuple):
    """A sphere and its brightness."""

    center: np.ndarray
    radius: float
    albedo: float


def _distance(direction, sphere):
    b = 2.0 * np.dot(-sphere.center, direction)
    inside = b * b - 4.0 * (np.dot(sphere.center, sphere.center) - sphere.radius**2)
    return None if inside < 0 else (-b - math.sqrt(inside)) / 2.0


def traced_rays(spheres, light):
    """The nearest of several objects is found by its number, known only at run time."""
    total = 0.0
    for i in range(-1, 2):
        direction = np.array([0.15 * i, 0.1, 1.0])
        direction /= np.linalg.norm(direction)
        best, which = math.inf, -1
        for k, sphere in enumerate(spheres):
            distance = _distance(direction, sphere)
            if distance is not None and 1e-6 < distance < best:
                best, which = distance, k
        if which < 0:
            continue
        sphere = spheres[which]
        point = best * direction
        normal, away = (point - sphere.center) / sphere.radius, light - point
        total += sphere.albedo * max(0.0, float(normal @ away) / np.linalg.norm(away))
    return total


program(
    traced_rays,
    lambda rng: (
        [
            Sphere(np.array([0.1, 0.05, 3.0]), 0.4 + 0.1 * rng.uniform(), rng.uniform()),
            Sphere(np.array([-0.3, 0.2, 5.0]), 2.0, rng.uniform()),
        ],
        np.array([2.0, 3.0, -1.0]),
    ),
)


def lists_read_and_written_by_number(x):
    """A list under two names whose items a loop reads by number, while it changes some of them."""
    values = [x[k % 4] for k in range(10)]
    other, total = values, 0.0
    for i in range(len(x)):
        total += values[i + 2] * values[2 * i]
        if x[i] > 0:
            other[i] = total
        other[9] = total * 2.0
    return total + values[0] + other[9]


program(lists_read_and_written_by_number, lambda rng: (rng.normal(size=4),))


def tree_by_breadth(w, child):
    queue = [0]
    total = 0.0
    visited = 0
    while queue:
        k = queue.pop(0)
        visited += 1
        total += w[k] * w[0] * visited
        for c in child[k]:
            if c >= 0:
                queue.append(c)
    return total


CHILDREN = np.array([[1, 2], [3, 4], [5, -1], [-1, -1], [-1, -1], [-1, -1]])
program(tree_by_breadth, lambda rng: (rng.uniform(1, 2, size=6), CHILDREN))


def events_in_order(times):
    events = []
    for i, t in enumerate(times):
        events.append((t, i))
    cost = 0.0
    done = 0
    while events and done < 12:
        k = 0
        for i in range(1, len(events)):
            if events[i][0] < events[k][0]:
                k = i
        when, who = events.pop(k)
        cost += when * (who + 1) * (done + 1)
        if done % 2 == 0:
            events.insert(0, (when * when, who))
        done += 1
    return cost


program(events_in_order, lambda rng: (np.array([1.3, 1.1, 1.7, 1.45, 1.2]),))


def delayed_feedback(x, lag):
    line = [0.0] * (lag + 1)
    y = 0.0
    for v in x:
        line.append(v * y)
        del line[1]
        line[0], line[-1] = line[-1], line[0] * 0.5
        y = 0.9 * y + v - 0.3 * line.pop(0)
        line.insert(-1, y)
    return y + sum(line)


program(delayed_feedback, lambda rng: (rng.normal(size=6), 3), (0,))


def tails_of_increasing_runs(x):
    tails, ordered = [], []
    for v in x:
        low, high = 0, len(tails)
        while low < high:
            middle = (low + high) // 2
            if tails[middle] < v:
                low = middle + 1
            else:
                high = middle
        if low == len(tails):
            tails.append(v)
        else:
            tails[low] = v
        k = 0
        while k < len(ordered) and ordered[k] < v:
            k += 1
        ordered.insert(k, v)
    total = len(tails) * sum(tails)
    for k, v in enumerate(ordered):
        total += v * k**2
    return total


program(tails_of_increasing_runs, lambda rng: (rng.normal(size=8),))


def heap_of_pairs(x):
    heap = []
    for i, v in enumerate(x):
        heap.append((v, i))
        k = len(heap) - 1
        while k > 0 and heap[(k - 1) // 2][0] > heap[k][0]:
            heap[k], heap[(k - 1) // 2] = heap[(k - 1) // 2], heap[k]
            k = (k - 1) // 2
    total = 0.0
    while heap:
        v, i = heap[0]
        last = heap.pop()
        if heap:
            heap[0] = last
        k = 0
        while 2 * k + 1 < len(heap):
            child = 2 * k + 1
            if child + 1 < len(heap) and heap[child + 1][0] < heap[child][0]:
                child += 1
            if heap[k][0] <= heap[child][0]:
                break
            heap[k], heap[child] = heap[child], heap[k]
            k = child
        total += v * (i + 1) * (len(heap) + 1)
    return total


program(heap_of_pairs, lambda rng: (np.array([1.3, 1.1, 1.7, 1.45, 1.2, 1.6]),))


def joined_and_ordered(x, levels):
    """Methods of lists, and sums of them, whose lengths only the run decides."""
    high, counts = [], []
    for i, v in enumerate(x):
        if v > levels[0]:
            high.append(v)
            counts.append(i * i % 3)
    high.sort(key=lambda v: -v)
    both = high + high[1:]
    both = both + levels[1:].tolist()
    both.reverse()
    both.extend(x)
    counts += counts
    total = sum(v * (k + 1.0) for k, v in enumerate(both)) * len(both)
    total += x[counts.index(1)] * counts.count(1)
    both.remove(levels[1])
    ranked = [(i % 2, v, i) for i, v in enumerate(x)]
    ranked.sort(reverse=True)
    ranked.sort(key=lambda t: t[2] % 3)
    total += sum(v * k * (i + 2.0) for k, (_, v, i) in enumerate(ranked))
    first = both[0] * len(both)
    both.clear()
    both += [x[0], total]
    return sum(both) * first


program(joined_and_ordered, lambda rng: (np.array([0.4, 1.3, 0.2, 1.1, 1.7, 1.45]), np.array([0.3, 0.7])))


def terms_that_hold(x):
    terms = [x[1]]
    other = terms
    if x[0] > 0:
        terms.append(x[0] * x[1])
    if x[1] > 0:
        other.append(x[1])
    elif x[2] > 0:
        terms.append(x[2] ** 2)
        other.append(x[0])
    for f, scale in ((np.sin, 2.0), (np.cos, 3.0)):
        if f(x[2]) > 0.5:
            terms.append(f(scale * x[0]))
    return sum(v * k for k, v in enumerate(other, 1)) + len(terms) * terms[-1]


program(terms_that_hold, lambda rng: (np.array([0.3, -0.8, 0.4]),))


def lattice_of_transitions(stay, move):
    n, m = stay.shape
    score = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            ways = []
            if i > 0:
                ways.append(score[i - 1, j] + stay[i, j])
            if j > 0:
                ways.append(score[i, j - 1] + move[i, j])
            if ways:
                top = max(ways)
                score[i, j] = top + np.log(sum(np.exp(w - top) for w in ways))
    return score[-1, -1]


program(lattice_of_transitions, lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=(3, 4))), (0, 1))


def appended_on_paths_of_a_loop(x):
    kept, ends = [], []
    if x[0] > 0:
        ends.append(x[0])
    else:
        for v in x[1:]:
            ends.append(v**2)
            if v > 0:
                ends.append(v)
    for k in range(len(x)):
        if x[k] > 0:
            kept.append(x[k])
            if x[k] > 0.5:
                kept.append(x[k] ** 2)
        elif len(kept) > 1:
            kept.pop()
        row = []
        if k > 0:
            row.append(x[k - 1])
        row.append(1.0)
        kept.append(sum(row))
    return sum(v * i for i, v in enumerate(kept)) * sum(ends)


program(appended_on_paths_of_a_loop, lambda rng: (np.array([0.3, 2.0, -1.0, 0.4]),))
program(
    appended_on_paths_of_a_loop,
    lambda rng: (np.array([-0.3, -2.0, 1.0, 0.4]),),
    name="appended_on_other_paths_of_a_loop",
)
