"""Memory: written arguments, overlapping arguments, results that are views, pullbacks called later."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

import adcompiler as ad

REFUSED = ad.ADCompilerError


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def writes_its_argument(x, y):
    x[0] = x[1] * y[0]
    x *= y
    y[1] = 3.0
    return np.sum(x * y)


def test_written_argument_is_differentiated_at_entry() -> None:
    x, y = np.array([0.3, 0.7]), np.array([1.1, -0.4])
    gradient, by_y = ad.grad(writes_its_argument, (0, 1))(x, y)
    # x -> (x1 y0 * y0, x1 * y1), y -> (y0, 3): the result is x1 y0^3 + 3 x1 y1.
    np.testing.assert_allclose(gradient, [0.0, 1.1**3 - 1.2], rtol=1e-14)
    np.testing.assert_allclose(by_y, [3 * 0.7 * 1.1**2, 3 * 0.7], rtol=1e-14)
    np.testing.assert_array_equal(x, [0.3, 0.7])
    np.testing.assert_array_equal(y, [1.1, -0.4])


def test_primal_mutates_as_python_would() -> None:
    x, y = np.array([0.3, 0.7]), np.array([1.1, -0.4])
    plain = x.copy(), y.copy()
    expected = writes_its_argument(*plain)
    assert ad.grad(writes_its_argument).primal(x, y) == pytest.approx(expected, rel=1e-15)
    np.testing.assert_allclose(x, plain[0], rtol=1e-15)
    np.testing.assert_allclose(y, plain[1], rtol=1e-15)


def copies_across(x, y):
    for i in range(1, len(x)):
        x[i] = x[i - 1] * y[i]
    return np.sum(x * y)


def overlapping_arguments() -> list[Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]]:
    return [lambda a: (a, a), lambda a: (a[1:], a[:-1]), lambda a: (a[:-1], a[1:]), lambda a: (a, a[::-1])]


@pytest.mark.parametrize("views", overlapping_arguments(), ids=["same", "ahead", "behind", "reversed"])
def test_overlapping_arguments_are_right_or_refused(views: Callable[[np.ndarray], tuple[np.ndarray, ...]]) -> None:
    rng = np.random.default_rng(0)
    base, direction = rng.uniform(0.5, 1.5, size=5), rng.normal(size=5)

    def plain(step: float) -> float:
        return copies_across(*views(base + step * direction))

    kept = base.copy()
    try:
        value, (gx, gy) = ad.value_and_grad(copies_across, (0, 1))(*views(base))
    except REFUSED as error:
        assert error.fix
    else:
        slopes = views(direction.copy())
        difference = (plain(1e-5) - plain(-1e-5)) / 2e-5
        assert value == pytest.approx(plain(0.0), rel=1e-14)
        assert gx @ slopes[0] + gy @ slopes[1] == pytest.approx(difference, rel=1e-8)
    np.testing.assert_array_equal(base, kept)


@pytest.mark.parametrize(
    "array",
    [
        np.lib.stride_tricks.as_strided(np.ones(1), (3,), (0,)),
        np.lib.stride_tricks.sliding_window_view(np.arange(5.0), 3),
        np.broadcast_to(np.ones(2), (3, 2)),
    ],
    ids=["one", "windows", "rows"],
)
def test_a_written_argument_whose_elements_share_memory_is_refused(array: np.ndarray) -> None:
    def doubles(x):
        x[0] = 2.0 * x[1]
        return np.sum(x * x)

    for g in (ad.grad(doubles), ad.grad(doubles).primal):
        with pytest.raises(REFUSED, match="share memory"):
            g(array)
    # read alone, each element is one of its own
    np.testing.assert_array_equal(ad.grad(lambda x: np.sum(x * x))(array), 2.0 * array)


def test_a_written_argument_that_is_read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")

    def doubles(x):
        x[0] = 2.0 * x[1]
        return np.sum(x * x)

    x = np.array([1.0, 3.0])
    x.setflags(write=False)
    # derivatives write into a copy
    np.testing.assert_array_equal(ad.grad(doubles)(x), [0.0, 30.0])
    with pytest.raises(REFUSED, match="read-only") as caught:
        ad.grad(doubles).primal(x)
    assert ".copy()" in (caught.value.fix or "")


def dot(x, y):
    return np.sum(x * y**2)


def test_same_array_passed_twice_and_only_read() -> None:
    a = np.array([1.0, 2.0])
    by_x, by_y = ad.grad(dot, (0, 1))(a, a)
    np.testing.assert_array_equal(by_x, a**2)
    np.testing.assert_array_equal(by_y, 2 * a**2)


def returns_argument(x):
    return x


def returns_view(x):
    return x[1:]


def returns_both(x):
    return x.T, x


@pytest.mark.parametrize("function", [returns_argument, returns_view], ids=lambda f: f.__name__)
def test_gradient_shares_no_memory(function: Callable[[np.ndarray], np.ndarray]) -> None:
    x = np.array([1.0, 2.0, 3.0])
    out, pullback = ad.vjp(function, x)
    cotangent = np.ones_like(out)
    (gradient,) = pullback(cotangent)
    assert not np.shares_memory(gradient, x)
    assert not np.shares_memory(gradient, cotangent)
    gradient[:] = 100.0
    np.testing.assert_array_equal(cotangent, np.ones_like(out))
    np.testing.assert_array_equal(x, [1.0, 2.0, 3.0])


def test_gradients_of_several_outputs_share_no_memory() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    _, pullback = ad.vjp(returns_both, x)
    first, second = np.ones((2, 2)), np.full((2, 2), 2.0)
    (gradient,) = pullback((first, second))
    np.testing.assert_array_equal(gradient, np.full((2, 2), 3.0))
    assert not any(np.shares_memory(gradient, other) for other in (x, first, second))


def nonlinear(x, y):
    z = np.sin(x) * y
    return z * z


def test_pullback_keeps_its_answer() -> None:
    x, y, cotangent = np.array([0.3, 1.2]), np.array([2.0, -1.0]), np.array([1.0, 0.5])
    out, pullback = ad.vjp(nonlinear, x, y)
    first = pullback(cotangent)
    x[:] = 9.0
    y[:] = -7.0
    out[:] = 0.0
    second = pullback(cotangent)
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)
        assert not np.shares_memory(one, two)


def test_input_changed_before_the_first_pullback() -> None:
    x, y, cotangent = np.array([0.3, 1.2]), np.array([2.0, -1.0]), np.array([1.0, 0.5])
    _, untouched = ad.vjp(nonlinear, x.copy(), y.copy())
    _, pullback = ad.vjp(nonlinear, x, y)
    x += 1.0
    y *= 2.0
    for one, two in zip(pullback(cotangent), untouched(cotangent), strict=True):
        np.testing.assert_array_equal(one, two)
