"""Loops over numbers that are written down, whose bodies are long: they are loops, not a copy for each number."""

from __future__ import annotations

import math

import numpy as np

from tests.support.registry import program

NEIGHBOURS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1))


def particles_in_cells(x, width):
    """Pairs of a linked list of cells; the cells around are three nested loops over tuples."""
    n, cells = x.shape[0], int(width)
    head, after = np.full((cells, cells), -1), np.full(n, -1)
    for i in range(n):
        a, b = int(x[i, 0] % width), int(x[i, 1] % width)
        after[i] = head[a, b]
        head[a, b] = i
    energy = 0.0
    for a in range(cells):
        for b in range(cells):
            for da in (-1, 0, 1):
                for db in (1, 0, -1):
                    i = head[a, b]
                    while i >= 0:
                        j = head[(a + da) % cells, (b + db) % cells]
                        while j >= 0:
                            if j < i:
                                dx = x[i, 0] - x[j, 0]
                                dy = x[i, 1] - x[j, 1]
                                dx -= width * round(dx / width)
                                dy -= width * round(dy / width)
                                r = dx * dx + dy * dy + 0.1
                                energy += (1.0 + 0.1 * da) * (r**-3 - r**-1.5) + 0.01 * db * r
                            j = after[j]
                        i = after[i]
    return energy


program(particles_in_cells, lambda rng: (rng.uniform(0.0, 3.0, size=(8, 2)), 3.0))


def elements_of_a_mesh(k):
    """Triangles that are collected in a list of known tuples, each of which adds a matrix of its own."""
    nodes = np.array([[i / 2.0, j / 2.0] for j in range(3) for i in range(3)])
    triangles = []
    for j in range(2):
        for i in range(2):
            a = 3 * j + i
            triangles.append((a, a + 1, a + 4))
            triangles.append((a, a + 4, a + 3))
    stiff, load = np.eye(9), np.zeros(9)
    for e, triangle in enumerate(triangles):
        at = np.array(triangle)
        corners = nodes[at]
        sides = np.array([corners[1] - corners[0], corners[2] - corners[0]])
        area = 0.5 * abs(np.linalg.det(sides))
        slopes = np.linalg.inv(sides) @ np.array([[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]])
        stiff[np.ix_(at, at)] += k[e] ** 2 * area * (slopes.T @ slopes)
        load[at] += area * k[e]
    return np.linalg.solve(stiff, load) @ load


program(elements_of_a_mesh, lambda rng: (rng.uniform(0.5, 1.5, size=8),))


def numbers_of_two_types_beside_a_range(x):
    """Pairs of an integer and a float, numbered backwards, until one is found that is too large."""
    total = 0.0
    steps = ((1, 0.5), (2, 1.5), (0, -1.0), (3, 2.5), (1, 0.25), (2, 2.0), (3, 0.1), (1, -0.7), (0, 1.1), (2, 4.0))
    for k, (shift, factor), m in zip(range(10), steps, range(10), strict=True):
        for i in range(len(x)):
            v = x[i] * factor + x[(i + shift) % len(x)] ** 2
            w = math.sin(v) * math.exp(-v * v) + math.tanh(v + k) * math.cos(v) - m * x[i]
            for j in range(i):
                total += w * math.atan(x[j] - v) + factor // 0.75 + shift // 2
        if factor > 3.0:
            break
    else:
        total = -total
    return total + k * shift


program(numbers_of_two_types_beside_a_range, lambda rng: (rng.normal(size=4),))


def list_written_at_known_places(x):
    """What a loop over numbers stores in a list, and what the function returns: the numbers must be known."""
    found = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1)):
        s = 0.0
        for i in range(1, x.shape[0] - 1):
            for j in range(1, x.shape[1] - 1):
                d = x[i + a, j + b] - x[i, j]
                s += d * math.sin(d) + math.exp(-d * d) * math.tanh(x[i, j]) + d / (1.0 + d * d)
                for k in range(2):
                    s += math.cos(d * k) * x[i, j] + math.atan(d + k)
        found[(a + 2 * b + 3) % 6] += s
    return found


program(list_written_at_known_places, lambda rng: (rng.normal(size=(4, 4)),))


def neighbours_from_outside(x):
    """What the four neighbours of each place add, whose steps stand around the function."""
    y = np.zeros_like(x)
    for a, b in NEIGHBOURS:
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                if not (0 <= i + a < x.shape[0] and 0 <= j + b < x.shape[1]):
                    continue
                d = x[i + a, j + b] - x[i, j]
                y[i, j] += d * math.sin(d) + math.exp(-d * d) * math.tanh(x[i, j]) + d / (1.0 + d * d)
                y[i + a, j + b] -= math.cos(d) * x[i, j] + math.atan(d) * math.exp(-0.1 * d)
    return np.sum(y * y)


program(neighbours_from_outside, lambda rng: (rng.normal(size=(4, 4)),))


def list_that_changes_as_it_is_read(x):
    """A list of known numbers of which the body writes items that come later."""
    order, total = [0, 1, 2, 3, 4, 5, 6, 7, 8], 0.0
    for k in order:
        for i in range(len(x)):
            v = x[i] + k * 0.1
            total += math.sin(v) * math.exp(-v * v) + math.tanh(v) * math.cos(v * k) - k * x[i] ** 2
            for j in range(i):
                total += v * math.atan(x[j] - v) * math.sin(x[j] + v) + math.exp(-v * v) * k + math.cos(x[j] * v)
        order[8] = order[8] - k
    return total


program(list_that_changes_as_it_is_read, lambda rng: (rng.normal(size=4),))
