"""Random draws: the stream is NumPy's, it advances once a call in every mode, and what cannot be right is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adcompiler as ad

X = np.array([0.3, 0.1, 0.7])
Draw = Callable[..., Any]


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generated code runs as plain Python."""
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")


def generator(bits: Any = np.random.PCG64) -> np.random.Generator:
    return np.random.Generator(bits(5))


def state(rng: np.random.Generator) -> str:
    return str(rng.bit_generator.state)


DRAWS: dict[str, Draw] = {
    "random": lambda r: (r.random(), r.random(3), r.random((2, 2))),
    "standard_normal": lambda r: (r.standard_normal(), r.standard_normal(size=2)),
    "standard_exponential": lambda r: r.standard_exponential((2,)),
    "standard_cauchy": lambda r: r.standard_cauchy(3),
    "normal": lambda r: (r.normal(), r.normal(1.0, [0.5, 2.0]), r.normal(1, 2, size=(2, 3)), r.normal(size=4)),
    "normal_broadcast": lambda r: r.normal(np.array([[1.0], [2.0]]), np.array([0.5, 2.0, 3.0]), size=(4, 2, 3)),
    "lognormal": lambda r: r.lognormal(0.1, 0.3, size=3),
    "uniform": lambda r: (r.uniform(1.0, 3.0, 4), r.uniform(np.array([0, 1]), 3)),
    "exponential": lambda r: (r.exponential(), r.exponential([1.0, 2.0])),
    "laplace": lambda r: r.laplace(0.5, 2.0, size=50),
    "logistic": lambda r: r.logistic(0.5, 2.0, size=50),
    "rayleigh": lambda r: r.rayleigh(2.0, size=9),
    "weibull": lambda r: r.weibull(2.0, size=9),
    "pareto": lambda r: r.pareto(3.0, size=9),
    "gamma": lambda r: (r.gamma(2.5, 3.0), r.gamma([0.5, 2.5], 3.0)),
    "standard_gamma": lambda r: r.standard_gamma(2.0, 3),
    "beta": lambda r: (r.beta(2.0, [1.0, 3.0]), r.beta(0.5, 0.5, size=40)),
    "chisquare": lambda r: r.chisquare(3, 4),
    "standard_t": lambda r: r.standard_t(3, 4),
    "poisson": lambda r: (r.poisson(), r.poisson([1.0, 5.0, 30.0]), r.poisson(4.0, size=(2, 2))),
    "binomial": lambda r: (r.binomial(10, [0.3, 0.5]), r.binomial([10, 200], 0.5)),
    "geometric": lambda r: r.geometric(0.3, size=5),
    "integers": lambda r: (r.integers(10), r.integers(2, 9, size=(2, 5)), r.integers([2, 300]), r.integers(2**40)),
    "integers_ends": lambda r: (r.integers(0, 5, endpoint=True, size=30), r.integers(1, size=5)),
    "choice": lambda r: (r.choice(5), r.choice(np.array([1.0, 2.0, 5.0]), (2, 2)), r.choice([1.0, 2.0], p=[0.2, 0.8])),
    "choice_axis": lambda r: r.choice(np.arange(12.0).reshape(3, 4), size=5, axis=1),
    "permutation": lambda r: (r.permutation(40), r.permutation(np.arange(9.0) ** 2)),
    "permutation_axis": lambda r: r.permutation(np.arange(12.0).reshape(3, 4), axis=1),
}


def flat(tree: Any) -> list[Any]:
    return [leaf for item in tree for leaf in flat(item)] if isinstance(tree, tuple) else [tree]


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937], ids=lambda b: b.__name__)
@pytest.mark.parametrize("name", DRAWS)
def test_what_is_drawn_is_what_numpy_draws(name: str, bits: Any) -> None:
    here, there = generator(bits), generator(bits)
    expected = flat(DRAWS[name](here))
    value, _ = ad.jvp(lambda x, r: (DRAWS[name](r), x), (1.0, there), (1.0, None))
    for ours, numpys in zip(flat(value[0]), expected, strict=True):
        assert type(ours) is type(numpys)
        np.testing.assert_array_equal(ours, numpys)
    assert state(here) == state(there)


