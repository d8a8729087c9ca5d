"""What the transformations take and give back: pullbacks, tangents, types of results, metadata."""

import inspect

import numpy as np
import pytest

import adcompiler as ad


def scaled_sum(x, k, y):
    """Return a vector."""
    return k * x * y[0] + y[1]


def example():
    return np.array([0.3, -1.2, 0.8]), 2, np.array([1.5, 0.5])


def test_pullback_has_an_entry_for_each_argument() -> None:
    x, k, y = example()
    out, pullback = ad.vjp(scaled_sum, x, k, y)
    np.testing.assert_allclose(out, scaled_sum(x, k, y), rtol=1e-15)
    entries = pullback(np.ones(3))
    assert isinstance(entries, tuple)
    assert len(entries) == 3
    np.testing.assert_allclose(entries[0], np.full(3, 3.0), rtol=1e-15)
    assert entries[1] is None
    np.testing.assert_allclose(entries[2], [2 * x.sum(), 3.0], rtol=1e-14)


def test_pullback_leaves_out_what_argnums_leaves_out() -> None:
    x, k, y = example()
    for argnums in (2, (2,), "y"):
        _, pullback = ad.vjp(scaled_sum, x, k, y, argnums=argnums)
        entries = pullback(np.ones(3))
        assert entries[0] is None
        assert entries[1] is None
        np.testing.assert_allclose(entries[2], [2 * x.sum(), 3.0], rtol=1e-14)


def test_cotangent_is_converted_to_the_type_of_the_output() -> None:
    x, k, y = example()
    _, pullback = ad.vjp(scaled_sum, x, k, y)
    expected = pullback(np.array([1.0, 2.0, 3.0]))
    for cotangent in (np.array([1, 2, 3]), np.array([1, 2, 3], dtype=np.float32)):
        np.testing.assert_array_equal(pullback(cotangent)[0], expected[0])


def test_cotangent_of_another_shape_is_an_error_that_names_both() -> None:
    _, pullback = ad.vjp(scaled_sum, *example())
    with pytest.raises((ad.ADCompilerError, ValueError, TypeError), match=r"\(3,\)") as caught:
        pullback(np.ones(4))
    assert "(4,)" in str(caught.value)


def total(x):
    return np.sum(x**2)


def test_pullback_of_a_scalar() -> None:
    value, pullback = ad.vjp(total, np.array([1.0, 2.0]))
    assert value == 5.0
    np.testing.assert_array_equal(pullback(1.0)[0], [2.0, 4.0])
    np.testing.assert_array_equal(pullback(-0.5)[0], [-1.0, -2.0])


def two_results(x, y):
    return x * y, np.sum(x)


def test_pullback_of_several_outputs() -> None:
    x = np.array([1.0, 2.0])
    out, pullback = ad.vjp(two_results, x, 3.0)
    np.testing.assert_array_equal(out[0], [3.0, 6.0])
    dx, dy = pullback((np.array([1.0, -1.0]), 10.0))
    np.testing.assert_array_equal(dx, [13.0, 7.0])
    assert dy == -1.0


def test_tangents_of_passive_arguments() -> None:
    x, k, y = example()
    dx, dy = np.array([1.0, 0.0, 2.0]), np.array([0.5, -1.0])
    expected = k * dx * y[0] + k * x * dy[0] + dy[1]
    for passive in (None, 0, 0.0):
        out, tangent = ad.jvp(scaled_sum, (x, k, y), (dx, passive, dy))
        np.testing.assert_allclose(out, scaled_sum(x, k, y), rtol=1e-15)
        np.testing.assert_allclose(tangent, expected, rtol=1e-14)


def test_tangents_are_shaped_as_argnums() -> None:
    x, k, y = example()
    dx = np.array([1.0, 0.0, 2.0])
    _, alone = ad.jvp(scaled_sum, (x, k, y), dx, argnums=0)
    _, in_a_tuple = ad.jvp(scaled_sum, (x, k, y), (dx,), argnums=(0,))
    np.testing.assert_allclose(alone, k * dx * y[0], rtol=1e-15)
    np.testing.assert_array_equal(alone, in_a_tuple)


def loss_and_counts(x):
    return np.sum(x**2), (np.max(x), len(x))


