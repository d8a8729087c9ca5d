"""Declared derivatives: both modes, second order, structures, and mistakes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted

SCALE = 2.0


def newton(a, b):
    x = 1.0
    for _ in range(40):
        x -= (x**3 + a * x - b) / (3.0 * x * x + a)
    return x


@ad.custom_vjp
def root(a, b):
    """The real root of x³ + a x = b."""
    return newton(a, b)


def root_forward(a, b):
    x = root(a, b)
    return x, (x, a)


def root_backward(residuals, x_bar):
    x, a = residuals
    slope = 3.0 * x * x + a
    return -x_bar * x / slope, x_bar / slope


root.defvjp(root_forward, root_backward)


@ad.custom_jvp
def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def softmax_tangent(primals, tangents):
    (x,), (x_dot,) = primals, tangents
    y = softmax(x)
    return y, y * (x_dot - np.sum(y * x_dot))


softmax.defjvp(softmax_tangent)


def plain_softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


@ad.custom_vjp
def clipped(x, limit):
    """The identity, whose cotangent is clipped."""
    return x.copy()


def clipped_forward(x, limit):
    return x.copy(), limit


def clipped_backward(limit, x_bar):
    return np.clip(x_bar, -limit, limit), None


clipped.defvjp(clipped_forward, clipped_backward)


def of_root(a, b):
    return a * root(a, b) ** 2


def of_newton(a, b):
    return a * newton(a, b) ** 2


def test_the_implicit_function_rule() -> None:
    for transform in (ad.value_and_grad, ad.hessian):
        found, expected = (transform(f, (0, 1))(1.3, 2.0) for f in (of_root, of_newton))
        assert np.isfinite(np.hstack([np.ravel(p) for p in found])).all()
        np.testing.assert_allclose(
            np.hstack([np.ravel(p) for p in found]), np.hstack([np.ravel(p) for p in expected]), rtol=1e-12
        )
    ad.gradcheck(of_root, 1.3, 2.0, argnums=(0, 1))
    assert ad.grad(of_root).adjoint_source(1.3, 2.0).count("\n    for _ in") == 1


def test_both_modes_follow_from_either_declaration() -> None:
    value, tangent = ad.jvp(root, (1.3, 2.0), (1.0, 0.5))
    a_bar, b_bar = ad.grad(root, (0, 1))(1.3, 2.0)
    assert tangent == pytest.approx(a_bar + 0.5 * b_bar, rel=1e-13) and value == root(1.3, 2.0)
    x, v, w = np.array([0.1, 0.5, -0.3]), np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.4, -1.0])
    out, pullback = ad.vjp(softmax, x)
    _, forward = ad.jvp(softmax, (x,), (v,))
    np.testing.assert_allclose(pullback(w)[0] @ v, forward @ w, rtol=1e-13)
    np.testing.assert_allclose(out, plain_softmax(x), rtol=1e-15)
    np.testing.assert_allclose(pullback(w)[0], ad.vjp(plain_softmax, x)[1](w)[0], rtol=1e-12)


def test_second_derivatives_of_a_declared_tangent() -> None:
    x = np.array([0.1, 0.5, -0.3])

    def first(x):
        return softmax(x)[0] * 3.0

    def plain(x):
        return plain_softmax(x)[0] * 3.0

    np.testing.assert_allclose(ad.hessian(first)(x), ad.hessian(plain)(x), rtol=1e-12)


def test_a_cotangent_may_be_changed() -> None:
    def loss(x):
        y = x.copy()
        for _ in range(2):
            y = clipped(y * y, 0.5)
        return np.sum(y)

    x = np.array([0.5, 2.0])
    # the outer cotangent is 1, clipped to a half; the inner one is y clipped
    expected = np.clip(0.5 * 2.0 * x**2, -0.5, 0.5) * 2.0 * x
    np.testing.assert_allclose(ad.grad(loss)(x), expected, rtol=1e-14)
    with interpreted():
        np.testing.assert_allclose(ad.grad(loss, cache=False)(x), expected, rtol=1e-14)


class Line(NamedTuple):
    slope: float
    offset: float


@ad.custom_vjp
def evaluated(line, points, scale=1.0):
    """Two results of a record and an array, with a default and a captured number."""
    y = scale * line.slope * points["x"] + line.offset
    return {"y": y, "count": len(y)}, SCALE * np.sum(y)


def evaluated_forward(line, points, scale=1.0):
    return evaluated(line, points, scale), (line, points["x"], scale)


def evaluated_backward(residuals, bars):
    line, x, scale = residuals
    y_bar = bars[0]["y"] + SCALE * bars[1]
    slope_bar = scale * np.sum(y_bar * x)
    return Line(slope_bar, np.sum(y_bar)), {"x": scale * line.slope * y_bar}, line.slope * np.sum(y_bar * x)


evaluated.defvjp(evaluated_forward, evaluated_backward)


def test_structures() -> None:
    def loss(line, x, scale):
        both, total = evaluated(line, {"x": x}, scale=scale)
        return np.sum(both["y"] ** 2) + both["count"] * total

    def plain(line, x, scale):
        y = scale * line.slope * x + line.offset
        return np.sum(y**2) + len(y) * SCALE * np.sum(y)

    args = Line(0.7, -0.3), np.array([1.0, 2.0, -0.5]), 1.5
    found, expected = (ad.grad(f, (0, 1, 2))(*args) for f in (loss, plain))
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-13)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-13)
    assert found[2] == pytest.approx(expected[2], rel=1e-13)


def sharp(x, width):
    return 1.0 / (1.0 + math.exp(-x / width))


def never_called_for_its_derivative(x, n):
    return float(round(x)) * n


def test_formulas() -> None:
    plain = ad.grad(sharp, (0, 1))(0.4, 0.5)
    ad.rule("sharp(x, width)", sharp, x="y * (1 - y) / width", width="-x * y * (1 - y) / width**2")
    np.testing.assert_allclose(ad.grad(sharp, (0, 1))(0.4, 0.5), plain, rtol=1e-13)
    ad.rule("rounded(x, n)", never_called_for_its_derivative, x="n")

    def loss(x):
        return never_called_for_its_derivative(x * x, 3) * 2.0

    assert ad.grad(loss)(1.2) == pytest.approx(2.0 * 3 * 2.4)
    assert ad.jvp(loss, (1.2,), (1.0,))[1] == pytest.approx(2.0 * 3 * 2.4)


def test_outside_a_transformation_the_function_is_itself() -> None:
    assert root(1.3, 2.0) == newton(1.3, 2.0)
    assert root.__name__ == "root" and root.__doc__ == "The real root of x³ + a x = b."


def test_a_declaration_that_changes_is_seen() -> None:
    @ad.custom_vjp
    def scaled(x):
        return 2.0 * x

    def forward(x):
        return 2.0 * x, None

    def right(_, bar):
        return (2.0 * bar,)

    def other(_, bar):
        return (5.0 * bar,)

    def f(x):
        return scaled(x) + x

    g = ad.grad(f)
    with pytest.raises(ad.UnsupportedSyntax, match=r"is declared and not yet given"):
        g(1.0)
    scaled.defvjp(forward, right)
    assert g(1.0) == 3.0
    scaled.defvjp(forward, other)
    assert g(1.0) == 6.0


def test_mistakes() -> None:
    @ad.custom_vjp
    def wrong(x, y):
        return x * y

    def alone(x, y):
        return x * y

    def forward(x, y):
        return x * y, None

    def one(_, bar):
        return (bar,)

    def writes(residuals, bar):
        residuals[0] = 1.0
        return bar, bar

    def of_wrong(x, y):
        return np.sum(wrong(x, y))

    x = np.ones(2)
    wrong.defvjp(alone, one)
    with pytest.raises(ad.TypeProblem, match="must return a pair"):
        ad.grad(of_wrong)(x, x)
    wrong.defvjp(forward, one)
    with pytest.raises(ad.TypeProblem, match="must return a tuple of 2"):
        ad.grad(of_wrong)(x, x)

    def other_shape(_, bar):
        return np.ones(3) * np.sum(bar), bar

    wrong.defvjp(forward, other_shape)
    with pytest.raises(ValueError, match="another shape than that of its argument"):
        ad.grad(of_wrong)(x, x)
    with pytest.raises(ad.MissingRule, match=r"of order one and two"):
        ad.grad(ad.grad(ad.grad(root)))(1.3, 2.0)
    with pytest.raises(ValueError, match="has no argument 'z'"):
        ad.rule("f(x)", newton, z="1")
    with pytest.raises(ValueError, match="is not a function with the names"):
        ad.rule("x + 1", newton)


def test_what_a_declared_function_writes_has_no_derivative() -> None:
    @ad.custom_vjp
    def scaled_in_place(u, a):
        u *= a
        return np.sum(u)

    def forward(u, a):
        return scaled_in_place(u, a), a

    def backward(a, bar):
        return bar * a * np.ones(4), None

    scaled_in_place.defvjp(forward, backward)
    with pytest.raises(ad.UnsupportedSyntax, match="writes into an argument"):
        ad.grad(lambda u: scaled_in_place(u, 0.5))(np.ones(4))


def test_a_view_that_is_written_later_is_refused() -> None:
    @ad.custom_vjp
    def tail(u):
        return u[1:]

    def forward(u):
        return tail(u), None

    def backward(_, bar):
        return (np.concatenate((np.zeros(1), bar)),)

    tail.defvjp(forward, backward)

    def f(u):
        v = tail(u)
        u[1] = 3.0 * u[2]
        return np.sum(v * u[1:])

    with pytest.raises(ad.ADCompilerError, match="may give a view or a copy"):
        ad.grad(f)(np.array([1.0, 2.0, 3.0, 4.0]))


def test_a_call_with_integers_alone() -> None:
    assert ad.grad(lambda x: root(3, 2) * x)(2.0) == pytest.approx(newton(3.0, 2.0))


def bulge(x, y):
    return x**3 * y


bulges = ad.rule("bulge(x, y)", bulge, x="3 * x**2 * y", y="x**3")


def test_an_argument_called_y_hides_the_result() -> None:
    assert ad.grad(lambda a, b: bulges(a, b) * a, (0, 1))(2.0, 3.0) == (96.0, 16.0)


def test_a_mistake_in_a_declared_derivative_stands_at_the_function() -> None:
    @ad.custom_vjp
    def product(a, b):
        return a * b

    line = product.function.__code__.co_firstlineno + 1
    with pytest.raises(ad.UnsupportedSyntax, match="declared and not yet given") as missing:
        ad.grad(product)(2.0, 3.0)
    product.defvjp(lambda a, b: (a * b, (a, b)), lambda kept, bar: bar * kept[1])
    with pytest.raises(ad.TypeProblem, match="must return a tuple of 2") as wrong:
        ad.grad(product)(2.0, 3.0)
    for error in (missing.value, wrong.value):
        assert (error.filename, error.lineno, error.col) == (__file__, line, 4)
        assert error.span is not None and error.span.text == "    def product(a, b):"


# -- linear maps -------------------------------------------------------------------------------------------------------


@ad.custom_vjp
def clipped_slope(x):
    """A backward function that is linear near zero, and nowhere else."""
    return 1.0 * x


clipped_slope.defvjp(lambda x: (1.0 * x, None), lambda _, x_bar: (np.clip(x_bar, -1.0, 1.0),))


@ad.custom_vjp
def squared_slope(x):
    return x * x


squared_slope.defvjp(lambda x: (x * x, x), lambda x, x_bar: (2.0 * x * x_bar**2,))


@ad.custom_vjp
def solved(a, y):
    """Backward by steps that end when they are small: another number of them for another cotangent."""
    return np.linalg.solve(a, y)


def solved_backward(residuals, x_bar):
    a, x = residuals
    u = np.zeros_like(x_bar)
    while np.sum((x_bar - a.T @ u) ** 2) > 1e-20:
        u = u + 0.5 * (x_bar - a.T @ u)
    return -np.outer(u, x), u


def solved_forward(a, y):
    x = np.linalg.solve(a, y)
    return x, (a, x)


solved.defvjp(solved_forward, solved_backward)


@ad.custom_jvp
def squared_tangent(x):
    return 3.0 * x


squared_tangent.defjvp(lambda primals, tangents: (3.0 * primals[0], 3.0 * tangents[0] * tangents[0]))

MATRIX, RIGHT = np.array([[1.1, 0.2], [0.1, 0.9]]), np.array([1.0, -2.0])


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x: clipped_slope(x), (2.0,)),
        (lambda x: 0.5 * squared_slope(x), (3.0,)),
        (lambda a, y: np.sum(solved(a, y)), (MATRIX, RIGHT)),
    ],
)
def test_forward_mode_needs_a_linear_backward(f, args):
    with pytest.raises(ad.NotDifferentiable, match=r"backward function of .* is not linear in its cotangent") as found:
        ad.jvp(f, args, args)
    assert found.value.filename == __file__
    assert found.value.col is not None
    with pytest.raises(ad.NotDifferentiable, match="not linear"):
        ad.gradcheck(f, *args)
    # reverse mode does as it is told
    assert np.all(np.isfinite(ad.grad(f)(*args)))


def test_reverse_mode_needs_a_linear_tangent():
    with pytest.raises(ad.NotDifferentiable, match=r"tangent function of squared_tangent.* not linear in its tangents"):
        ad.grad(lambda x: squared_tangent(x) ** 2)(1.0)
    assert ad.jvp(lambda x: squared_tangent(x) ** 2, (1.0,), (1.0,))[1] == 18.0


@ad.custom_vjp
def blended(x, w):
    """A backward function with branches, loops, gathers and products, all linear in its cotangent."""
    return x[::-1] * w + x[0]


def blended_backward(residuals, y_bar):
    x, w = residuals
    x_bar, w_bar = np.zeros_like(x), 0.0
    for k in range(len(x)):
        share = y_bar[k] / 2.0 if x[k] > 0.0 else 0.5 * y_bar[k]
        x_bar[len(x) - 1 - k] += 2.0 * share * w
        w_bar += (x[::-1] * y_bar)[k]
    x_bar[0] += np.where(x > -100.0, y_bar, 0.0) @ np.ones(len(x))
    return x_bar, w_bar


blended.defvjp(lambda x, w: (x[::-1] * w + x[0], (x, w)), blended_backward)


def test_linear_maps_of_any_form_have_a_transpose():
    report = ad.gradcheck(lambda x, w: np.sum(np.sin(blended(x, w))), np.array([0.3, -0.5, 0.7]), 1.5)
    assert max(report.identities) < 1e-12
