"""Names, errors, callees and state that change between calls; constructs that are refused."""

import functools
import gc
import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba.core.runtime import _nrt_python
from numba.core.runtime.nrt import rtsys

import adcompiler as ad

REFUSED = ad.ADCompilerError


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def unbound_branch(x):
    if x > 0:
        y = x * x
    return y


def unbound_after_no_trips(x, n):
    for i in range(n):
        y = x * i
    return y


def unbound_index(x, n):
    for i in range(n):  # noqa: B007
        x = x * 1.5
    return x * i


@pytest.mark.parametrize(
    ("function", "bad", "good", "slope"),
    [
        (unbound_branch, (-1.0,), (3.0,), 6.0),
        (unbound_after_no_trips, (1.0, 0), (1.0, 3), 2.0),
        (unbound_index, (1.0, 0), (1.0, 2), 2.25),
    ],
    ids=["branch", "loop", "index"],
)
def test_unbound_name(function: Callable[..., float], bad: tuple, good: tuple, slope: float) -> None:
    with pytest.raises((UnboundLocalError, REFUSED)):
        ad.grad(function)(*bad)
    try:
        assert ad.grad(function)(*good) == slope
    except REFUSED as error:
        assert error.lineno is not None


def reads_at(x, i):
    return x[i] ** 2


def writes_at(x, i):
    x[i] = 2.0 * x[0]
    return np.sum(x)


def reads_past_the_end(x, i):
    total = 0.0
    for k in range(i):
        total += x[k] * x[k]
    return total


def gathers(x, i):
    return np.sum(x[np.array([0, i])])


@pytest.mark.parametrize("index", [4, 1000, -5])
@pytest.mark.parametrize("function", [reads_at, writes_at, gathers], ids=lambda f: f.__name__)
def test_index_out_of_range(function: Callable[..., float], index: int) -> None:
    g = ad.grad(function)
    with pytest.raises(IndexError):
        g(np.ones(4), index)
    assert np.isfinite(g(np.ones(4), 2)).all()
    assert np.isfinite(g(np.ones(4), -4)).all()


def test_calls_leave_nothing_behind() -> None:
    g, x = ad.grad(reads_at), np.ones(4)

    def calls() -> None:
        g(x, 2)
        g(x, i=1)
        ad.vjp(reads_at, x, 2)[1](1.0)
        with pytest.raises(IndexError):
            g(x, 99)

    calls()
    _nrt_python.memsys_enable_stats()
    try:
        found = []
        for count in (5, 200):
            for _ in range(count):
                calls()
            gc.collect()
            memory = rtsys.get_allocation_stats()
            found.append((memory.alloc - memory.free, len(gc.get_objects())))
    finally:
        _nrt_python.memsys_disable_stats()
    assert found[0][0] == found[1][0]
    assert found[1][1] - found[0][1] < 100


def test_loop_past_the_end() -> None:
    g = ad.grad(reads_past_the_end)
    with pytest.raises(IndexError):
        g(np.ones(4), 5)
    np.testing.assert_array_equal(g(np.ones(4), 4), np.full(4, 2.0))


GAIN = 2.0
TABLE = np.array([1.0, 2.0])


def callee(x):
    return x * x


def uses_module_state(x):
    return GAIN * callee(x) + TABLE[0] * x


def test_changed_globals_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    g = ad.grad(uses_module_state)
    assert g(3.0) == 13.0
    monkeypatch.setitem(globals(), "GAIN", 5.0)
    assert g(3.0) == 31.0
    monkeypatch.setitem(globals(), "TABLE", np.array([10.0]))
    assert g(3.0) == 40.0
    monkeypatch.setitem(globals(), "callee", lambda x: x**3)
    assert g(3.0) == 5 * 27.0 + 10.0
    assert g.primal(2.0) == 5 * 8.0 + 20.0


def test_global_array_changed_in_place() -> None:
    g = ad.grad(uses_module_state)
    before = g(3.0)
    TABLE[0] += 4.0
    try:
        assert g(3.0) == before + 4.0
    finally:
        TABLE[0] -= 4.0


