"""Tables filled cell by cell."""

import numpy as np

from tests.support.registry import program


def viterbi_score(log_start, log_move, log_emit, observed):
    n = log_start.shape[0]
    best = log_start + log_emit[:, observed[0]]
    for t in range(1, len(observed)):
        following = np.empty(n)
        for j in range(n):
            top = -np.inf
            for i in range(n):
                score = best[i] + log_move[i, j]
                if score > top:
                    top = score
            following[j] = top + log_emit[j, observed[t]]
        best = following
    return max(best)


program(
    viterbi_score,
    lambda rng: (rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=(3, 2)), np.array([0, 1, 0, 1])),
    (0, 1, 2),
)


def viterbi_traceback(move, emit):
    steps, n = emit.shape
    score = emit[0].copy()
    back = np.zeros((steps, n), dtype=np.int64)
    for t in range(1, steps):
        new = np.zeros(n)
        for j in range(n):
            options = score + move[:, j]
            back[t, j] = np.argmax(options)
            new[j] = options[back[t, j]] + emit[t, j]
        score = new
    state = np.argmax(score)
    total = emit[steps - 1, state] ** 2
    for t in range(steps - 1, 0, -1):
        previous = back[t, state]
        total += emit[t - 1, previous] ** 2 + move[previous, state]
        state = previous
    return total


program(viterbi_traceback, lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=(4, 3))), (0, 1))


def soft_edit_distance(a, b, gap, gamma):
    n, m = len(a), len(b)
    d = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        d[i, 0] = i * gap
    for j in range(1, m + 1):
        d[0, j] = j * gap
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            x = d[i - 1, j] + gap
            y = d[i, j - 1] + gap
            z = d[i - 1, j - 1] + (a[i - 1] - b[j - 1]) ** 2
            d[i, j] = -gamma * np.log(np.exp(-x / gamma) + np.exp(-y / gamma) + np.exp(-z / gamma))
    return d[n, m]


program(soft_edit_distance, lambda rng: (rng.normal(size=4), rng.normal(size=5), 0.6, 0.3), (0, 1, 2, 3))


def dynamic_time_warping(a, b):
    d = np.full((len(a) + 1, len(b) + 1), np.inf)
    d[0, 0] = 0.0
    for i in range(len(a)):
        for j in range(len(b)):
            cost = abs(a[i] - b[j])
            d[i + 1, j + 1] = cost + min(d[i, j + 1], d[i + 1, j], d[i, j])
    return d[-1, -1]


program(dynamic_time_warping, lambda rng: (rng.normal(size=5), rng.normal(size=4)), (0, 1))


def knapsack(values, weights, capacity):
    best = np.zeros(capacity + 1)
    for i in range(len(values)):
        for c in range(capacity, weights[i] - 1, -1):
            best[c] = max(best[c], best[c - weights[i]] + values[i])
    return best[capacity]


program(knapsack, lambda rng: (rng.uniform(1, 5, size=5), np.array([2, 3, 1, 4, 2]), 7))


def floyd_warshall(dist):
    d = dist.copy()
    n = d.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if d[i, k] + d[k, j] < d[i, j]:
                    d[i, j] = d[i, k] + d[k, j]
    return d


def _distances(rng):
    d = rng.uniform(1, 9, size=(5, 5))
    np.fill_diagonal(d, 0.5)
    return d


program(floyd_warshall, lambda rng: (_distances(rng),))


def floyd_warshall_rows(d):
    for k in range(len(d)):
        d = np.minimum(d, d[:, k : k + 1] + d[k])
    return np.sum(d * d)


program(floyd_warshall_rows, lambda rng: (_distances(rng) + 20 * np.eye(5),))


def cheapest_path(grid):
    cost = np.zeros_like(grid)
    rows, cols = grid.shape
    for i in range(rows):
        for j in range(cols):
            if i == 0 and j == 0:
                before = 0.0
            elif i == 0:
                before = cost[i, j - 1]
            elif j == 0:
                before = cost[i - 1, j]
            else:
                before = min(cost[i - 1, j], cost[i, j - 1])
            cost[i, j] = grid[i, j] + before
    return cost[-1, -1] ** 2


program(cheapest_path, lambda rng: (rng.uniform(0.5, 3, size=(4, 4)),))


def matrix_chain(dims):
    n = len(dims) - 1
    cost = np.zeros((n, n))
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            cost[i, j] = np.inf
            for k in range(i, j):
                q = cost[i, k] + cost[k + 1, j] + dims[i] * dims[k + 1] * dims[j + 1]
                if q < cost[i, j]:
                    cost[i, j] = q
    return cost[0, n - 1]


program(matrix_chain, lambda rng: (rng.uniform(1, 4, size=6),))


def smith_waterman(score, gap):
    n, m = score.shape
    h = np.zeros((n + 1, m + 1))
    best = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            h[i, j] = max(0.0, h[i - 1, j - 1] + score[i - 1, j - 1], h[i - 1, j] - gap, h[i, j - 1] - gap)
            best = max(best, h[i, j])
    return best


program(smith_waterman, lambda rng: (rng.normal(size=(5, 4)), 0.35), (0, 1))


def heaviest_increasing_subsequence(keys, weights):
    n = len(keys)
    best = weights.copy()
    for i in range(n):
        for j in range(i):
            if keys[j] < keys[i] and best[j] + weights[i] > best[i]:
                best[i] = best[j] + weights[i]
    return np.max(best)


program(
    heaviest_increasing_subsequence,
    lambda rng: (np.array([3, 1, 4, 1, 5, 9, 2, 6]), rng.uniform(0.5, 2, size=8)),
    (1,),
)


def option_on_a_tree(spot, strike, up, rate, steps):
    down = 1.0 / up
    p = (np.exp(rate) - down) / (up - down)
    values = np.zeros(steps + 1)
    for i in range(steps + 1):
        values[i] = max(strike - spot * up**i * down ** (steps - i), 0.0)
    for t in range(steps - 1, -1, -1):
        for i in range(t + 1):
            hold = np.exp(-rate) * (p * values[i + 1] + (1 - p) * values[i])
            values[i] = max(hold, strike - spot * up**i * down ** (t - i))
    return values[0]


program(option_on_a_tree, lambda rng: (1.0, 1.07, 1.12, 0.01, 5), (0, 1, 2, 3))


def edits_in_a_table(a, b):
    n, m = len(a), len(b)
    table = [[0.0] * (m + 1) for _ in range(n + 1)]
    for i in range(1, n + 1):
        table[i][0] = table[i - 1][0] + a[i - 1]
    for j in range(1, m + 1):
        table[0][j] = table[0][j - 1] + b[j - 1]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            change = (a[i - 1] - b[j - 1]) ** 2
            table[i][j] = min(table[i - 1][j - 1] + change, table[i - 1][j] + a[i - 1], table[i][j - 1] + b[j - 1])
    return table[n][m]


program(edits_in_a_table, lambda rng: (rng.uniform(1, 2, size=5), rng.uniform(1, 2, size=4)))
