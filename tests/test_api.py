"""The transformations from outside: arguments of every form, the types of results, what is refused."""

from __future__ import annotations

import functools
import inspect
import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import adcompiler as ad
from adcompiler.calls.subject import subject
from adcompiler.options import Options


def mixed(a, b=2.0, /, c=3.0, *, d=5.0):
    return a * b * c * d


def variadic(a, *rest, scale=1.0, **named):
    total = a * a
    for k in range(len(rest)):
        total += (k + 2) * rest[k] ** 2
    return scale * total + named["w"] * a


# -- arguments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argnums", "args", "kwargs", "expected"),
    [
        (0, (7.0,), {}, 30.0),
        (1, (7.0,), {}, 105.0),
        ("c", (7.0, 2.0), {"c": 1.0}, 70.0),
        ("d", (7.0,), {"d": 1.0}, 42.0),
        (-1, (7.0, 1.0, 1.0), {"d": 2.0}, 14.0),
        ((2, "a"), (7.0,), {}, (70.0, 30.0)),
        ([1], (7.0,), {}, (105.0,)),
    ],
)
def test_argument_numbers_and_names(argnums: Any, args: tuple, kwargs: dict, expected: Any) -> None:
    assert ad.grad(mixed, argnums)(*args, **kwargs) == expected


def test_variadic_arguments() -> None:
    call = functools.partial(variadic, w=4.0)
    assert ad.grad(call)(3.0, 1.0) == 10.0
    assert ad.grad(call, (1, -1))(3.0, 1.0, 5.0) == (4.0, 30.0)
    assert ad.grad(variadic, "w")(3.0, w=4.0) == 3.0
    assert ad.grad(variadic, ("scale", 0))(3.0, scale=2.0, w=4.0) == (9.0, 16.0)


