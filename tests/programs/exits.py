"""Ways out of loops and functions, and loops that run as often as the data say."""

import math

import numpy as np

from tests.support.registry import program


def early_return(x):
    if x < 0:
        return -x
    y = x * x
    if y > 10:
        return math.log(y)
    return y * math.sin(x)


program(early_return, lambda rng: (-1.5,), name="early_return_first")
program(early_return, lambda rng: (5.5,), name="early_return_second")
program(early_return, lambda rng: (1.5,), name="early_return_last")


def return_inside_nested_loops(a, limit):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += a[i, j] ** 2
            if total > limit:
                return total * a[i, j]
    return -total


program(return_inside_nested_loops, lambda rng: (rng.uniform(0.5, 1, size=(3, 4)), 3.1))
program(
    return_inside_nested_loops,
    lambda rng: (rng.uniform(0.5, 1, size=(3, 4)), 1e9),
    name="return_inside_nested_loops_never",
)


def continue_on_odd(x):
    s = 1.0
    for i in range(len(x)):
        if i % 2 == 1:
            continue
        s *= x[i]
        if s < 0:
            s = -s
            continue
        s += x[i] ** 2
    return s


program(continue_on_odd, lambda rng: (rng.normal(size=7),))


def break_in_nested_loop(x, cap):
    out = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if out[i] > cap:
                break
            out[i] += math.exp(x[i, j])
        else:
            out[i] *= 2.0
    return out


program(break_in_nested_loop, lambda rng: (rng.normal(size=(4, 3)), 1.9))


def for_else_search(x, key):
    for i in range(len(x)):
        if x[i] > key:
            found = x[i] ** 2 * (i + 1)
            break
    else:
        found = x[0] * x[-1]
    return found


program(for_else_search, lambda rng: (np.array([0.1, 0.7, 1.2, 0.4]), 1.0), name="for_else_found")
program(for_else_search, lambda rng: (np.array([0.1, 0.7, 1.2, 0.4]), 5.0), name="for_else_missing")


def while_else(x):
    n = 0
    while x < 10.0:
        x = x * 1.7
        n += 1
        if n == 20:
            break
    else:
        x = x + n
    return x**2


program(while_else, lambda rng: (0.83,))


def trips_from_the_data(x, counts):
    total = 0.0
    for i in range(len(x)):
        v = x[i]
        for _ in range(counts[i]):
            v = math.sin(v) + x[i]
        total += v
    return total


program(trips_from_the_data, lambda rng: (rng.normal(size=5), np.array([0, 3, 1, 0, 4])))


def trips_from_a_float(x):
    n = int(x * 4)
    y = x
    for k in range(n):
        y += math.cos(y) / (k + 1)
    return y


program(trips_from_a_float, lambda rng: (1.77,))


def zero_trips(x, n):
    y = x
    for i in range(n):
        y = y * x + i
    while y < -1e6:
        y += 1.0
    return y * y


program(zero_trips, lambda rng: (0.8, 0))


def index_after_the_loop(x):
    for i in range(len(x)):
        if x[i] > 0.9:
            break
    return x[i] ** 3 * i


program(index_after_the_loop, lambda rng: (np.array([0.2, 0.5, 1.1, 0.3]),), name="index_after_break")
program(index_after_the_loop, lambda rng: (np.array([0.2, 0.5, 0.1, 0.3]),), name="index_after_all_trips")


def index_changed_in_the_body(x):
    total = 0.0
    for i in range(0, 6, 2):
        i = i + 1
        total += x[i] ** 2 * i
    return total


program(index_changed_in_the_body, lambda rng: (rng.normal(size=6),))


def flag_leaves_two_loops(a, target):
    done = False
    row = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            row += a[i, j]
            if row > target:
                done = True
                break
        if done:
            break
        row *= 0.5
    return row * row


program(flag_leaves_two_loops, lambda rng: (rng.uniform(0, 1, size=(3, 3)), 1.83))


def while_with_two_exits(x, decay):
    steps = 0
    while x > 0.1:
        x *= decay
        steps += 1
        if steps > 3 and x < 0.5:
            return x * steps
        if steps == 50:
            break
    return x


program(while_with_two_exits, lambda rng: (2.3, 0.77), (0, 1))
