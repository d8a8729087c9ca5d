"""Sorting by swaps: the path through the data depends on the data."""

import numpy as np

from tests.support.registry import program


def _apart(rng, n):
    return rng.permutation(n) * 0.4 + 0.05 * rng.uniform(-1, 1, size=n)


def _weights(rng, n):
    return rng.normal(size=n)


def bubble_sort(x):
    n = len(x)
    for i in range(n):
        for j in range(n - 1 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
    return x


program(bubble_sort, lambda rng: (_apart(rng, 6),))


def insertion_sort(x):
    a = x.copy()
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    return a


program(insertion_sort, lambda rng: (_apart(rng, 7),))


def selection_sort(x, w):
    a = x.copy()
    for i in range(a.size):
        k = i + np.argmin(a[i:])
        tmp = a[i]
        a[i] = a[k]
        a[k] = tmp
    return np.sum(w * a)


program(selection_sort, lambda rng: (_apart(rng, 6), _weights(rng, 6)), (0, 1))


def sort_three(a, b, c):
    if a > b:
        a, b = b, a
    if b > c:
        b, c = c, b
    if a > b:
        a, b = b, a
    return a + 2 * b * b + 3 * c


program(sort_three, lambda rng: (0.9, 0.2, -0.7), (0, 1, 2))


def compare_exchange(x, i, j):
    low = min(x[i], x[j])
    high = max(x[i], x[j])
    x[i] = low
    x[j] = high


def sorting_network(x):
    y = np.copy(x)
    for i, j in [(0, 1), (2, 3), (0, 2), (1, 3), (1, 2)]:
        compare_exchange(y, i, j)
    return y


program(sorting_network, lambda rng: (_apart(rng, 4),))


def odd_even_transposition(x, w):
    n = x.shape[0]
    for phase in range(n):
        for i in range(phase % 2, n - 1, 2):
            if x[i] > x[i + 1]:
                t = x[i]
                x[i] = x[i + 1]
                x[i + 1] = t
    total = 0.0
    for i in range(n):
        total += w[i] * x[i] ** 2
    return total


program(odd_even_transposition, lambda rng: (_apart(rng, 5), _weights(rng, 5)), (0, 1))


def merge_sorted(a, b):
    out = np.empty(len(a) + len(b))
    i = j = k = 0
    while i < len(a) and j < len(b):
        if a[i] <= b[j]:
            out[k] = a[i]
            i += 1
        else:
            out[k] = b[j]
            j += 1
        k += 1
    while i < len(a):
        out[k] = a[i]
        i += 1
        k += 1
    while j < len(b):
        out[k] = b[j]
        j += 1
        k += 1
    return out


program(merge_sorted, lambda rng: (np.array([-1.0, 0.3, 0.9]), np.array([-0.6, 0.1, 1.4, 2.2])), (0, 1))


def median_by_partition(x):
    a = x.copy()
    low, high, k = 0, len(a) - 1, len(a) // 2
    while low < high:
        pivot = a[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while a[i] < pivot:
                i += 1
            while a[j] > pivot:
                j -= 1
            if i <= j:
                a[i], a[j] = a[j], a[i]
                i += 1
                j -= 1
        if j < k:
            low = i
        if k < i:
            high = j
    return a[k]


program(median_by_partition, lambda rng: (_apart(rng, 7),))


def rank_weighted_sum(x):
    total = 0.0
    for i in range(len(x)):
        rank = 0
        for j in range(len(x)):
            if x[j] < x[i]:
                rank += 1
        total += (rank + 1) * x[i] ** 2
    return total


program(rank_weighted_sum, lambda rng: (_apart(rng, 6),))


def gini_coefficient(x):
    s = np.sort(x)
    n = len(s)
    cumulative = np.cumsum(s)
    return (n + 1 - 2 * np.sum(cumulative) / cumulative[-1]) / n


program(gini_coefficient, lambda rng: (_apart(rng, 6) + 1.0,), refusable=True)


def sort_by_key(values, keys):
    order = np.argsort(keys)
    total = 0.0
    for position, index in enumerate(order):
        total += (position + 1) * values[index] * keys[index]
    return total


program(sort_by_key, lambda rng: (rng.normal(size=5), _apart(rng, 5)), (0, 1), refusable=True)


def median_filter(x):
    y = np.empty_like(x)
    y[0], y[-1] = x[0], x[-1]
    for i in range(1, len(x) - 1):
        window = sorted([x[i - 1], x[i], x[i + 1]])
        y[i] = window[1]
    return np.sum(y**2)


program(median_filter, lambda rng: (_apart(rng, 7),))


def sorted_several_ways(x):
    total = 0.0
    for k, v in enumerate(sorted(x)):
        total += k * v
    for k, v in enumerate(sorted(x, reverse=True)):
        total += k * v**2
    for k, v in enumerate(sorted(x, key=lambda v: (v - 1.1) ** 2)):
        total += k * v**3
    for i in sorted(range(len(x)), key=lambda i: x[i]):
        total *= 1 + 0.1 * x[i]
    return total


program(sorted_several_ways, lambda rng: (_apart(rng, 5),))


def events_by_kind_and_time(x, kinds):
    """Tuples by several numbers, where the first ones are often equal: of integers, floats and truth values."""
    events = [(kinds[i], x[i], i) for i in range(len(x))]
    events.sort(key=lambda event: (event[0], -event[1]))
    total = sum((k + 1) * time**2 for k, (_, time, _) in enumerate(events))
    for k, i in enumerate(sorted(range(len(x)), key=lambda i: (kinds[i], x[i] > 0.3, x[i]), reverse=True)):
        total += k * x[i] ** 3
    for k, (_, time, i) in enumerate(sorted(events, key=lambda event: (event[0] % 2, (event[1] > 0.0, -event[2])))):
        total += np.sin(k * time) * i
    first, *_, last = sorted([x[:2], x[2:4], x[4:6]], key=lambda row: (row[0] > 0.0, row[1]))
    pairs = sorted([(2, x[0]), (1, x[1]), (2, x[2])], key=lambda pair: (-pair[0], 2.0 * pair[1]))
    return total + first @ last + pairs[0][1] * pairs[1][1] ** 2


program(events_by_kind_and_time, lambda rng: (rng.normal(size=7), np.array([1, 0, 1, 2, 0, 2, 1])))


def equal_keys_keep_their_order(x):
    """Keys that are equal, of which `reverse` does not change the order."""
    up = sorted(range(len(x)), key=lambda i: (i % 2, 1.0))
    down = sorted(range(len(x)), key=lambda i: (i % 2, 1.0), reverse=True)
    return sum(k * x[i] * x[j] for k, (i, j) in enumerate(zip(up, down, strict=True)))


program(equal_keys_keep_their_order, lambda rng: (rng.normal(size=5),))
