"""Sharing of loads and promotion of elements: what they change, and what they must leave alone."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Branch, Const, Func, Load, Loop, Store, Var
from adcompiler.optimise.elements.promotion import promote, share_loads
from adcompiler.optimise.machine.bounds import drop_bounds, prove_bounds
from tests.support.interpret import run
from tests.support.nests import nest


def outcome(fn: Func, args: tuple[object, ...]) -> object:
    """What a call leaves in its arrays and returns, or the kind of its failure."""
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    try:
        results = run(fn, *copies)
    except IndexError as error:
        assert str(error).startswith("index out of bounds"), error
        return "out of bounds"
    return [np.asarray(v).tolist() for v in (*copies, *results)]


def agree(before: Func, after: Func, *args: object) -> None:
    np.testing.assert_equal(outcome(verify(after), args), outcome(before, args))


def count(fn: Func, kind: type, inside: bool = False) -> int:
    """Element accesses of a kind, in loops or anywhere."""
    body = [s for s in walk(fn.body) if isinstance(s, Loop)] if inside else fn.body
    found = {id(s): s for s in walk(body) if isinstance(s, kind)}
    return sum(not isinstance(s, Load) or not fn.types[s.target.name].rank for s in found.values())


def innermost(fn: Func) -> Loop:
    return [s for s in walk(fn.body) if isinstance(s, Loop)][-1]


def vector(n: int) -> np.ndarray:
    return np.arange(n, dtype=float) + 1


def matrix(rows: int, columns: int) -> np.ndarray:
    return np.arange(rows * columns, dtype=float).reshape(rows, columns) % 5 + 1


# -- sharing ---------------------------------------------------------------------------------------------------------


def shared(text: str, loads: int) -> tuple[Func, Func]:
    """Before and after, with the number of element loads expected."""
    before = prove_bounds(nest(text))
    after = share_loads(before)
    assert count(after, Load) == loads
    return before, after


def test_equal_loads_are_one():
    text = """
        def f(x: 1, y: 1, i: int):
            y[i] = x[i] * x[i] + x[i + 1] * x[1 + i]
    """
    agree(*shared(text, 2), vector(4), vector(3), 1)
    agree(*shared(text, 2), vector(4), vector(4), -4)


def test_a_store_is_taken_from_the_name_that_was_stored():
    text = """
        def f(A: 2, b: 1):
            n = b.shape[0]
            for i in range(n):
                A[i, i] = b[i] * 2.0
                b[i] = A[i, i] + A[i, i]
    """
    agree(*shared(text, 1), matrix(3, 3), vector(3))


def test_a_literal_that_was_stored():
    before, after = shared("def f(x: 1):\n    x[0] = 0.0\n    x[1] = x[0] + 1.0", 0)
    agree(before, after, vector(2))


@pytest.mark.parametrize(
    "between,loads",
    [
        ("x[j] = 7.0", 2),
        ("x[i + 1] = 7.0", 2),
        ("x[i] += 7.0", 2),
        ("y[i] = 7.0", 1),
        ("v[0] = 7.0", 2),
        ("x[:] = 7.0", 2),
        ("x[2:] = 7.0", 2),
    ],
)
def test_a_store_between_two_loads(between, loads):
    text = f"""
        def f(x: 1, i: int, j: int):
            y = zeros(9)
            v = x[1:]
            y[0] = x[i]
            {between}
            y[1] = x[i]
            return y
    """
    before, after = shared(text, loads)
    for i, j in itertools.product(range(-3, 2), repeat=2):
        agree(before, after, vector(3), i, j)


def test_two_parameters_may_be_one_array():
    before, after = shared("def f(x: 1, y: 1):\n    y[0] = x[0] + 1.0\n    y[1] = x[0]", 2)
    x = vector(2)
    run(after, x, x)
    assert x.tolist() == [2.0, 2.0]
    agree(before, after, vector(2), vector(2))


def test_a_view_of_one_row():
    text = """
        def f(A: 2, i: int):
            v = A[1, :]
            v[0] = A[1, 0] + A[2, 0]
            A[0, 0] = A[1, 0] + A[2, 0] + v[0]
    """
    agree(*shared(text, 2), matrix(3, 2), 0)


def test_a_branch_that_stores():
    text = """
        def f(x: 1, c: int):
            y = zeros(4)
            y[0] = x[0] + x[1]
            if c > 0:
                x[0] = x[1] * 2.0
                y[1] = x[0]
            else:
                y[2] = x[0]
            y[3] = x[0] + x[1]
            return y
    """
    before, after = shared(text, 3)
    for c in (0, 1):
        agree(before, after, vector(2), c)


def test_a_loop_that_stores():
    text = """
        def f(x: 1, n: int):
            y = zeros(9)
            y[0] = x[0] + x[2]
            for i in range(1, n):
                y[i] = x[0] + x[i] + x[2]
                x[i] = y[i] + x[i - 1]
            y[8] = x[0] + x[2]
            return y
    """
    before, after = shared(text, 6)
    for n in range(5):
        agree(before, after, vector(4), n)


def test_a_while_loop_that_stores_an_index():
    text = """
        def f(x: 1, k: 'ints'):
            s = zeros(3)
            s[0] = x[k[0]]
            while k[0] + k[0] < 6:
                s[1] += x[k[0]] + x[k[0]]
                k[0] += 1
            s[2] = x[k[0]]
            return s
    """
    before, after = shared(text, 6)
    for start in range(4):
        agree(before, after, vector(4), np.array([start]))


def test_what_a_store_converts_is_loaded():
    b = Builder()
    x, k = Var(b.names.fresh("x")), Var(b.names.fresh("k"))
    b.types |= {"x": Type("float32", 1), "k": Type("float64")}
    b.shapes["x"] = (b.emit("dim", x, axis=0),)
    b.store(x, (ZERO,), k)
    fn = b.finish("f", [x, k], [b.load(x, (ZERO,))])
    assert share_loads(fn) is fn
    assert run(fn, np.zeros(1, "float32"), np.float64(0.1))[0] == np.float32(0.1)


# -- promotion -------------------------------------------------------------------------------------------------------


def promoted(text: str, stores: int) -> tuple[Func, Func]:
    """Before and after, with the number of stores expected in the innermost loop."""
    before = prove_bounds(nest(text))
    after = promote(before)
    assert sum(isinstance(s, Store) for s in walk(innermost(after).body)) == stores
    return before, after


MATMUL = """
def matmul(A: 2, B: 2):
    C = zeros(A.shape[0], B.shape[1])
    for i in range(A.shape[0]):
        for j in range(B.shape[1]):
            for k in range(A.shape[1]):
                C[i, j] += A[i, k] * B[k, j]
    return C
