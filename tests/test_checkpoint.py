"""Checkpointed loops: the same gradients as without the mark, few iterations run again, little memory."""

from __future__ import annotations

import inspect
import re
import sys
import tracemalloc
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.backend.cpu import python_function
from adcompiler.emit.functions.opaque import library_functions
from tests.support.registry import load_programs
from tests.support.trees import leaves

PROGRAMS = {p.name: p for p in load_programs() if p.name.startswith("checkpointed_")}
LOOPS = [name for name in PROGRAMS if "_call_" not in name]


def unmarked(f: Callable[..., Any]) -> tuple[Callable[..., Any], str]:
    """The function with `range` in place of `checkpointed_range`, and its text."""
    text = re.sub(r"checkpointed_range\((.+?)(, (snapshots|memory)=.*)?\):", r"range(\1):", inspect.getsource(f))
    assert "checkpointed_range" not in text
    names = dict(vars(sys.modules[f.__module__]))
    exec(compile(text, "<unmarked>", "exec"), names)
    return names[f.__name__], text


def interpreted(g: Any, args: tuple[Any, ...]) -> Callable[..., Any]:
    """The readable adjoint as plain Python."""
    text = g.adjoint_source(*args)
    return python_function(text, re.findall(r"^def (\w+)\(", text, re.MULTILINE)[-1])


def swept(f: Callable[..., Any], argnums: tuple[int, ...], args: tuple[Any, ...], **options: Any) -> Any:
    """Value and gradient in reverse mode, also where forward mode would be cheaper."""
    out, back = ad.vjp(f, *args, argnums=argnums, **options)
    return out, [entry for entry in back(np.ones_like(out)) if entry is not None]