OPTIONS = {"gain": 2.0, "kind": "sine"}


def test_entries_of_a_global_dictionary_come_and_change(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x):
        return x * OPTIONS.get("gain") + OPTIONS.get("offset", 3.0) * x + OPTIONS.get("function", np.sin)(x)

    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    g = ad.grad(f, cache=False)
    assert g(0.0) == 6.0
    monkeypatch.setitem(OPTIONS, "gain", 5.0)
    assert g(0.0) == 9.0
    monkeypatch.setitem(OPTIONS, "offset", 7.0)
    monkeypatch.setitem(OPTIONS, "function", np.cos)
    assert g(0.0) == 12.0


def test_changed_closure_is_seen() -> None:
    k, weights = 2.0, np.array([1.0, 1.0])

    def loss(x):
        return k * np.sum(weights * x)

    g = ad.grad(loss)
    np.testing.assert_array_equal(g(np.ones(2)), [2.0, 2.0])
    k = 3.0
    np.testing.assert_array_equal(g(np.ones(2)), [3.0, 3.0])
    weights[1] = 5.0
    np.testing.assert_array_equal(g(np.ones(2)), [3.0, 15.0])


class Spring:
    """A user's class."""

    def __init__(self) -> None:
        self.k = 2.0

    def energy(self, x):
        return 0.5 * self.k * x**2


def test_changed_attribute_is_seen() -> None:
    spring = Spring()
    g = ad.grad(spring.energy)
    assert g(3.0) == 6.0
    spring.k = 4.0
    assert g(3.0) == 12.0


def square(x):
    return x * x


def cube(x):
    return x * x * x


def test_lines_that_are_exchanged_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    below = ad.grad(square)
    ways = [below, ad.grad(lambda x: square(x)), ad.grad(lambda x: 2.0 * x + below(x)), ad.jacobian(square)]
    assert [float(g(3.0)) for g in ways] == [6.0, 6.0, 4.0, 6.0]
    monkeypatch.setattr(square, "__code__", cube.__code__)
    assert [float(g(3.0)) for g in ways] == [27.0, 27.0, 20.0, 27.0]


def weighted(x, w=np.ones(2), *, k=np.array([2.0])):  # noqa: B008
    return np.sum(w) * k[0] * x


def test_arrays_that_are_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    g = ad.grad(lambda x: weighted(x) * x)
    assert g(1.0) == 8.0
    weighted.__defaults__[0][0] = 2.0
    assert g(1.0) == 12.0
    monkeypatch.setitem(weighted.__kwdefaults__, "k", np.array([3.0, 0.0]))
    assert g(1.0) == 18.0
    monkeypatch.setattr(weighted, "__defaults__", (1.0, np.ones(4)))
    assert g(1.0) == 24.0


def raises_midway(x, limit):
    total = 0.0
    for v in x:
        total += v * v
        if total > limit:
            raise ValueError("over the limit")
    return total


def test_exception_is_the_primals_and_the_next_call_works() -> None:
    g = ad.grad(raises_midway)
    x = np.array([1.0, 2.0])
    for _ in range(2):
        with pytest.raises(ValueError, match="over the limit"):
            g(x, 3.0)
        np.testing.assert_array_equal(g(x, 10.0), [2.0, 4.0])


def fails_an_assertion(x):
    assert x > 0, "positive"
    return math.log(x)


def test_assertion_is_kept() -> None:
    with pytest.raises(AssertionError, match="positive"):
        ad.grad(fails_an_assertion)(-1.0)
    assert ad.grad(fails_an_assertion)(2.0) == 0.5


def runs_away(x, n):
    return x * runs_away(x, n + 1)


def goes_deep(x, n):
    return x if n == 0 else x * goes_deep(x, n - 1)


def descends(x, floor):
    return x if x < floor else 0.5 * descends(x - 1.0, floor)


def test_runaway_recursion() -> None:
    with pytest.raises((RecursionError, REFUSED)):
        ad.grad(runs_away)(1.0, 0)