def every_stream(x: Any, r: np.random.Generator) -> Any:
    total = np.zeros(20)
    for k in range(5):
        total[k] = r.integers(10) + r.random() + r.poisson(3.0 + 5 * k) + r.beta(0.5 + k, 2.0) + r.geometric(0.3)
        total[k + 5] = r.standard_gamma(1.5 + k) + r.standard_t(3.0) + r.chisquare(2.0) + r.binomial(10 + 20 * k, 0.4)
        total[k + 10] = r.standard_exponential() + r.standard_normal() + r.standard_cauchy() + r.laplace(0.0, 1.0)
        total[k + 15] = r.logistic(0.0, 1.0)
    order = r.permutation(20)
    return np.sum(total[order] * np.arange(20.0)) * x, order


def test_compiled_code_draws_the_same_stream() -> None:
    for bits in (np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64):
        here, there = generator(bits), generator(bits)
        expected = every_stream(1.0, here)
        value = ad.jvp(every_stream, (1.0, there), (1.0, None))[0]
        np.testing.assert_allclose(value[0], expected[0], rtol=1e-13)
        np.testing.assert_array_equal(value[1], expected[1])
        assert state(here) == state(there)


def noisy(x: Any, r: np.random.Generator) -> Any:
    z = r.normal(x[0], np.exp(x[1]), size=4)
    total = 0.0
    for _ in range(3):
        if r.random() > 0.4:
            total += np.sin(r.exponential(x[2]))
    r.standard_normal(3)
    return np.sum(np.sin(z)) * r.random() + total


@pytest.mark.usefixtures("plain")
def test_every_mode_draws_once_and_the_same() -> None:
    last, gradient = generator(), ad.grad(noisy)(X, generator())
    value = noisy(X, last)
    v = np.array([1.0, -2.0, 0.5])
    hessian = ad.hessian(noisy)(X, generator())
    ways: dict[str, Callable[[np.random.Generator], tuple[Any, Any]]] = {
        "grad": lambda r: (ad.grad(noisy)(X, r), gradient),
        "value_and_grad": lambda r: (ad.value_and_grad(noisy)(X, r)[0], value),
        "jvp": lambda r: (ad.jvp(noisy, (X, r), (v, None))[1], gradient @ v),
        "vjp": lambda r: (ad.vjp(noisy, X, r)[0], value),
        "hvp": lambda r: (ad.hvp(noisy)(X, r, v), hessian @ v),
        "hessian": lambda r: (ad.hessian(noisy)(X, r), hessian),
        "jacobian": lambda r: (ad.jacobian(noisy, mode="forward")(X, r), gradient),
        "rows": lambda r: (ad.jacobian(noisy, mode="reverse")(X, r), gradient),
    }
    for name, way in ways.items():
        rng = generator()
        found, expected = way(rng)
        np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=name)
        assert state(rng) == state(last), name
    steps = [1e-6 * e for e in np.eye(3)]
    differences = [(noisy(X + h, generator()) - noisy(X - h, generator())) / 2e-6 for h in steps]
    np.testing.assert_allclose(gradient, differences, rtol=1e-7)


@pytest.mark.usefixtures("plain")
def test_a_pullback_sees_the_draws_of_its_value_each_time() -> None:
    rng, other = generator(), generator()
    _, pullback = ad.vjp(noisy, X, rng)
    after = state(rng)
    first, second = pullback(1.0), pullback(1.0)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_allclose(first[0], ad.grad(noisy)(X, other), rtol=1e-13)
    assert first[1] is None
    assert state(rng) == after


@pytest.mark.usefixtures("plain")
def test_one_generator_under_two_names_stays_one() -> None:
    def twice(x: Any, r: np.random.Generator, q: np.random.Generator) -> Any:
        return r.normal() * x[0] + q.normal() * x[1] ** 2 + r.normal() * x[2]

    for transform in (ad.grad, ad.hessian):
        rng, single = generator(), generator()
        ours = transform(twice)(X, rng, rng)
        np.testing.assert_array_equal(ours, transform(lambda x, r: twice(x, r, r))(X, single))
        assert state(rng) == state(single)


@pytest.mark.usefixtures("plain")
def test_items_of_a_batch_draw_one_after_the_other() -> None:
    here, there, xs = generator(), generator(), np.arange(12.0).reshape(4, 3)
    expected = [ad.grad(noisy)(x, here) for x in xs + 0.5]
    np.testing.assert_allclose(ad.batched(ad.grad(noisy), in_axes=(0, None))(xs + 0.5, there), expected, rtol=1e-12)
    assert state(here) == state(there)