"""
LU_ADJOINT = """
def adjoint(A: 2, seed: int):
    n = A.shape[0]
    A_bar = zeros(n, n)
    for i in range(n):
        A_bar[i, i] = 1.0 * seed
        A_bar[i, 0] += 2.0
    for k in range(n - 1, -1, -1):
        for i in range(n - 1, k, -1):
            for j in range(n - 1, k, -1):
                A_bar[i, k] -= A[k, j] * A_bar[i, j]
                A_bar[k, j] -= A[i, k] * A_bar[i, j]
            A_bar[k, k] -= A_bar[i, k] * A[i, k] / A[k, k]
            A_bar[i, k] = A_bar[i, k] / A[k, k]
    return A_bar
"""


def test_an_accumulator_known_to_exist_needs_no_test():
    before, after = promoted(MATMUL, 0)
    assert not any(isinstance(s, Branch) for s in walk(after.body))
    for rows, inner, columns in itertools.product(range(3), repeat=3):
        agree(before, after, matrix(rows, inner), matrix(inner, columns))


def test_the_adjoint_of_an_elimination():
    before, after = promoted(LU_ADJOINT, 1)
    for n in range(5):
        agree(before, after, matrix(n, n) + 9 * np.eye(n), 3)


def test_a_loop_without_a_trip_touches_nothing():
    text = """
        def f(x: 1, y: 1, i: int, n: int):
            a = zeros(n)
            for k in range(n):
                x[i] += 1.0
                a[k] = 1.0
    """
    before, after = promoted(text, 1)
    assert any(isinstance(s, Branch) for s in walk(after.body))
    for size, i, n in itertools.product(range(3), range(-3, 4), range(3)):
        agree(before, after, vector(size), vector(1), i, n)


def test_branches_carry_the_element():
    text = """
        def f(y: 1, i: int):
            x = zeros(4)
            for k in range(y.shape[0]):
                if y[k] > 2.5:
                    x[i] += y[k]
                else:
                    if y[k] > 1.5:
                        x[i] = x[i] * 2.0 - 1.0
                x[i] += 1.0
            return x
    """
    before, after = promoted(text, 0)
    for n, i in itertools.product(range(5), range(-4, 4)):
        agree(before, after, vector(n), i)


def test_an_element_used_only_under_a_test_must_be_known_to_exist():
    text = """
        def f(y: 1, n: int, i: int):
            x = zeros(n)
            for k in range(y.shape[0]):
                if y[k] > 2.5:
                    x[{}] += y[k]
            return x
    """
    before, after = promoted(text.format("i"), 1)
    agree(before, after, vector(2), 0, 5)
    before, after = promoted(text.replace("zeros(n)", "zeros(3)").format("2"), 0)
    agree(before, after, vector(4), 0, 0)


def test_an_element_that_the_loop_has_yet_to_check_is_not_loaded_before():
    fn = nest("""
        def f(x: 1, i: int, m: int):
            for k in range(m):
                x[i] += 1.0 * k
    """)
    assert promote(fn) is fn
    assert promote(prove_bounds(fn)) is not fn
    for after, i, m in itertools.product((promote(fn), promote(prove_bounds(fn))), range(-4, 4), range(3)):
        agree(fn, after, vector(2), i, m)


def test_an_element_that_may_never_be_reached_is_not_loaded_before():
    text = """
        def f(y: 1, i: int):
            x = zeros(2)
            for k in range(y.shape[0]):
                if y[k] > 2.5:
                    x[i] += y[k]
            return x
    """
    before = drop_bounds(nest(text))
    assert promote(before) is before
    agree(before, promote(before), vector(2), 7)


@pytest.mark.parametrize(
    "line",
    [
        "x[k] += x[i]",
        "v[k] += x[i]",
        "x[k:] = 2.0",
        "y[k] = sum(x)",
        "y[k] += x[j]",
        "x[i] += y[k]\n                j = 0",
    ],
)
def test_other_accesses_that_may_meet_the_element(line):
    text = f"""
        def f(m: int, i: int, j: int):
            x = zeros(4)
            y = zeros(4)
            v = x[1:]
            for k in range(m):
                x[i] += 1.0
                {line}
                y[k] += x[i] + x[j]
            return x
    """
    before, after = promoted(text, sum(isinstance(s, Store) for s in walk(innermost(nest(text)).body)))
    for m, i, j in itertools.product(range(4), range(-4, 4), range(4)):
        agree(before, after, m, i, j)


def test_an_index_that_changes_is_not_promoted():
    text = """
        def f(x: 1, p: 'ints'):
            a = zeros(9)
            for k in range(p.shape[0]):
                a[p[k]] += x[k]
                a[k + 1] += x[0]
            return a
    """
    before, after = promoted(text, 2)
    agree(before, after, vector(3), np.array([2, 2, -1]))


def test_a_loop_that_is_left_early_stores_what_it_had():
    text = """
        def f(y: 1, m: int):
            x = zeros(2)
            for k in range(m):
                x[1] += y[k]
                if x[1] > 2.5:
                    break
            return x
    """
    before, after = promoted(text, 0)
    for n, m in itertools.product(range(4), range(5)):
        agree(before, after, vector(n), m)


def test_the_element_keeps_its_type():
    b = Builder()
    y = Var(b.names.fresh("y"))
    b.types["y"], b.shapes["y"] = Type("float64", 1), ()
    n = b.emit("dim", y, axis=0)
    b.shapes["y"] = (n,)
    x = b.emit("zeros", ONE, dtype="float32", hint="x")
    i = b.var("i", INDEX)
    with b.block() as body:
        b.store(x, (ZERO,), b.load(y, (i,)), add=True)
        b.store(x, (ZERO,), Const(0.1), add=True)
    b.add(Loop(i, ZERO, n, ONE, (), tuple(body), None, False, None))
    fn = b.finish("f", [y], [b.load(x, (ZERO,))])
    after = promote(fn)
    assert count(after, Store, inside=True) == 0
    values = np.linspace(0.0, 1.0, 7) ** 2
    agree(fn, after, values)
    carried = innermost(after).carried[0]
    assert after.types[carried.var.name] == after.types[carried.out.name] == Type("float32")


def test_a_parallel_loop_is_left_alone():
    from dataclasses import replace

    fn = nest(MATMUL)
    loop = innermost(fn)
    assert promote(fn) is not fn

    def mark(block):
        from adcompiler.ir.walk import map_blocks

        return tuple(replace(s, parallel=True) if s is loop else map_blocks(s, mark) for s in block)

    marked = replace(fn, body=mark(fn.body))
    assert sum(isinstance(s, Store) for s in walk(innermost(promote(marked)).body)) == 1


# -- random nests ----------------------------------------------------------------------------------------------------

TERMS = ["i", "j", "i + j", "i - j", "n - 1 - i", "i + 1", "j - 1", "c", "i + c", "0", "-1", "2 * i", "max(i - 1, 0)"]
RANGES = ["n", "m", "i", "1, n", "i + 1, n", "n - 1, -1, -1", "0, n, 2", "c, m", "n - 1, i, -1"]
GUARDS = ["i > j", "x[0] > 2.5", "i == c", "w[1] > 1.0"]


@st.composite
def nests(draw):
    """Statements before, in and after an inner loop, drawn from numbers so that examples stay small."""
    random = draw(st.randoms(use_true_random=False))

    def any_element():
        name = random.choice(["x", "w", "w", "v", "A"])
        items = [random.choice(TERMS) for _ in range(2 if name == "A" else 1)]
        return f"{name}[{', '.join(items)}]"

    # a few elements that occur again and again
    elements = [any_element() for _ in range(4)]

    def element():
        return random.choice(elements)

    def lines(pad, number):
        for _ in range(number):
            line = f"{element()} {random.choice(['=', '+=', '-='])} {element()} * 0.5 + {element()}"
            if random.random() < 0.25:
                yield f"{pad}if {random.choice(GUARDS)}:"
                yield f"{pad}    {line}"
                yield f"{pad}else:"
                line = f"    {element()} = 2.0"
            yield pad + line

    text = [
        "def f(x: 1, A: 2, m: int, c: int):",
        "    n = x.shape[0]",
        "    w = zeros(6)",
        "    v = w[1:]",
        "    j = 0",
        f"    for i in range({random.choice([r for r in RANGES if 'i' not in r])}):",
        *lines("        ", random.randrange(3)),
        f"        for j in range({random.choice(RANGES)}):",
        *lines("            ", random.randrange(1, 4)),
        "        j = 1",
        *lines("        ", random.randrange(3)),
        "    return w",
    ]
    return "\n".join(text)


SIZES = st.tuples(*[st.integers(0, 5)] * 3, st.integers(-1, 5), st.integers(-3, 3))


@settings(max_examples=150, deadline=None)
@given(nests(), st.lists(SIZES, min_size=5, max_size=5))
def test_random_nests(text, cases):
    before = nest(text)
    checked = prove_bounds(share_loads(before))
    variants = [share_loads(before), promote(before), share_loads(promote(checked)), promote(share_loads(checked))]
    for a, rows, columns, m, c in [*cases, (5, 5, 5, 4, 1)]:
        for after in variants:
            agree(before, after, vector(a), matrix(rows, columns), m, c)
