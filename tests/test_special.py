"""Functions that compiled code calls where SciPy has them: values, derivatives, precision, and what is refused."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
from scipy import special

import adcompiler as ad
from adcompiler.frontend.library.definitions import OUTSIDE
from adcompiler.ir.special import SPECIAL
from tests.support.cases import interpreted
from tests.support.lowering import execute

X = np.array([0.31, 0.52, 0.73])


def of_each(x: Any) -> Any:
    total = 0.0
    for v in x:
        total += special.j0(v) + special.y0(v) + special.i0(v) + special.k0(v) + special.jn(2, v) * special.yn(1, v)
        total += special.j1(v) + special.y1(v) + special.i1(v) + special.k1(v) + special.jv(0.5, v)
        total += special.i0e(-v) + special.k0e(v) + special.i1e(-v) + special.k1e(v) + special.yv(1.5, v)
        total += special.ive(2, v) + special.kve(0.5, v) + special.iv(2, v) + special.kv(1, v)
    return total


def elliptic(x: Any) -> Any:
    near = 0.001 * x
    return (
        special.ellipk(x) * special.ellipe(near) + special.ellipkm1(x) * special.spence(x) + special.spence(1.0 + near)
    )


def of_parameters(x: Any) -> Any:
    y = special.gammainc(2.0, x) * special.gammaincc(1.0, x) + special.gammaincinv(3.0, x)
    z = special.betainc(2.0, 3.0, x) + special.betaincinv(0.5, 1.5, x)
    return np.sum(y * z + special.erfcx(x) * special.dawsn(x) + special.expi(x) * special.exp1(x) + elliptic(x))


@pytest.mark.parametrize("function", [of_each, of_parameters])
def test_compiled_values_and_derivatives(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    value, gradient = ad.value_and_grad(function)(X)
    assert value == pytest.approx(function(X), rel=1e-13)
    steps = [1e-6 * e for e in np.eye(3)]
    np.testing.assert_allclose(gradient, [(function(X + h) - function(X - h)) / 2e-6 for h in steps], rtol=1e-7)
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    np.testing.assert_allclose(ad.grad(function, cache=False)(X), gradient, rtol=1e-12)
    gradients = [(ad.grad(function)(X + h) - ad.grad(function)(X - h)) / 2e-6 for h in steps]
    np.testing.assert_allclose(ad.hessian(function)(X), gradients, rtol=1e-6, atol=1e-7)


POLES = {
    "poch": [(-2.0, 1.0), (-2.0, 3.0), (0.0, 0.0), (0.0, -1.0), (-2.0, -2.0), (-2.0, 0.5), (-2.5, 2.0), (3.0, 1.0)],
    "binom": [(3.0, 5.0), (5.0, -1.0), (2.5, 3.5), (-2.5, 1.5), (-2.5, -1.0), (0.0, 0.0), (5.0, 2.0), (5.0, 6.5)],
}


@pytest.mark.parametrize("name", POLES)
def test_quotients_of_gamma_functions_at_their_poles(name: str) -> None:
    """Finite where they are, and so are the derivatives, where SciPy's function has them."""

    def of_numbers(a: Any, b: Any) -> Any:
        return getattr(special, name)(a, b)

    def of_arrays(a: Any, b: Any, w: Any) -> Any:
        return np.sum(w * getattr(special, name)(a, b))

    a, b = np.array(POLES[name]).T
    scipys, h = getattr(special, name), 1e-5
    slopes = (scipys(a + h, b) - scipys(a - h, b)) / (2 * h), (scipys(a, b + h) - scipys(a, b - h)) / (2 * h)
    w = np.linspace(0.5, 1.5, a.size)
    plain = ad.value_and_grad(of_arrays, (0, 1), cache=False)
    with interpreted():
        read, (a_bar, b_bar) = plain(a, b, w)
    value, compiled = ad.value_and_grad(of_arrays, (0, 1))(a, b, w)
    assert value == pytest.approx(scipys(a, b) @ w, rel=1e-13) and read == pytest.approx(value, rel=1e-13)
    for one, other, slope in zip(compiled, (a_bar, b_bar), slopes, strict=True):
        np.testing.assert_allclose(one, w * slope, rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-14)
    one_by_one = ad.value_and_grad(of_numbers, (0, 1), cache=False)
    with interpreted():
        for k in range(a.size):
            found, (a_slope, b_slope) = one_by_one(float(a[k]), float(b[k]))
            assert found == pytest.approx(scipys(a[k], b[k]), rel=1e-13)
            assert (w[k] * a_slope, w[k] * b_slope) == pytest.approx((compiled[0][k], compiled[1][k]), rel=1e-12)