HELD = generator()


class Model:
    def __init__(self) -> None:
        self.rng = generator()

    def loss(self, x: Any) -> Any:
        return np.sum(x * self.rng.normal(size=3))


@pytest.mark.usefixtures("plain")
def test_generators_around_a_function_are_drawn_from() -> None:
    def loss(x: Any) -> Any:
        return np.sum(x * HELD.normal(size=3))

    HELD.bit_generator.state = generator().bit_generator.state
    expected, model = generator(), Model()
    for _ in range(2):
        numbers = expected.normal(size=3)
        np.testing.assert_array_equal(ad.grad(loss)(X), numbers)
        np.testing.assert_array_equal(ad.grad(model.loss)(X), numbers)


@pytest.mark.usefixtures("plain")
def test_gradcheck_draws_the_same_at_every_step() -> None:
    rng = generator()
    before = state(rng)
    ad.gradcheck(noisy, X, rng)
    assert state(rng) == before


def unsettled(x: Any, r: np.random.Generator) -> Any:
    t = x[0]
    for _ in ad.checkpointed_range(9):
        t = t * x[1] if t > 0.5 else t + r.random()
    return t


REFUSED: dict[str, tuple[Draw, str]] = {
    "rate": (lambda x, r: r.poisson(x[0]) * x[1], "depends on what is differentiated"),
    "shape": (lambda x, r: r.gamma(x[0], x[1]), "depends on what is differentiated"),
    "weights": (lambda x, r: x[1] * r.choice(3, p=x / np.sum(x)), "choice.*depends on what is differentiated"),
    "unused": (lambda x, r: x[1] + 0 * len(r.random(r.integers(1, 3))) * r.beta(x[0], 1.0), "beta"),
    "method": (lambda x, r: np.sum(x * r.vonmises(0.0, 1.0)), "vonmises"),
    "type": (lambda x, r: np.sum(x * r.random(3, dtype=np.float32)), "dtype"),
    "out": (lambda x, r: np.sum(x * r.random(out=np.empty(3))), "out="),
    "replace": (lambda x, r: np.sum(x * r.choice(3, 3, replace=False)), "replace=False"),
    "arithmetic": (lambda x, r: np.sum(x * r), "generator"),
    "path": (lambda x, r: np.sum(x) * (r if x[0] > 0 else HELD).random(), "path"),
    "again": (lambda x, r: unsettled(x, r), "run again"),
    "pullback": (lambda x, r: ad.vjp(lambda y: y * r.random(), x[0])[1](1.0)[0], "pullback"),
    "matrix": (lambda x, r: np.sum(ad.jacobian(lambda y: y * r.random(3))(x)), "jacobian"),
    "legacy": (lambda x, r: x[0] * np.random.random(), "random state"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_refused(name: str) -> None:
    function, match = REFUSED[name]
    rng = generator()
    before = state(rng)
    with pytest.raises(ad.ADCompilerError, match=match):
        ad.grad(function)(X, rng)
    assert state(rng) == before


def wandering(steps: Any) -> Any:
    """A loop that draws in branches and inner loops, into arrays that it writes, with parameters that it reads."""
    scales = np.array([0.5, 1.5, 2.5])

    def walk(x: Any, r: np.random.Generator) -> Any:
        t, v = x[0], np.zeros(3)
        for i in steps(6):
            z = r.normal(size=3)
            z *= x[2]
            if r.random() < 0.5:
                v += z * t
            else:
                v -= r.exponential(2.0) * x
            for k in range(0, 3, 2):
                t = np.sin(t + v[k] * r.integers(1, 5) * r.uniform(0.0, scales[(i + k) % 3]))
        return t + np.sum(v) * r.normal()

    return walk


@pytest.mark.usefixtures("plain")
def test_what_is_drawn_in_iterations_that_run_again_is_kept() -> None:
    plain, again = wandering(range), wandering(ad.checkpointed_range)
    mine, others = generator(), generator()
    np.testing.assert_allclose(ad.grad(again)(X, mine), ad.grad(plain)(X, others), rtol=1e-13)
    assert state(mine) == state(others)
    np.testing.assert_allclose(ad.grad(plain, memory=64)(X, generator()), ad.grad(plain)(X, generator()), rtol=1e-13)
    ad.gradcheck(again, X, generator())
    np.testing.assert_allclose(ad.hessian(again)(X, generator()), ad.hessian(plain)(X, generator()), rtol=1e-12)


def test_a_parameter_that_is_out_of_range_is_one_before_the_loop_too() -> None:
    scales = np.array([0.5, -1.0])

    def walk(x: Any, r: np.random.Generator) -> Any:
        for i in ad.checkpointed_range(2):
            x = np.sin(x + r.normal(0.0, scales[i]))
        return x

    def beyond(x: Any, r: np.random.Generator) -> Any:
        for i in ad.checkpointed_range(3):
            x = np.sin(x + r.poisson(abs(scales[i])))
        return x

    with pytest.raises(ValueError, match="scale < 0"):
        ad.grad(walk)(0.3, generator())
    with pytest.raises(IndexError):
        ad.grad(beyond)(0.3, generator())


@pytest.mark.usefixtures("plain")
def test_drawn_arrays_that_receive_what_varies() -> None:
    def f(x: Any, r: np.random.Generator) -> Any:
        z, u = r.normal(size=3), r.random(3)
        z *= x
        u[0] = x[1]
        return np.sum(z) * u

    forward, reverse = (ad.jacobian(f, mode=mode)(X, generator()) for mode in ("forward", "reverse"))
    z, u = generator().normal(size=3), np.array([X[1], 0.0, 0.0])
    np.testing.assert_allclose(forward, reverse, rtol=1e-13)
    np.testing.assert_allclose(forward[0], np.sum(z * X) * np.eye(3)[1] + u[0] * z, rtol=1e-13)


@pytest.mark.usefixtures("plain")
def test_sparse_matrices_of_functions_that_draw() -> None:
    def scattered(x: Any, r: np.random.Generator) -> Any:
        y = np.zeros(6)
        for i in range(3):
            y[r.integers(0, 6)] += r.normal() * x[i] ** 2
        return y

    def scaled(x: Any, r: np.random.Generator) -> Any:
        return x**2 * r.normal(size=3) + r.random()

    mine, others = generator(), generator()
    for function in (scattered, scaled):
        sparse, dense = ad.jacobian(function, mode="sparse"), ad.jacobian(function)
        for _ in range(3):
            np.testing.assert_allclose(sparse(X, mine).toarray(), dense(X, others), rtol=1e-13)
        assert state(mine) == state(others)
    # no number that is drawn decides an entry, so that none is drawn to find them
    assert "standard_normal(" not in ad.jacobian(scaled, mode="sparse").lowered_source(X, generator())


@pytest.mark.usefixtures("plain")
def test_parameters_are_checked_as_numpy_checks_them() -> None:
    for function, error in (
        (lambda x, r: r.normal(0.0, x), "scale < 0"),
        (lambda x, r: r.exponential(np.array([1.0, x])), "scale < 0"),
        (lambda x, r: r.uniform(x, np.inf), "range exceeds"),
        (lambda x, r: x * r.poisson(ad.stop_gradient(x)), "lam < 0 or lam is NaN"),
        (lambda x, r: x * r.integers(3, 3), "low >= high"),
        (lambda x, r: x * r.beta(0.0, 1.0), "a <= 0"),
        (lambda x, r: np.sum(r.normal(np.full(3, x), 1.0, size=2)), "broadcast"),
    ):
        with pytest.raises((ValueError, OverflowError, ad.ADCompilerError), match=error):
            ad.jvp(function, (-1.0, generator()), (1.0, None))


@pytest.mark.usefixtures("plain")
def test_stop_gradient_makes_a_parameter_passive() -> None:
    def loss(x: Any, r: np.random.Generator) -> Any:
        return x[0] * r.poisson(ad.stop_gradient(10.0 * x[1] ** 2 + 3.0))

    rng = generator()
    np.testing.assert_array_equal(ad.grad(loss)(X, rng), [generator().poisson(10.0 * X[1] ** 2 + 3.0), 0.0, 0.0])


def test_the_source_reads_as_the_program_does() -> None:
    def loss(x: Any, r: np.random.Generator) -> Any:
        return np.sum(x * r.normal(size=3))

    view = ad.grad(loss).view(X, generator())
    assert "z = r.standard_normal((3,))" in str(ad.grad(loss).adjoint_source(X, generator()))
    assert "draw" in str(ad.grad(loss).wengert(X, generator()))
    assert view is not None
