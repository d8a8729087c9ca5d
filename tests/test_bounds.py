"""Index checks: none is lost, none is invented, and none stays in an inner loop that need not."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Check, Func, Loop, While
from adcompiler.optimise.machine.bounds import drop_bounds, prove_bounds
from tests.support.interpret import run
from tests.support.lowering import lowered
from tests.support.nests import nest

OUTSIDE = "index out of bounds"


def checks(fn: Func) -> int:
    return sum(isinstance(s, Check) for s in walk(fn.body))


def checks_in_loops(fn: Func) -> int:
    regions = [s for s in walk(fn.body) if isinstance(s, (Loop, While))]
    inside = {s.failed for region in regions for s in walk([region]) if isinstance(s, Check)}
    return len(inside)


def outcome(fn: Func, args: tuple[object, ...]) -> object:
    """What a call leaves in its arrays and returns, or the message of the check that failed."""
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    try:
        results = run(fn, *copies)
    except IndexError as error:
        # NumPy's own words would mean that an access was made that no check had allowed
        assert str(error).startswith(OUTSIDE), error
        return OUTSIDE
    return [np.asarray(v).tolist() for v in (*copies, *results)]


def agree(fn: Func, *args: object) -> object:
    after = outcome(verify(prove_bounds(fn)), args)
    assert after == outcome(fn, args)
    return after


def matrix(rows: int, columns: int) -> np.ndarray:
    return np.arange(rows * columns, dtype=float).reshape(rows, columns) % 7 + 1


def vector(n: int) -> np.ndarray:
    return np.arange(n, dtype=float) + 1


LU = """
def lu(A: 2):
    n = A.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            A[i, k] = A[i, k] / A[k, k]
            for j in range(k + 1, n):
                A[i, j] -= A[i, k] * A[k, j]
"""
BACK = """
def back(L: 2, b: 1):
    n = b.shape[0]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            b[i] -= L[j, i] * b[j]
        b[i] = b[i] / L[i, i]
"""
STENCIL = """
def stencil(x: 2, y: 2, c: int):
    n = x.shape[0]
    m = x.shape[1]
    for i in range(1, n - 1):
        for j in range(1, m - 1, 2):
            y[i, j] = x[i - 1, j] + x[i + 1, j] + x[i, j - 1] + x[i, j + c]
"""
BAND = """
def band(A: 2, x: 1, y: 1, w: int):
    n = y.shape[0]
    for i in range(n):
        for j in range(max(0, i - w), min(n, i + w + 1)):
            y[i] += A[i, j - i + w] * x[j]
"""
WRAPPED = """
def wrapped(x: 1, y: 1):
    n = x.shape[0]
    for i in range(n):
        y[i] = x[i - 1] + x[(i + 1) % n] + x[min(i + 1, n - 1)] + x[max(i - 1, 0)] + x[-1]
"""
GUARDED = """
def guarded(x: 1, y: 1, n: int):
    for i in range(n):
        if i > 1 and i < n - 1:
            y[i - 2] += x[i + 3]
        else:
            y[0] += x[i]
"""
FLAT = """
def flat(x: 1, y: 1, n: int, m: int):
    for i in range(n):
        for j in range(m):
            y[i * m + j] += x[i * m + j]
