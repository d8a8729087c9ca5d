"""Control flow, names and assignments: the lines of many small programs against the plain programs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from adcompiler.errors import TypeProblem, UnsupportedSyntax
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Branch, Check, Loop, While
from tests.support.lowering import check, execute, lowered

CASES: list[Any] = []
X = np.array([0.5, -1.5, 2.5, 3.0])


def case(*args: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a program with arguments."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        CASES.append(pytest.param(function, args, id=f"{function.__name__}-{len(CASES)}"))
        return function

    return enter


@pytest.mark.parametrize(("function", "args"), CASES)
def test_program(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    check(function, *args)


# -- loops -------------------------------------------------------------------------------------------------------------


@case(X)
def integer_becomes_float(x):
    s = 0
    for i in range(len(x)):
        s += 0.5 * i
    return s


@case(X)
@case(np.zeros(0))
def number_takes_the_arrays_type(x):
    s = 0.0
    for v in x:
        s = s + v * v
    return np.float64(s)


@case(0)
@case(7)
def index_after_the_loop(n):
    i = -1
    for i in range(n):  # noqa: B007
        pass
    return i


@case(0)
@case(3)
def index_that_may_be_unbound(n):
    for i in range(n):  # noqa: B007
        pass
    return i


@case(1, 20, 3)
@case(20, 1, -4)
@case(5, 5, 1)
@case(0, 5, 0)
def any_step(start, stop, step):
    s = 0
    for i in range(start, stop, step):
        s = 10 * s + i
    return s


@case(X, 2)
@case(X, 9)
def loop_else(x, n):
    for i in range(len(x)):
        if i == n:
            break
    else:
        return -1.0
    return x[i]


@case(X)
def nested_exits(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            if x[j] < 0:
                continue
            if i + j > 4:
                break
            total += x[i] * x[j]
        else:
            total -= 1.0
        if total > 20:
            return total
    return -total


@case(27)
def while_counts(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@case(2.0)
@case(-1.0)
def while_else(x):
    k = 0
    while x > 1e-3:
        x = x / 3
        k += 1
        if k > 100:
            break
    else:
        k = -k
    return k, x


@case(10.0)
def while_true_with_return(x):
    while True:
        x = 0.5 * (x + 2.0 / x)
        if abs(x * x - 2.0) < 1e-12:
            return x


@case(10.0)
def walrus_in_the_test(x):
    n = 0
    while (x := x / 2) > 0.3:
        n += 1
    return n, x


@case(X)
def several_sequences(x):
    total = 0.0
    for i, (a, b) in enumerate(zip(x, reversed(x), strict=True), start=2):
        total += i * a / b
    for k in reversed(range(1, 6, 2)):
        total = total * 1.5 + k
    for a, (k, b) in zip(x, enumerate((1.0, 2.0, 3.0)), strict=False):
        total += a * b * k
    return total


@case(np.arange(6.0).reshape(3, 2))
def rows(a):
    total = 0.0
    for row in a:
        row[0] = row[1] * 2
        total += row @ row
    return total, a


@case(X)
def carried_tuple(x):
    pair = (0.0, 1)
    for v in x:
        pair = (pair[1] * v, pair[1] + 1)
    return pair


@case(5)
def carried_arrays(n):
    previous, present = np.zeros(2), np.ones(2)
    for _ in range(n):
        previous, present = present, present + previous
    return present


@case(X, 3)
def swapped_buffers(x, n):
    old, new = x.copy(), np.zeros_like(x)
    for _ in range(n):
        for i in range(1, len(x) - 1):
            new[i] = 0.5 * (old[i - 1] + old[i + 1])
        old, new = new, old
    return old


@case(X, 1)
@case(X, 50)
def written_array_that_is_returned_early(x, n):
    for k in range(n):
        for i in range(len(x)):
            x[i] = 0.5 * x[i] + 0.1
            if x[i] > 5.0:
                return x, k
        if np.sum(np.abs(x)) < 1.0:
            return x, -1
    return x, n


@case(X)
def array_that_grows_and_shrinks(x):
    while len(x) > 1:
        x = x[::2] + x[1::2]
    return x[0]


@case(3)
def known_flag_becomes_unknown(n):
    first, total = True, 0
    for i in range(n):
        if first:
            first = False
        else:
            total += i
    return total, first


@case(X, 1.0)
@case(X, 99.0)
def best_so_far(x, limit):
    best = None
    for v in x:
        if v > limit and (best is None or v < best):
            best = v
    return 0.0 if best is None else best


@case(X)
def tuple_by_loop_index(x):
    weights = (1.0, 2, 3.0)
    s = 0.0
    for i in range(3):
        s += weights[i] * x[i]
    return s


@case(np.arange(6.0).reshape(3, 2), 0.5)
def sum_of_rows(a, s):
    total = 0.0
    for k in range(a.shape[0]):
        total = total + a[k] * s
    return total


@case(np.arange(6.0, dtype=np.float32).reshape(3, 2))
def sum_of_rows_in_place(a):
    total = 0
    for row in a:
        total += row
        total[0] += 1
    return total


@case(1.5)
def list_in_a_loop_of_known_length(x):
    values = []
    for k in range(4):
        values.append(x * k)
        if k == 2:
            values += [7.0]
        values[0] += len(values)
    return values, len(values)


@case(X)
def list_under_two_names_in_a_loop(x):
    a = [0.0, 1.0]
    b = a
    for v in x:
        a[0] += v
        b[1] *= 0.5
        if v > 0:
            a[1] += 1.0
    return a, b, a is b


@case(1.5)
@case(-1.5)
def list_changed_while_it_is_iterated(x):
    values, seen = [x, 1.0, 2.0, 3.0], 0.0
    for k, v in enumerate(values):
        seen = seen * 2 + v
        if x > 0 and k < 3:
            values[k + 1] += v
        values[0] = 9.0
    return seen, values


@case(X, 2)
@case(X, -3)
@case(X, 3)
def item_known_at_run_time(x, n):
    weights = (1.0, 2.0, 4.0)
    total = weights[n]
    for i in range(len(x) - 1):
        total += weights[i] * x[i] * weights[-1 - i]
    return total


@case(X)
def silenced(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.log(x) / 0.0
        if x[0] > 0:
            return x
    return y


# -- branches ----------------------------------------------------------------------------------------------------------


@case(1.0)
@case(-1.0)
def bound_on_one_path(x):
    if x > 0:
        y = 2 * x
    return y


@case(1.0, 2)
@case(-1.0, 2)
def early_returns(x, n):
    if x > 0:
        return x * n
    y = x - 1
    if n == 3:
        return y
    elif n == 2:
        y = y * y
    return y + 1


@case(1.0)
@case(-1.0)
def raising_arm(x):
    if x > 0:
        y = math.sqrt(x)
    else:
        z = x * 2
        raise ValueError(f"negative: {z}")
    return y


@case(0.5)
@case(2.5)
@case(3.5)
def chained_comparison(x):
    return 1.0 < x * x <= 9, not 0 < x < 1, (x > 1) + (x > 2)


@case(0.0, 3.0)
@case(2.0, 3.0)
@case(2.0, 0.0)
def values_of_and_and_or(x, y):
    return (x and y), (x or y), (x or 5) * 1.0 * (y and 2)


@case(X, 9)
@case(X, 2)
def guarded_index(x, n):
    return 1.0 if n < len(x) and x[n] > 0 else -1.0


@case(2, 3.0)
@case(-2, 3.0)
def mixed_kinds(n, x):
    y = n if n > 0 else x
    return y + 1.0


@case(X, True)
@case(X, False)
def folded_flag(x, wanted):
    if wanted:
        result = np.sum(x)
    else:
        result = (x[0], "text")
    return result


@case(X, "sum")
@case(X, "first")
@case(X, None)
def folded_string(x, how):
    if how is None:
        return 0.0
    if how == "sum":
        return np.sum(x)
    return x[0]


# -- assignment --------------------------------------------------------------------------------------------------------


@case(X)
def unpacking(x):
    (a, b), *rest, c = (x[0], 2.0), 3.0, 4.0, x[1]
    first, *_, last = rest
    p, q, r, s = x
    return a, b, c, first, last, p + q * r - s


@case(X)
def wrong_count(x):
    a, b = x
    return a + b


@case(1.0, 2.0)
def swap(a, b):
    a, b = b, a
    c = d = a
    e: float = c + d
    f: int
    f = 3
    return a, b, e, f


@case(X)
def in_place_on_a_name(x):
    y = x
    y += 1.0
    y *= 2
    y[1:] -= x[:-1]
    x[::2] /= 2.0
    return y


def bumped(x):
    x[1] += 10.0
    return x[2]


@case(X)
def right_side_that_writes(x):
    x[1] += bumped(x)
    x[:2] += bumped(x)
    x[[1, 2]] += bumped(x)
    y = x[1] + bumped(x)
    return y, x


@case(X)
def name_of_another_kind(x):
    y = 2
    y = x * y
    y = y.sum()
    y = (y, "a")
    return y[0]


@case(1.5)
def list_under_two_names(x):
    a = [x]
    b = a
    b.append(2 * x)
    a += [3.0]
    a[0] = 7
    c = a.copy()
    c.pop()
    return a, b, len(c)


@case(1.5)
@case(-1.5)
def deleted(x):
    y = x
    if x < 0:
        del y
    return y


@case(1.5)
def dictionary(x):
    d = {"a": x, **{"b": 2.0}}
    return d["a"] * d["b"] + len(d), d.get("c", 1.0), "a" in d, [k for k in d]


@pytest.mark.parametrize("count", [1, 6])
def test_a_loop_is_as_simple_as_its_body(count: int) -> None:
    found = lowered(number_takes_the_arrays_type, X)[0].func
    (loop,) = [s for s in found.body if isinstance(s, Loop)]
    assert loop.until is None
    assert len(loop.carried) == 1
    assert not any(isinstance(s, (Branch, Check)) for s in walk(loop.body))


def test_an_exit_needs_one_flag() -> None:
    found = lowered(guarded_index, X, 2)[0].func
    assert not any(isinstance(s, (Loop, While)) for s in walk(found.body))
    (loop,) = [s for s in lowered(loop_else, X, 2)[0].func.body if isinstance(s, Loop)]
    assert loop.until is not None


def test_a_sum_of_no_rows_is_no_array() -> None:
    with pytest.raises(ValueError, match="at least once for 'total' to be an array"):
        execute(sum_of_rows, np.zeros((0, 2)), 0.5)


def mixed_kinds_that_are_used(x, s):
    if s > 0:
        y = x
    else:
        y = s
    return y * 2


@case(X, 1.0)
def mixed_kinds_that_are_not_used(x, s):
    u = 0.0
    for i in range(3):
        if i == 0:
            t = x
            u += t[0]
        else:
            t = s
            u += t
    return u


def test_paths_that_do_not_fit_are_refused_where_the_name_is_read() -> None:
    with pytest.raises(TypeProblem, match="'y' holds an array") as caught:
        lowered(mixed_kinds_that_are_used, X, 1.0)
    assert caught.value.col == 11


def chosen_array_is_written(x, y, s):
    z = x if s > 0 else y
    z[0] = 1.0
    return x[0] + y[0]


def buffer_is_carried_and_written(x, n):
    buffer, u = np.zeros(len(x)), x
    for _ in range(n):
        for j in range(len(x)):
            buffer[j] = u[j - 1] + 1
        u = buffer
    return u


@pytest.mark.parametrize(("function", "last"), [(chosen_array_is_written, 1.0), (buffer_is_carried_and_written, 3)])
def test_writes_to_memory_that_depends_on_the_path_are_refused(function: Callable[..., Any], last: Any) -> None:
    args = (X, X.copy(), last) if function is chosen_array_is_written else (X, last)
    with pytest.raises(UnsupportedSyntax, match="written later"):
        lowered(function, *args)