def test_deep_recursion() -> None:
    gradient = ad.grad(descends)
    assert gradient(7.5, 1.0) == 0.5**7
    for f, args in ((descends, (3000.0, 1.0)), (goes_deep, (1.0, 3000))):
        with pytest.raises(RecursionError, match="maximum recursion depth exceeded"):
            f(*args)
        with pytest.raises(RecursionError, match="maximum recursion depth exceeded"):
            ad.grad(f)(*args)
    assert gradient(7.5, 1.0) == 0.5**7
    assert gradient(500.5, 1.0) == 0.5**500


def twice(function):
    @functools.wraps(function)
    def wrapper(*args):
        return 2.0 * function(*args)

    return wrapper


@twice
def decorated(x):
    return x * x


def test_unknown_decorator_is_not_skipped() -> None:
    try:
        assert ad.grad(decorated)(3.0) == 12.0
    except REFUSED as error:
        assert error.fix


def test_two_lambdas_on_a_line() -> None:
    first, second = (lambda x: x * x), (lambda x: 3.0 * x)
    for function, slope in ((first, 4.0), (second, 3.0)):
        try:
            assert ad.grad(function)(2.0) == slope
        except REFUSED as error:
            assert error.fix


def test_function_without_source() -> None:
    text = "def f(x):\n    return x * x\n"
    namespace: dict[str, Callable[[float], float]] = {}
    exec(text, namespace)
    with pytest.raises(REFUSED, match="source="):
        ad.grad(namespace["f"])(3.0)
    assert ad.grad(namespace["f"], source=text)(3.0) == 6.0


def perturbed_loss(x, rng):
    noise = rng.normal(size=3)
    return np.sum((x + noise) ** 2)


def test_draws_of_a_generator_are_made_once() -> None:
    x, here, there = np.array([0.1, 0.2, 0.3]), np.random.default_rng(8), np.random.default_rng(8)
    noise = here.normal(size=3)
    np.testing.assert_allclose(ad.grad(perturbed_loss)(x, there), 2 * (x + noise), rtol=1e-14)
    assert here.bit_generator.state == there.bit_generator.state


def legacy_noise(x):
    return x * np.random.normal()


def test_legacy_random_is_refused_with_advice() -> None:
    with pytest.raises(REFUSED, match="Generator") as caught:
        ad.grad(legacy_noise)(1.0)
    assert caught.value.lineno is not None


def long_sum(x, n):
    total = 0.0
    for i in range(n):
        total += math.sin(x * i) * x
    return total


def test_concurrent_first_calls() -> None:
    g = ad.grad(long_sum)
    barrier = threading.Barrier(4)

    def work(k: int) -> float:
        barrier.wait()
        return g(0.1 * k, 20)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(4)))
    expected = [sum(math.sin(0.1 * k * i) + 0.1 * k * i * math.cos(0.1 * k * i) for i in range(20)) for k in range(4)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def yields(x):
    for i in range(3):
        yield x * i


def opens_a_file(x):
    with open("name") as file:
        return x * len(file.read())


def tries(x):
    try:
        return 1.0 / x
    except ZeroDivisionError:
        return 0.0


@pytest.mark.parametrize("function", [yields, opens_a_file], ids=lambda f: f.__name__)
def test_construct_outside_the_language_is_refused_with_its_place(function: Callable[[float], object]) -> None:
    with pytest.raises(REFUSED) as caught:
        ad.grad(function)(2.0)
    first = function.__code__.co_firstlineno
    assert caught.value.filename == __file__
    assert first <= (caught.value.lineno or 0) <= first + 4
    assert caught.value.what
    assert caught.value.fix


def test_try_statement_is_right_or_refused() -> None:
    try:
        assert ad.grad(tries)(2.0) == -0.25
        assert ad.grad(tries)(0.0) == 0.0
    except REFUSED as error:
        assert error.lineno is not None
        assert error.fix


def passive_unknown_call(x, n):
    return x * float(np.base_repr(n))


def test_unknown_call_is_right_or_refused() -> None:
    try:
        assert ad.grad(passive_unknown_call)(2.0, 5) == 101.0
    except REFUSED as error:
        assert "base_repr" in error.what
        assert error.fix