@pytest.mark.parametrize("name", LOOPS)
def test_gradient_is_that_of_the_unmarked_loop_to_the_last_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    program = PROGRAMS[name]
    plain, text = unmarked(program.function)
    ours = swept(program.function, program.argnums, program.args())
    theirs = swept(plain, program.argnums, program.args(), source=text)
    for a, b in zip(leaves(ours), leaves(theirs), strict=True):
        assert np.all(np.isfinite(a))
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["checkpointed_scalar_chain", "checkpointed_in_place", "checkpointed_nested_both"])
def test_compiled_gradient_is_the_same_to_the_last_bit(name: str) -> None:
    program = PROGRAMS[name]
    plain, text = unmarked(program.function)
    ours = swept(program.function, program.argnums, program.args(), fastmath=False)
    theirs = swept(plain, program.argnums, program.args(), fastmath=False, source=text)
    for a, b in zip(leaves(ours), leaves(theirs), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", LOOPS)
def test_second_derivatives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    program = PROGRAMS[name]
    plain, text = unmarked(program.function)
    v = np.ones_like(program.args()[0])
    ours = ad.hvp(program.function)(*program.args(), v)
    theirs = ad.hvp(plain, source=text)(*program.args(), v)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    marked, stored = ad.grad(program.function), ad.grad(plain, source=text)
    ours = ad.grad(lambda *args: np.sum(marked(*args)))(*program.args())
    theirs = ad.grad(lambda *args: np.sum(stored(*args)))(*program.args())
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("name", sorted(set(PROGRAMS) - set(LOOPS)))
def test_derivatives_of_checkpointed_calls(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    program = PROGRAMS[name]
    ad.gradcheck(program.function, *program.args(), argnums=program.argnums, order=2)


# -- the schedule ------------------------------------------------------------------------------------------------------


@lru_cache(None)
def fewest(steps: int, slots: int) -> int:
    """The fewest iterations to run again to reverse a chain of which the first state is kept."""
    if steps < 2:
        return 0
    if slots == 1:
        return steps * (steps - 1) // 2
    return min(m + fewest(steps - m, slots - 1) + fewest(m, slots) for m in range(1, steps))


def sines(x, n, s):
    for _ in ad.checkpointed_range(n, snapshots=s):
        x = np.sin(x)
    return x


def counted(monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]) -> tuple[int, int]:
    """How many sines and cosines are computed."""
    count, functions = {"sin": 0, "cos": 0}, {"sin": np.sin, "cos": np.cos}

    def counting(name: str) -> Callable[[float], float]:
        def function(x: float) -> float:
            count[name] += 1
            return float(functions[name](x))

        return function

    with monkeypatch.context() as patch:
        for name in count:
            patch.setattr(np, name, counting(name))
        run()
    return count["sin"], count["cos"]


def test_iterations_run_again_are_the_fewest(monkeypatch: pytest.MonkeyPatch) -> None:
    gradient = interpreted(ad.grad(sines), (0.3, 5, 2))
    for n in [0, 1, 2, 3, 4, 7, 10, 20, 31]:
        for s in [1, 2, 3, 4, 5, 8, 20, 40]:
            run, reversed_ = counted(monkeypatch, lambda n=n, s=s: gradient(0.3, n, s))
            # what follows the loop is the last step of the chain, and its adjoint the first of the sweep
            assert run == fewest(n + 1, s), (n, s)
            assert reversed_ == n


def sines_left(x, n, s):
    for i in ad.checkpointed_range(100, snapshots=s):
        x = np.sin(x)
        if i == n - 1:
            break
    return x


def sines_inside(x, n, s):
    for _ in range(1):
        for _ in ad.checkpointed_range(n, snapshots=s):
            x = np.sin(x)
    return x


@pytest.mark.parametrize("f", [sines_left, sines_inside])
def test_iterations_run_again_from_the_first_state(f: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    gradient = interpreted(ad.grad(f), (0.3, 5, 2))
    for n in [1, 2, 3, 7, 31]:
        for s in [1, 2, 3, 8, 40]:
            run, reversed_ = counted(monkeypatch, lambda n=n, s=s: gradient(0.3, n, s))
            # once for the value, and the chain without it
            assert run == n + fewest(n, s), (n, s)
            assert reversed_ == n


def test_default_runs_no_iteration_more_than_twice_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def chain(x, n):
        for _ in ad.checkpointed_range(n):
            x = np.sin(x)
        return x

    gradient = interpreted(ad.grad(chain), (0.3, 5))
    for n in (1, 2, 3, 5, 50, 120):
        assert counted(monkeypatch, lambda n=n: gradient(0.3, n))[0] <= 2 * n


def test_default_follows_the_iterations_that_have_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def settled(x, n):
        for i in ad.checkpointed_range(10**9):
            x = np.sin(x)
            if i == n - 1:
                break
        return x

    gradient = interpreted(ad.grad(settled), (0.3, 5))
    for n in (50, 120):
        # once for the value, and as often as in a chain of that length: with a state for each it would be less
        assert 2 * n < counted(monkeypatch, lambda n=n: gradient(0.3, n))[0] <= 3 * n


def test_schedule_of_a_long_chain() -> None:
    names: dict[str, Any] = {}
    exec(library_functions({"_split"}, "python"), names)
    split = names["_split"]
    assert [split(10**6, s) for s in (1, 2)] == [10**6, 10**6 - 1414]
    assert 1 <= split(10**9, 10**6) < 10**9


# -- memory ------------------------------------------------------------------------------------------------------------


def diffusion(u, n, s):
    for _ in ad.checkpointed_range(n, snapshots=s):
        u = u + 0.1 * np.sin(u)
    return np.sum(u)


def peak(run: Callable[[], object]) -> int:
    """The most memory that was allocated at a time."""
    tracemalloc.start()
    run()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_memory_is_that_of_the_snapshots() -> None:
    u = np.linspace(0.1, 0.9, 10_000)
    gradient = interpreted(ad.grad(diffusion), (u, 5, 2))
    gradient(u, 5, 2)
    few, many = (peak(lambda s=s: gradient(u, 60, s)) / u.nbytes for s in (2, 32))
    assert few < 20
    assert 28 < many - few < 32
    longer = peak(lambda: gradient(u, 240, 2)) / u.nbytes
    assert longer < few + 1


def slopes(u, n, s):
    value, slope = ad.value_and_grad(diffusion)(u, n, s)
    return value * np.sum(slope**2)


def test_memory_of_gradients_of_gradients() -> None:
    u = np.linspace(0.1, 0.9, 1_000)
    gradient = interpreted(ad.grad(slopes), (u, 5, 2))
    _, found = gradient(u, 20, 2)
    value, slope = ad.value_and_grad(diffusion)(u, 20, 2)
    moved = ad.hvp(diffusion)(u, 20, 2, slope)
    np.testing.assert_allclose(found, np.sum(slope**2) * slope + 2 * value * moved, rtol=1e-12)
    short, long = (peak(lambda n=n: gradient(u, n, 2)) / u.nbytes for n in (20, 80))
    assert long < short + 1
    # tangents of the slopes are those of the same pair of maps
    _, tangent = ad.jvp(slopes, (u, 20, 2), (slope, None, None))
    np.testing.assert_allclose(tangent, found @ slope, rtol=1e-12)


def test_memory_in_bytes() -> None:
    def f(u, n, memory):
        for _ in ad.checkpointed_range(n, memory=memory):
            u = u + 0.1 * np.sin(u)
        return np.sum(u)

    u = np.linspace(0.1, 0.9, 10_000)
    gradient = interpreted(ad.grad(f), (u, 5, 10**6))
    small, large = (peak(lambda k=k: gradient(u, 60, k * (u.nbytes + 8))) / u.nbytes for k in (2, 22))
    assert 18 < large - small < 22
    with pytest.raises(MemoryError, match="one state of the loop"):
        gradient(u, 60, u.nbytes)


def test_an_array_that_lasts_is_not_kept() -> None:
    def f(x, n, s):
        path = np.zeros(n + 1)
        path[0] = x
        for i in ad.checkpointed_range(n, snapshots=s):
            path[i + 1] = path[i] + 0.1 * np.sin(path[i])
        return path[n]

    text = ad.grad(f).adjoint_source(0.3, 5, 2)
    assert "path_kept" not in text
    assert "for j in" not in text


def test_an_array_that_each_iteration_fills_is_not_kept() -> None:
    program = PROGRAMS["checkpointed_work_array"]
    text = ad.grad(program.function).adjoint_source(*program.args())
    assert "w_kept" not in text
    assert "s_kept" in text


# -- what it is in Python, and refusals --------------------------------------------------------------------------------


def test_plain_meaning() -> None:
    assert ad.checkpointed_range(5) == ad.checkpointed_range(5, memory=3) == range(5)
    with pytest.raises(TypeError, match="not both"):
        ad.checkpointed_range(5, snapshots=1, memory=2)


def test_both_limits_are_refused() -> None:
    def f(x):
        for _ in ad.checkpointed_range(3, snapshots=1, memory=8):
            x = x * x
        return x

    with pytest.raises(ad.TypeProblem, match="not both"):
        ad.grad(f)(1.0)


def test_limits_are_integers() -> None:
    def f(x, s):
        for _ in ad.checkpointed_range(3, snapshots=s):
            x = x * x
        return x

    with pytest.raises(ad.TypeProblem, match="integer"):
        ad.grad(f)(1.0, 2.0)


def no_state(x):
    for _ in ad.checkpointed_range(3, snapshots=0):
        x = np.sin(x)
    return x


@pytest.mark.parametrize(("f", "args"), [(sines, (0.3, 3, 0)), (sines, (0.3, 0, -1)), (no_state, (0.3,))])
def test_one_state_is_kept_at_least(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    gradient = ad.grad(f)
    forms = [
        f,
        gradient,
        gradient.primal,
        interpreted(gradient, args),
        lambda *args: ad.vjp(f, *args),
        lambda *args: ad.jvp(f, args, (1.0, *(None for _ in args[1:]))),
    ]
    for form in forms:
        with pytest.raises(ValueError, match="one state at least"):
            form(*args)


def test_shared_memory_is_refused() -> None:
    def handed_on(u, n):
        u = u.copy()
        v = np.zeros(3)
        for _ in ad.checkpointed_range(n):
            v[0] = np.sin(u[0])
            w = v
            v = np.zeros(3) + u
            u = w
        return np.sum(u)

    with pytest.raises(ad.UnsupportedSyntax):
        ad.grad(handed_on)(np.array([0.1, 0.2, 0.3]), 4)


def test_an_array_that_changes_its_size_is_an_error() -> None:
    def f(x, n):
        for _ in ad.checkpointed_range(n):
            x = np.concatenate((x, 2.0 * x[:1]))
        return np.sum(x)

    with pytest.raises((ValueError, ad.UnsupportedSyntax), match="changes its size"):
        ad.grad(f)(np.array([0.1, 0.2]), 3)


def test_prints_once(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x, n):
        for i in ad.checkpointed_range(n, snapshots=1):
            print(i)
            x = np.sin(x)
        return x

    interpreted(ad.grad(f), (0.3, 4))(0.3, 4)
    assert capsys.readouterr().out.split() == ["0", "1", "2", "3"]


# -- calls -------------------------------------------------------------------------------------------------------------


@ad.checkpoint
def wave(x, p):
    """A wave."""
    return np.sin(p * np.sin(x))


def test_a_checkpointed_function_is_the_function() -> None:
    assert wave(0.3, 2.0) == np.sin(2.0 * np.sin(0.3))
    assert (wave.__name__, wave.__doc__) == ("wave", "A wave.")
    with pytest.raises(TypeError, match="needs a function"):
        ad.checkpoint(3.0)  # type: ignore[arg-type]


def test_a_call_is_run_again_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x, p, n):
        for _ in range(n):
            x = wave(x, p)
        return x

    gradient = interpreted(ad.grad(f), (0.3, 1.2, 3))
    sines, cosines = counted(monkeypatch, lambda: gradient(0.3, 1.2, 10))
    # two for the value, the inner one again for the adjoint
    assert (sines, cosines) == (30, 20)


def test_nothing_inside_a_call_is_recorded() -> None:
    def f(u, n):
        for _ in range(n):
            u = part(u)
        return np.sum(u)

    def stored(u, n):
        for _ in range(n):
            u = inner(u)
        return np.sum(u)

    def inner(u):
        for _ in range(5):
            u = u + 0.1 * np.sin(u)
        return u

    part = ad.checkpoint(inner)
    u = np.linspace(0.1, 0.9, 10_000)
    again, kept = (interpreted(ad.grad(g), (u, 3)) for g in (f, stored))
    np.testing.assert_array_equal(again(u, 20)[1], kept(u, 20)[1])
    few, many = (peak(lambda g=g: g(u, 20)) / u.nbytes for g in (again, kept))
    assert few < 45
    assert many > 100


def test_a_call_is_not_taken_for_the_first_one() -> None:
    @ad.checkpoint
    def layer(x, w):
        h = np.tanh(w @ x)
        return np.sin(h) * h

    def f(x, w):
        return np.sum(layer(layer(x, w), w))

    text = ad.grad(f).adjoint_source(np.ones(3), np.ones((3, 3)))
    assert text.count("np.tanh(np.dot(") == 4