@pytest.mark.parametrize(
    ("argnums", "error", "message"),
    [
        (3, ad.NotDifferentiable, "no argument 3"),
        (-4, ad.NotDifferentiable, "no argument -4"),
        ("z", ad.NotDifferentiable, "no argument 'z'"),
        (1.5, TypeError, "numbers and names"),
        (True, TypeError, "numbers and names"),
    ],
)
def test_argument_that_does_not_exist(argnums: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ad.grad(mixed, (argnums,))(1.0)


@pytest.mark.parametrize("argnums", [("a", "a"), (0, 0), (0, "a"), (0, -3)])
def test_argument_named_twice(argnums: Any) -> None:
    with pytest.raises(ValueError, match=r"argnums names the argument 'a' of mixed\(\) twice"):
        ad.grad(mixed, argnums)(1.0)
    with pytest.raises(ValueError, match="twice"):
        ad.vjp(mixed, 1.0, argnums=argnums)


@pytest.mark.parametrize(("args", "kwargs"), [((), {}), ((1.0, 2.0, 3.0, 4.0), {}), ((1.0,), {"e": 1.0})])
def test_wrong_arguments_are_pythons_own_error(args: tuple, kwargs: dict) -> None:
    with pytest.raises(TypeError, match=r"mixed\(\)"):
        ad.grad(mixed)(*args, **kwargs)


def test_a_misspelt_keyword_is_named() -> None:
    def scaled(x: float, factor: float) -> float:
        return x * factor

    with pytest.raises(TypeError, match=r"unexpected keyword argument 'facter'; did you mean 'factor'\?"):
        ad.grad(scaled)(1.0, facter=2.0)
    with pytest.raises(TypeError, match="missing a required argument: 'factor'"):
        ad.grad(scaled)(1.0, unrelated=2.0)


class Spring:
    """A user's class with every kind of method."""

    def __init__(self, k: float) -> None:
        self.k = k

    @ad.grad
    def force(self, x):
        """Return the force."""
        return 0.5 * self.k * x * x

    @ad.value_and_grad(argnums="x")
    def work(self, x, y):
        return self.k * x * y

    @staticmethod
    @ad.grad
    def free(x):
        return x**3

    def __call__(self, x, scale=1.0):
        return self.k * scale * x


def test_methods() -> None:
    soft, hard = Spring(2.0), Spring(10.0)
    assert (soft.force(3.0), hard.force(3.0), soft.force(3.0)) == (6.0, 30.0, 6.0)
    soft.k = 4.0
    assert soft.force(3.0) == 12.0
    assert Spring.force(hard, 3.0) == 30.0
    assert hard.work(2.0, 3.0) == (60.0, 30.0)
    assert Spring.work(hard, 2.0, 3.0) == (60.0, 30.0)
    assert Spring.free(2.0) == soft.free(2.0) == 12.0
    assert soft.force.__doc__ == "Return the force."
    assert list(inspect.signature(soft.force).parameters) == ["x"]


def test_callable_objects_partial_functions_and_compiled_ones() -> None:
    spring = Spring(3.0)
    assert ad.grad(spring)(2.0) == 3.0
    assert ad.grad(spring, "scale")(2.0) == 6.0
    assert ad.grad(functools.partial(mixed, 7.0))(2.0) == 105.0
    assert ad.grad(functools.partial(mixed, 7.0, c=2.0), (0, "d"))(2.0) == (70.0, 28.0)
    assert ad.grad(numba.njit(lambda x: x * x))(3.0) == 6.0


@pytest.mark.parametrize("function", [math.sin, np.sin, len], ids=lambda f: f.__name__)
def test_a_function_without_text_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(ad.UnsupportedSyntax) as caught:
        ad.grad(function)(1.0)
    assert function.__name__ in caught.value.what
    assert caught.value.fix


def test_what_is_no_function() -> None:
    for transform in (ad.grad, ad.value_and_grad, lambda f: ad.vjp(f, 1.0), lambda f: ad.jvp(f, (1.0,), (1.0,))):
        with pytest.raises(TypeError, match="needs a function"):
            transform(3.0)


# -- options -----------------------------------------------------------------------------------------------------------


def test_unknown_option_is_named() -> None:
    for call in (
        lambda: ad.grad(mixed, parallel=True),
        lambda: ad.vjp(mixed, 1.0, parallel=True),
        lambda: ad.jvp(mixed, (1.0,), (1.0,), parallel=True),
    ):
        with pytest.raises(TypeError, match="'parallel'"):
            call()
    with pytest.raises(TypeError, match="True or False"):
        ad.grad(mixed, boundscheck=1)


def test_target_that_is_not_available() -> None:
    with pytest.raises(ad.ADCompilerError, match="abacus") as caught:
        ad.grad(mixed, target="abacus")
    assert "'cpu'" in caught.value.fix


def test_bounds_checks_are_an_option() -> None:
    def element(x, i):
        return x[i] * 2.0

    with pytest.raises(IndexError):
        ad.grad(element)(np.ones(3), 3)
    unchecked = ad.grad(element, boundscheck=False)
    np.testing.assert_array_equal(unchecked(np.ones(3), 1), [0.0, 2.0, 0.0])
    assert "IndexError" in ad.grad(element).lowered_source(np.ones(3), 1)
    assert "IndexError" not in unchecked.lowered_source()


# -- results -----------------------------------------------------------------------------------------------------------


def weighted(tree, n):
    return np.sum(tree["w"] * tree["w"]) * tree["pair"][0] + n * tree["pair"][1] * tree["count"]


def test_structure_of_the_gradient() -> None:
    tree = {"w": np.array([1.0, 2.0]), "pair": (np.float32(3.0), [0.5][0]), "count": 2}
    gradient = ad.grad(weighted)(tree, 7)
    assert list(gradient) == ["w", "pair", "count"]
    np.testing.assert_allclose(gradient["w"], [6.0, 12.0])
    assert gradient["pair"] == (np.float32(5.0), 14.0)
    assert [type(g) for g in gradient["pair"]] == [np.float32, float]
    assert gradient["count"] is None


def test_lists_stay_lists() -> None:
    assert ad.grad(lambda p: p[0] * p[1][0])([2.0, [3.0]]) == [3.0, [2.0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "form",
    [
        lambda a: a,
        np.asfortranarray,
        lambda a: np.repeat(a, 2, axis=1)[:, ::2],
        lambda a: a[::-1, ::-1],
        lambda a: a[:0],
        lambda a: a[:1, :1],
    ],
    ids=["C", "F", "strided", "reversed", "empty", "one"],
)
def test_array_forms(form: Callable[[np.ndarray], np.ndarray], dtype: type) -> None:
    x = form(np.arange(12, dtype=dtype).reshape(3, 4))
    value, gradient = ad.value_and_grad(lambda x: np.sum(x * x))(x)
    assert type(value) is dtype
    assert (gradient.dtype, gradient.shape) == (x.dtype, x.shape)
    np.testing.assert_array_equal(gradient, 2 * x)


def test_read_only_arrays_and_subclasses(tmp_path: Path) -> None:
    def first_doubled(x):
        x[0] *= 2.0
        return np.sum(x * x)

    frozen = np.array([1.0, 2.0])
    frozen.flags.writeable = False
    np.testing.assert_array_equal(ad.grad(lambda x: np.sum(x * x))(frozen), [2.0, 4.0])
    np.testing.assert_array_equal(ad.grad(first_doubled)(frozen), [8.0, 4.0])
    np.testing.assert_array_equal(frozen, [1.0, 2.0])
    mapped = np.memmap(tmp_path / "x", dtype=np.float64, mode="w+", shape=3)
    mapped[:] = [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(ad.grad(lambda x: np.sum(x * x))(mapped), [2.0, 4.0, 6.0])


def test_gradients_share_no_memory_with_anything() -> None:
    x, y = np.ones(3), np.ones(3)
    dx, dy = ad.grad(lambda x, y: np.sum(x + y), (0, 1))(x, y)
    assert not any(np.shares_memory(a, b) for a, b in [(dx, dy), (dx, x), (dy, y)])
    out, pullback = ad.vjp(lambda x, y: x + y, x, y)
    cotangent = np.ones(3)
    entries = pullback(cotangent)
    again = pullback(cotangent)
    everything = [*entries, *again, cotangent, x, y, out]
    for k, a in enumerate(everything):
        assert not any(np.shares_memory(a, b) for b in everything[k + 1 :])


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (3, "int"),
        (True, "bool"),
        (None, "None"),
        ("text", "str"),
        (np.arange(3), "int64"),
        (np.ones(3) > 0, "bool"),
        ((1, 2), "tuple"),
    ],
)
def test_passive_argument_asked_for(value: Any, word: str) -> None:
    def loss(x, other):
        return x * 2.0

    with pytest.raises(TypeError, match="argument 'other'") as caught:
        ad.grad(loss, (0, 1))(1.0, value)
    assert isinstance(caught.value, ad.NotDifferentiable)
    assert word in caught.value.what
    with pytest.raises(TypeError, match="argument 'other'"):
        ad.vjp(loss, 1.0, value, argnums=1)
    with pytest.raises(TypeError, match="argument 'other'"):
        ad.jvp(loss, (1.0, value), 1.0, argnums=1)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x * 2.0, ("(2, 3)", "vjp", "jacobian", "np.sum")),
        (lambda x: x[:1, 0], ("(1,)", "y[0]")),
        (lambda x: (x[0, 0], x[1, 1]), ("a tuple of 2", "has_aux", "vjp")),
        (lambda x: [x[0, 0]], ("a list of 1", "jacobian")),
        (lambda x: None, ("None", "return")),
    ],
    ids=["matrix", "one", "pair", "list", "none"],
)
def test_grad_needs_one_number(function: Callable[..., Any], words: tuple[str, ...]) -> None:
    for transform in (ad.grad, ad.value_and_grad):
        with pytest.raises(TypeError) as caught:
            transform(function)(np.ones((2, 3)))
        assert isinstance(caught.value, ad.NotDifferentiable)
        assert all(word in str(caught.value) for word in words)
        assert caught.value.lineno == function.__code__.co_firstlineno