"""


@pytest.mark.parametrize("text", [LU, BACK, STENCIL, BAND, WRAPPED, GUARDED])
def test_no_check_stays_in_a_loop(text):
    fn = nest(text)
    assert checks_in_loops(fn) > 0
    assert checks_in_loops(prove_bounds(fn)) == 0


def test_a_product_is_checked_once_a_row():
    after = prove_bounds(nest(FLAT))
    inner = [s for s in walk(after.body) if isinstance(s, Loop)][1]
    assert not any(isinstance(s, Check) for s in walk([inner]))
    assert checks_in_loops(after) == 4


@pytest.mark.parametrize("rows,columns", [*itertools.product(range(4), repeat=2)])
def test_lu_of_any_shape(rows, columns):
    assert (agree(nest(LU), matrix(rows, columns)) == OUTSIDE) == (rows > columns and rows >= 2)


@pytest.mark.parametrize("rows,columns,n", [*itertools.product(range(3), repeat=3)])
def test_back_substitution_of_any_shape(rows, columns, n):
    assert (agree(nest(BACK), matrix(rows, columns), vector(n)) == OUTSIDE) == (n > min(rows, columns))


@pytest.mark.parametrize("rows,columns,c", [*itertools.product((0, 2, 3, 4), (2, 3, 5, 6), range(-5, 4))])
def test_strided_stencil_with_an_offset(rows, columns, c):
    agree(nest(STENCIL), matrix(rows, columns), matrix(rows, columns), c)
    agree(nest(STENCIL), matrix(rows, columns), matrix(max(rows - 2, 0), columns - 1), c)


@pytest.mark.parametrize("width,n,w", [*itertools.product((0, 1, 3, 5), (0, 1, 2, 4), (-2, -1, 0, 1, 2, 3))])
def test_banded_rows(width, n, w):
    agree(nest(BAND), matrix(n, width), vector(n), vector(n), w)
    agree(nest(BAND), matrix(max(n - 1, 0), width), vector(n), vector(n), w)


@pytest.mark.parametrize("n,m", [*itertools.product(range(4), repeat=2)])
def test_wrapped_and_clamped_indices(n, m):
    agree(nest(WRAPPED), vector(n), vector(m))


@pytest.mark.parametrize("a,c,n", [*itertools.product((0, 1, 3, 6), (0, 1, 2), range(-1, 7))])
def test_a_guard_restricts_what_is_checked(a, c, n):
    agree(nest(GUARDED), vector(a), vector(c), n)


@pytest.mark.parametrize("a,n,m", [*itertools.product((0, 4, 6), (-1, 0, 2, 3), (-2, 0, 2, 3))])
def test_flattened_rows(a, n, m):
    agree(nest(FLAT), vector(a), vector(6), n, m)


def test_a_loop_that_can_be_left_keeps_its_check():
    fn = nest("""
        def leave(x: 1, n: int):
            for i in range(n):
                x[i] = x[i] * 2.0
                if x[i] > 3.0:
                    break
    """)
    assert checks_in_loops(prove_bounds(fn)) == 1
    assert agree(fn, vector(2), 5) == [[2.0, 4.0], 5]
    assert agree(fn, vector(1), 5) == OUTSIDE


def test_an_invariant_index_moves_out_of_a_loop_that_can_be_left():
    fn = nest("""
        def leave(x: 1, y: 1, n: int, k: int):
            for i in range(n):
                x[k] += 1.0
                if x[k] > 3.0:
                    break
    """)
    assert checks_in_loops(prove_bounds(fn)) == 0
    for n, k in itertools.product((-1, 0, 1, 9), (-3, -2, 0, 1, 2)):
        assert (agree(fn, vector(2), vector(1), n, k) == OUTSIDE) == (n > 0 and not -2 <= k < 2)


def test_what_only_fractions_would_satisfy_is_no_failure():
    fn = nest("""
        def fractions(x: 1, c: int):
            for i in range(4):
                if 3 * i < c:
                    x[2 * i] += 1.0
    """)
    for n, c in itertools.product(range(8), range(12)):
        reached = [2 * i for i in range(4) if 3 * i < c]
        assert (agree(fn, vector(n), c) == OUTSIDE) == (max(reached, default=-1) >= n)


def test_a_check_under_a_test_of_data_stays():
    fn = nest("""
        def masked(x: 1, m: 1, n: int):
            for i in range(n):
                if m[i] > 0.5:
                    x[i] += 1.0
    """)
    after = prove_bounds(fn)
    assert checks_in_loops(after) == 1
    mask = np.array([1.0, 0.0, 1.0, 0.0, 0.0])
    assert agree(fn, vector(3), mask, 5) == [[2.0, 2.0, 4.0], mask.tolist(), 5]
    assert agree(fn, vector(2), mask, 5) == OUTSIDE


def test_an_index_read_from_data_is_checked_where_it_is_read():
    fn = nest("""
        def gather(x: 1, index: 'ints', y: 1):
            for i in range(y.shape[0]):
                k = index[i]
                y[i] = x[k] + x[k]
    """)
    after = prove_bounds(fn)
    assert checks_in_loops(after) == 1
    agree(fn, vector(3), np.array([0, -3, 2]), vector(3))
    assert agree(fn, vector(3), np.array([0, -4, 2]), vector(3)) == OUTSIDE
    assert agree(fn, vector(3), np.array([0, 1]), vector(3)) == OUTSIDE


def test_a_while_loop_keeps_its_checks_and_tells_what_its_test_says():
    fn = nest("""
        def walk(x: 1, k: 'ints'):
            while (t := k[0]) < x.shape[0]:
                for i in range(x.shape[0]):
                    x[i] += x[t]
                k[0] += 1
    """)
    after = prove_bounds(fn)
    loop = next(s for s in walk(after.body) if isinstance(s, While))
    assert sum(isinstance(s, Check) for s in walk([loop])) == 1
    assert sum(isinstance(s, Check) for s in walk(loop.body)) == 1
    agree(fn, vector(3), np.array([1]))
    agree(fn, vector(3), np.array([-3]))
    assert agree(fn, vector(3), np.array([-4])) == OUTSIDE


def test_what_is_printed_is_printed_before_the_check_fails(capsys):
    fn = nest("""
        def show(x: 1, n: int):
            for i in range(n):
                print(i)
                x[i] = 0.0
    """)
    assert checks_in_loops(prove_bounds(fn)) == 1
    assert outcome(prove_bounds(fn), (vector(2), 3)) == OUTSIDE
    assert capsys.readouterr().out == "0\n1\n2\n"


def test_a_check_repeated_is_made_once():
    fn = nest("""
        def again(x: 1, k: int):
            x[k] = x[k] + x[k - 1] * x[k]
            for i in range(3):
                x[i] += x[k]
    """)
    assert checks(fn) == 6
    assert checks(prove_bounds(fn)) == 3
    for n, k in itertools.product(range(5), range(-5, 5)):
        agree(fn, vector(n), k)


def test_a_view_is_checked_against_its_own_extent():
    fn = nest("""
        def inner(x: 1, y: 1):
            v = x[1:]
            w = x[::2]
            for i in range(x.shape[0] - 1):
                v[i] += y[i]
            for i in range(w.shape[0]):
                w[i] += 1.0
    """)
    assert checks_in_loops(prove_bounds(fn)) == 0
    for n, m in itertools.product(range(5), range(5)):
        agree(fn, vector(n), vector(m))


def ring(x, k):
    total = 0.0
    for i in range(len(x)):
        total += x[(i + 1) % len(x)] * (i % k)
    return total


def test_a_divisor_is_not_zero_where_it_counts_iterations():
    fn = lowered(ring, vector(3), 2)[0].func
    assert (checks(fn), checks(prove_bounds(fn))) == (3, 1)
    assert run(prove_bounds(fn), vector(3), 2) == run(fn, vector(3), 2)
    with pytest.raises(ZeroDivisionError):
        run(prove_bounds(fn), vector(3), 0)
    assert run(prove_bounds(fn), vector(0), 0) == (0.0,)


def test_all_index_checks_are_dropped_on_request():
    fn = nest(GUARDED)
    after = drop_bounds(fn)
    assert checks(after) == 0
    assert len(list(walk(after.body))) < len(list(walk(prove_bounds(fn).body)))
    args = vector(9), vector(9), 5
    assert outcome(after, args) == outcome(fn, args)


def test_an_index_error_of_the_user_is_no_index_check():
    from dataclasses import replace

    fn = nest("def f(x: 1, k: int):\n    x[k] = 1.0")
    body = tuple(replace(s, message="no such row") if isinstance(s, Check) else s for s in fn.body)
    assert checks(drop_bounds(replace(fn, body=body))) == 1


# -- random nests ----------------------------------------------------------------------------------------------------

TERMS = ["i", "j", "i + j", "i - j", "n - 1 - i", "j - i", "2 * i", "2 * j + 1", "i + 1", "j - 1", "c", "i + c", "0"]
TERMS += ["-1", "n - j", "min(i, j)", "max(i - 1, c)", "(i + c) % n", "i // 2", "n - 2 * i", "3 * j - i", "i * c"]
TERMS += ["i * c + j"]
STARTS = ["0", "1", "i", "c", "max(0, i - 1)", "n - 1", "i + 1"]
STOPS = ["n", "m", "i", "n - 1", "min(n, i + 2)", "-1", "c", "n - i"]
GUARDS = ["i > 0", "j < n - 1", "i == j", "i != c", "i + j < m", "i > 0 and j > 1", "i < c or j >= i", "x[0] > 1.5"]


@st.composite
def nests(draw):
    pick = lambda options: draw(st.sampled_from(options))  # noqa: E731
    outside = [s for s in STARTS if "i" not in s], ["n", "m", "n - 1", "-1", "c"]
    steps = ["1", "1", "-1", "2", "-2", "3"]
    access = lambda: f"x[{pick(TERMS)}] += y[{pick(TERMS)}] + A[{pick(TERMS)}, {pick(TERMS)}]"  # noqa: E731
    lines = [
        "def f(x: 1, y: 1, A: 2, m: int, c: int):",
        "    n = x.shape[0]",
        f"    for i in range({pick(outside[0])}, {pick(outside[1])}, {pick(steps)}):",
        f"        for j in range({pick(STARTS)}, {pick(STOPS)}, {pick(steps)}):",
        f"            {access()}",
    ]
    if draw(st.booleans()):
        lines += [f"            if {pick(GUARDS)}:", f"                {access()}"]
    if draw(st.integers(0, 4)) == 0:
        lines += [f"            if {pick(GUARDS)}:", "                break"]
    if draw(st.booleans()):
        lines += ["        j = 0", f"        {access()}"]
    return "\n".join(lines)


SIZES = st.tuples(*[st.integers(0, 5)] * 4, st.integers(-1, 6), st.integers(-3, 3))


@settings(max_examples=150, deadline=None)
@given(nests(), st.lists(SIZES, min_size=6, max_size=6))
def test_random_nests(text, cases):
    fn = nest(text)
    for a, b, rows, columns, m, c in cases:
        agree(fn, vector(a), vector(b), matrix(rows, columns), m, c)
