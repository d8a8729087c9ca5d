"""Arrays of which an iteration leaves nothing behind become scalars, all others stay."""

from itertools import product

import numpy as np
import pytest

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Const, Func, Load, Loop, Store
from adcompiler.optimise.elements.contract import contract_arrays
from adcompiler.optimise.lowering.fuse import fuse_readers
from adcompiler.optimise.machine.bounds import drop_bounds
from tests.support.interpret import run
from tests.support.nests import nest
from tests.support.small_programs import vector

NOTHING = Const(0.0)
#: An access of the work array: "+" adds `x[i]`, "=" stores it, "0" stores zero, "?" loads and adds to `y[i]`.
GONE = ["+?0", "++?0", "+?+?0", "=?", "0+?", "=+?", "+?00", "?+?0", "=?+?", "?"]
THERE = ["+?", "?=", "+?0+", "?0+", "+0+?"]


def accesses(word: str, alloc: str = "zeros", dtype: str = "float64", shift: int | None = None) -> Func:
    """A loop with these accesses, the one at position `shift` of the element after the loop's own."""
    b = Builder()
    x, y = vector(b, "x"), vector(b, "y")
    size = b.shape(x)[0]
    work = b.emit(alloc, b.int("add", size, ONE), dtype=dtype, hint="work")
    r, i = b.var("r", INDEX), b.var("i", INDEX)
    with b.block() as outer:
        with b.block() as body:
            value = b.load(x, (i,))
            for position, letter in enumerate(word):
                at = b.int("add", i, ONE) if position == shift else i
                if letter == "?":
                    b.store(y, (i,), b.load(work, (at,)), add=True)
                else:
                    b.store(work, (at,), NOTHING if letter == "0" else value, add=letter == "+")
        b.add(Loop(i, ZERO, size, ONE, (), tuple(body), None, False, None))
    b.add(Loop(r, ZERO, Const(2), ONE, (), tuple(outer), None, False, None))
    return b.finish("f", [x, y], [])


def work_left(fn: Func) -> bool:
    return any(isinstance(s, (Load, Store)) and s.array.name == "work" for s in walk(fn.body))


def agree(fn: Func, after: Func) -> None:
    x = np.array([1.0, -2.0, 4.0])
    found = [np.zeros(3), np.zeros(3)]
    run(fn, x, found[0])
    run(after, x, found[1])
    np.testing.assert_array_equal(found[1], found[0])


@pytest.mark.parametrize("word", GONE)
def test_an_array_that_holds_nothing_between_iterations(word: str) -> None:
    fn = verify(accesses(word))
    after = verify(contract_arrays(fn))
    assert not work_left(after)
    agree(fn, after)


@pytest.mark.parametrize("word", THERE)
def test_an_array_that_holds_something(word: str) -> None:
    fn = verify(accesses(word))
    after = contract_arrays(fn)
    assert work_left(after)
    agree(fn, after)


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_accesses_of_two_elements(shift: int) -> None:
    fn = verify(accesses("+?0", shift=shift))
    assert work_left(contract_arrays(fn))


def test_without_zeros_the_first_access_has_to_write() -> None:
    assert work_left(contract_arrays(accesses("+?0", alloc="empty")))
    assert not work_left(contract_arrays(accesses("=?", alloc="empty")))


def test_a_store_that_converts_stays() -> None:
    assert work_left(contract_arrays(accesses("=?", dtype="float32")))


def test_every_order_of_accesses_means_the_same() -> None:
    for word in product("+=0?", repeat=4):
        fn = accesses("".join(word))
        agree(fn, contract_arrays(fn))


def test_an_array_used_elsewhere_stays() -> None:
    for last in ("return work", "y[0] = work[1]", "v = work[1:]\n            y[0] = v[0]"):
        fn = nest(f"""
        def f(x: 1, y: 1):
            work = zeros(x.shape[0])
            for i in range(x.shape[0]):
                work[i] += x[i]
                y[i] += work[i]
                work[i] = 0.0
            {last}
        """)
        assert contract_arrays(fn) is fn


MOVED = """
    def f(u: 1, v: 1, y: 1):
        n = u.shape[0]
        m = n - 1
        for i in range({first}):
            t = u[i]
            u[i] = 0.0
            v[{stored}] += t
        for i in range({second}):
            w = v[{loaded}]
            v[{loaded}] = 0.0
            u[i] += w * y[i]
"""


@pytest.mark.parametrize(
    "stored,loaded,second,joined",
    [("i", "i", "m", True), ("i + 1", "i", "m", False), ("i", "i + 1", "m", False), ("i", "i", "n", False)],
)
def test_a_loop_joins_the_one_whose_elements_it_loads(stored: str, loaded: str, second: str, joined: bool) -> None:
    fn = drop_bounds(nest(MOVED.format(first="m", stored=stored, loaded=loaded, second=second)))
    after = verify(fuse_readers(fn))
    assert sum(isinstance(s, Loop) for s in after.body) == (1 if joined else 2)
    found = [[np.arange(4.0), np.arange(1.0, 5.0), np.array([2.0, 3.0, 5.0, 7.0])] for _ in range(2)]
    run(fn, *found[0])
    run(after, *found[1])
    np.testing.assert_array_equal(found[1], found[0])


def test_loops_that_only_add_to_the_same_rows_stay_apart() -> None:
    fn = drop_bounds(
        nest("""
        def f(u: 2, y: 1):
            for i in range(y.shape[0]):
                u[0, i] += y[i]
            for i in range(y.shape[0]):
                u[1, i] += y[i]
    """)
    )
    assert sum(isinstance(s, Loop) for s in fuse_readers(fn).body) == 2


@pytest.mark.parametrize(
    "between",
    ["if i > 1:\n                    work[i] = 0.0", "for k in range(2):\n                    work[i] += x[k]"],
)
def test_an_array_with_accesses_in_two_blocks_stays(between: str) -> None:
    fn = drop_bounds(
        nest(f"""
        def f(x: 1, y: 1):
            work = zeros(x.shape[0])
            for i in range(x.shape[0]):
                work[i] += x[i]
                {between}
                y[i] += work[i]
                work[i] = 0.0
    """)
    )
    assert contract_arrays(fn) is fn