def test_quotients_of_gamma_functions_without_a_value() -> None:
    poch, binom = ad.value_and_grad(lambda z: special.poch(z, -2.0)), ad.value_and_grad(lambda n: special.binom(n, 2.0))
    for of in (contextlib.nullcontext, interpreted):
        with of():
            assert poch(2.0) == (np.inf, np.inf)
            assert np.isnan(binom(-3.0)).all()
            assert poch(-2.0)[0] == pytest.approx(special.poch(-2.0, -2.0))


def test_single_precision_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    x = X.astype(np.float32)
    found = ad.jvp(lambda x: special.jv(2, x) * special.erfcx(x), (x,), (x,))
    assert [f.dtype for f in found] == [np.float32, np.float32]
    np.testing.assert_allclose(found[0], special.jv(2, x) * special.erfcx(x), rtol=1e-5)


S, S0, D = np.array([0.31, 0.52], np.float32), np.float32(0.4), np.array([0.44, 0.23])
K, K8 = np.array([1, 2]), np.array([1, 2], np.int8)
PAIRS = {
    "single and Python's float": (S, 1.5),
    "Python's float and single": (0.5, S),
    "single and Python's int": (S, 2),
    "Python's int and single": (2, S),
    "single and a single number": (S, S0),
    "a single number and Python's float": (S0, 1.5),
    "Python's int and a single number": (2, S0),
    "single and double": (S, D),
    "a double number and single": (np.float64(0.5), S),
    "integers and single": (K, S),
    "single and narrow integers": (S, K8),
    "narrow integers": (K8, K8),
    "Python's numbers": (2, 0.5),
}
OF_SCIPY = [name.rpartition(".")[2] for name in OUTSIDE if name.startswith("scipy.special.")]
OF_TWO = [n for n in sorted({*OF_SCIPY, *SPECIAL, "yn", "kn"}) if getattr(getattr(special, n), "nin", 1) == 2]
# orders of these two are integers
USES = [(n, pair) for n in OF_TWO for pair, (x, _) in PAIRS.items() if n not in ("kn", "yn") or not np.any(x % 1)]


@pytest.mark.parametrize(("name", "pair"), USES)
def test_the_type_of_functions_of_two_is_scipys(name: str, pair: str) -> None:
    function = getattr(special, name)
    want, found = function(*PAIRS[pair]), execute(lambda x, y: function(x, y), *PAIRS[pair])
    assert found.dtype == want.dtype
    np.testing.assert_allclose(found, want, rtol=1e-12 if want.dtype == np.float64 else 2e-5)


@pytest.mark.parametrize("a", [S + 2, S0 + 2, K + 2, 2.5, 2], ids=str)
def test_the_type_of_the_multivariate_gamma_function_is_scipys(a: Any) -> None:
    want, found = special.multigammaln(a, 2), execute(lambda a: special.multigammaln(a, 2), a)
    assert found.dtype == want.dtype
    np.testing.assert_allclose(found, want, rtol=1e-5 if np.asarray(a).dtype == np.float32 else 1e-13)


def test_complex_numbers_are_refused() -> None:
    for function in (special.xlogy, special.jv):
        with pytest.raises(ad.TypeProblem, match=f"{function.__name__} of complex numbers"):
            ad.jvp(lambda z, function=function: function(1.5, z).real, (1j + X,), (1j * X,))


def test_the_limit_at_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    assert ad.grad(lambda x: special.gammainc(1.0, x))(0.0) == 1.0
    assert ad.grad(lambda x: special.gammainc(2.0, x))(0.0) == 0.0
    assert ad.grad(lambda x: special.jv(1, x))(0.0) == 0.5


WITH_PARAMETERS = [name for name, count in SPECIAL.items() if count > 1]


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_a_derivative_by_an_order_or_parameter_is_refused(name: str) -> None:
    function, count = getattr(special, name), SPECIAL[name]
    for position in range(count - 1):
        given = ["1.5"] * (count - 1)
        given[position] = "a"
        text = f"def moving(a, x):\n    return function({', '.join(given)}, x)\n"
        space: dict[str, Any] = {"function": function}
        exec(text, space)
        with pytest.raises(ad.MissingRule, match=name):
            ad.grad(space["moving"], source=text)(1.0, 0.5)
        with pytest.raises(ad.MissingRule, match=name):
            ad.jvp(space["moving"], (1.0, 0.5), (1.0, 0.0), source=text)