def test_auxiliary_results() -> None:
    x = np.array([1.0, 3.0])
    (value, aux), gradient = ad.value_and_grad(loss_and_counts, has_aux=True)(x)
    assert value == 10.0
    assert aux == (3.0, 2)
    np.testing.assert_array_equal(gradient, [2.0, 6.0])
    only, aux = ad.grad(loss_and_counts, has_aux=True)(x)
    np.testing.assert_array_equal(only, [2.0, 6.0])
    assert aux == (3.0, 2)


def product(x, y):
    return x * y * y


def test_argnums_int_tuple_and_name() -> None:
    assert ad.grad(product)(2.0, 3.0) == 9.0
    assert ad.grad(product, 1)(2.0, 3.0) == 12.0
    assert ad.grad(product, (1,))(2.0, 3.0) == (12.0,)
    assert ad.grad(product, argnums=(1, 0))(2.0, 3.0) == (12.0, 9.0)
    assert ad.grad(product, "y")(2.0, 3.0) == 12.0


def test_arguments_by_keyword() -> None:
    assert ad.grad(product)(2.0, y=3.0) == 9.0
    assert ad.grad(product, "y")(y=3.0, x=2.0) == 12.0


def test_result_types_follow_the_argument() -> None:
    number = ad.grad(product)(2.0, 3.0)
    assert type(number) is float
    for kind in (np.float64, np.float32):
        scalar = ad.grad(product)(kind(2.0), kind(3.0))
        assert isinstance(scalar, np.generic)
        assert scalar.dtype == kind
        array = ad.grad(product)(np.array(2.0, dtype=kind), kind(3.0))
        assert isinstance(array, np.ndarray)
        assert array.shape == ()
        assert array.dtype == kind


def test_gradient_of_an_unused_argument_is_zero() -> None:
    def ignores(x, y):
        return x * 2.0

    assert ad.grad(ignores, 1)(1.0, 5.0) == 0.0
    np.testing.assert_array_equal(ad.grad(ignores, 1)(1.0, np.ones(3)), np.zeros(3))


def test_constant_function_has_a_zero_gradient() -> None:
    def constant(x):
        return 3.0

    assert ad.value_and_grad(constant)(2.0) == (3.0, 0.0)


@ad.grad
def documented(x: float, scale: float = 2.0) -> float:
    """Return the scaled square."""
    return scale * x**2


@ad.grad(argnums=(0, 1))
def both(x, y):
    return x * y


def test_metadata_is_kept() -> None:
    assert documented.__name__ == "documented"
    assert documented.__doc__ == "Return the scaled square."
    assert list(inspect.signature(documented).parameters) == ["x", "scale"]
    assert documented.__module__ == __name__


def test_decorators() -> None:
    assert documented(3.0) == 12.0
    assert documented(3.0, scale=1.0) == 6.0
    assert documented.primal(3.0) == 18.0
    assert both(2.0, 5.0) == (5.0, 2.0)


class Model:
    """A user's class."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    @ad.grad
    def loss(self, w, x):
        """Return a number."""
        return self.scale * np.sum(w * x**2)


def test_gradient_of_a_method_leaves_out_self() -> None:
    model = Model(2.0)
    w, x = np.array([0.5, 1.5]), np.array([1.0, 2.0])
    np.testing.assert_array_equal(model.loss(w, x), [2.0, 8.0])
    model.scale = 3.0
    np.testing.assert_array_equal(model.loss(w, x), [3.0, 12.0])


def test_transformations_nest() -> None:
    def cubic(x):
        return x**3

    assert ad.grad(ad.grad(cubic))(2.0) == 12.0
    assert ad.grad(ad.grad(ad.grad(cubic)))(2.0) == 6.0
    value, tangent = ad.jvp(ad.grad(cubic), (2.0,), (1.0,))
    assert (value, tangent) == (12.0, 12.0)


def test_gradient_called_inside_a_differentiated_function() -> None:
    inner = ad.grad(product)

    def outer(x, y):
        return inner(x, y) ** 2 + x

    assert ad.grad(outer, (0, 1))(2.0, 3.0) == (1.0, 4 * 3.0**3)


@pytest.mark.parametrize("dtype", [">f8", "O", "U3"])
def test_unsupported_dtype_is_refused_by_name(dtype: str) -> None:
    x = np.array([1, 2, 3]).astype(dtype)
    with pytest.raises(ad.ADCompilerError) as caught:
        ad.grad(total)(x)
    assert any(name in str(caught.value) for name in (str(x.dtype), x.dtype.name, dtype))