def test_has_aux_needs_a_pair() -> None:
    for function in (lambda x: x, lambda x: (x, x, x)):
        with pytest.raises(ad.NotDifferentiable, match="has_aux"):
            ad.grad(function, has_aux=True)(1.0)


def test_aux_may_be_anything() -> None:
    def loss(x):
        y = x * x
        return np.sum(y), {"y": y, "shape": x.shape, "name": "loss"}

    x = np.array([1.0, 2.0])
    gradient, aux = ad.grad(loss, has_aux=True)(x)
    np.testing.assert_array_equal(gradient, [2.0, 4.0])
    np.testing.assert_array_equal(aux["y"], [1.0, 4.0])
    assert (aux["shape"], aux["name"]) == ((2,), "loss")


# -- one compilation a signature ---------------------------------------------------------------------------------------


def test_a_new_size_does_not_recompile() -> None:
    def loss(x):
        return np.sum(x * x)

    g, of = ad.grad(loss), subject(loss, Options())
    for n in (4, 5, 1000, 0):
        np.testing.assert_array_equal(g(np.ones(n)), np.full(n, 2.0))
    assert len(of.lowerings) == 1
    # an extent of one broadcasts: another program
    g(np.ones(1))
    assert len(of.lowerings) == 2
    g(np.ones((2, 2)))
    assert len(of.lowerings) == 3


def test_what_a_function_needs_to_know_is_compiled_in() -> None:
    def along(x, axis):
        return np.sum(np.sum(x, axis=axis) ** 2)

    g, x = ad.grad(along), np.arange(6.0).reshape(2, 3)
    for axis in (0, 1, -1, 0, 1):
        expected = 2 * np.broadcast_to(x.sum(axis=axis, keepdims=True), x.shape)
        np.testing.assert_array_equal(g(x, axis), expected)
    assert len(subject(along, Options()).lowerings) == 1


def test_transforming_again_costs_no_compilation() -> None:
    def loss(x):
        return x * x

    first = ad.grad(loss)
    assert first(3.0) == ad.grad(loss)(3.0) == 6.0
    assert ad.grad(loss).subject is first.subject
    assert ad.grad(loss, boundscheck=False).subject is not first.subject


def test_first_calls_from_many_threads_compile_once() -> None:
    def loss(x, n):
        total = 0.0
        for i in range(n):
            total += math.sin(x * i)
        return total

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda k: ad.grad(loss)(0.1 * k, 20), range(16)))
    expected = [sum(i * math.cos(0.1 * k * i) for i in range(20)) for k in range(16)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    (lowerings,) = subject(loss, Options()).lowerings.values()
    assert len(lowerings) == 1


# -- other processes ---------------------------------------------------------------------------------------------------


@ad.value_and_grad
def decorated(x):
    return x**3


def plain(x):
    return x**2


def test_transformed_functions_pickle() -> None:
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    again = pickle.loads(pickle.dumps(ad.grad(plain, (0,))))
    assert again(3.0) == (6.0,)


def test_repr_names_the_function() -> None:
    assert repr(decorated) == "<value_and_grad of decorated>"


def test_importing_the_package_does_not_import_numba() -> None:
    root = str(Path(ad.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {root!r}); import adcompiler; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
