"""What is cleared for the next iteration to add to is written over instead: where no iteration can tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from adcompiler.ir.build import Builder, make_func
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import rename, walk
from adcompiler.ir.wengert import Assign, Carry, Func, Loop, Store, Var
from adcompiler.optimise.elements.swapped_buffers import write_over_zeros
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.machine.bounds import drop_bounds
from tests.support.interpret import run
from tests.support.nests import nest

# two buffers; those that the loop over `s` sees are carried, and change places
STEPS = """
    def f(x: 1, out: 1, steps: int):
        n = x.shape[0]
        u = zeros(n)
        v = {made}(n)
        {before}
        for i in range(n):
            u[i] = x[i]
        for s in range({steps}):
            {first}
            if {test}:
                for i in range({start}, n - 1):
                    k = i + {shift}
                    g = u[{read}]
                    {early}
                    u[{at}] = {left}
                    v[k] {op} 2.0 * g + s
                    {late}
            {last}
        for i in range(n):
            out[i] += u[i] + 3.0 * v[i]
"""


def steps(**parts: str) -> Func:
    usual = dict.fromkeys(("before", "first", "early", "late", "last"), "")
    usual |= {"made": "zeros", "steps": "steps", "test": "1 < n", "start": "1", "shift": "0", "read": "k", "at": "k"}
    text = STEPS.format(**(usual | {"left": "0.0", "op": "+="} | parts))
    fn = drop_bounds(nest("\n".join(line for line in text.splitlines() if line.strip())))
    return verify(simplify(exchanging(fn)))


def exchanging(fn: Func) -> Func:
    """The function with the two buffers handed from one iteration to the other."""
    b = Builder.of(fn)
    u, v, *_ = [s.target for s in fn.body if isinstance(s, Assign) and s.op in ("zeros", "empty")]
    at = next(k for k, s in enumerate(fn.body) if isinstance(s, Loop) and "s" in s.index.name)
    loop = fn.body[at]
    assert isinstance(loop, Loop)
    inside = {a: b.like(a, f"{hint}_bar") for a, hint in ((u, "u"), (v, "v"))}
    behind = {a: b.like(a) for a in (u, v)}
    carried = [Carry(inside[a], a, inside[other], behind[a]) for a, other in ((u, v), (v, u))]
    loop = replace(loop, carried=tuple(carried), body=rename(loop.body, dict(inside)))
    body = (*fn.body[:at], loop, *rename(fn.body[at + 1 :], dict(behind)))
    return make_func(fn.name, fn.params, body, fn.results, b.types, b.shapes)


def same(fn: Func, least: int = 3) -> bool:
    """Whether the pass changes a function; both give the same numbers."""
    changed = verify(write_over_zeros(fn))
    for n in range(least, 8):
        for count in (0, 1, 2, 5):
            rng = np.random.default_rng(n)
            x, given = rng.normal(size=n), rng.normal(size=n)
            outs = given.copy(), given.copy()
            for one, out in zip((fn, changed), outs, strict=True):
                run(one, x.copy(), out, count)
            np.testing.assert_array_equal(*outs)
    return changed.body != fn.body


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"start": "0", "shift": "1"},
        {"steps": "steps, 0, -1"},
        {"late": "v[k - 1] += 3.0 * g"},
        {"early": "v[k - 1] += 3.0 * g"},
        {"last": "v[0] += 1.0"},
        {"first": "v[0] += 1.0"},
        {"test": "n > 2 or 1 < n"},
        {"late": "out[k] += u[k + 1] + v[k - 1]"},
    ],
    ids=str,
)
def test_a_buffer_that_is_cleared_for_the_next_iteration(parts: dict[str, str]) -> None:
    fn = steps(**parts)
    assert same(fn, least=1)
    (loop,) = [s for s in write_over_zeros(fn).body if isinstance(s, Loop) and s.carried]
    cleared = [s for s in walk(loop.body) if isinstance(s, Store) and not s.add and str(s.value) == "0.0"]
    assert not cleared


@pytest.mark.parametrize(
    "parts",
    [
        # the addition is not the first to touch its element
        {"early": "v[k + 1] += 3.0 * g"},
        {"early": "out[k] += v[k]"},
        {"first": "v[1] += 1.0"},
        {"first": "out[0] += v[1]"},
        # the zero is seen
        {"late": "out[k] += u[k - 1]"},
        {"last": "out[0] += u[1]"},
        # nothing is cleared, or not where it is added to, or not alone
        {"left": "1.0"},
        {"at": "k - 1", "read": "k - 1"},
        {"last": "u[0] = 1.0"},
        {"op": "="},
        # other elements in other iterations
        {"test": "s < 2"},
        {"start": "s"},
        {"test": "x[0] < 1.0", "first": "x[0] = x[0] + s"},
        # what is added to does not begin as zeros
        {"before": "v[1] = 2.0"},
        {"before": "out[0] += v[0]"},
    ],
    ids=str,
)
def test_what_an_iteration_could_tell_stays(parts: dict[str, str]) -> None:
    assert not same(steps(**parts))


def test_only_of_cotangents_the_sign_of_a_zero_may_differ() -> None:
    fn = steps()
    names = {Var(name): Var(name.replace("_bar", "")) for name in fn.types if "_bar" in name}
    types = {names.get(Var(name), Var(name)).name: type for name, type in fn.types.items()}
    shapes = {names.get(Var(name), Var(name)).name: shape for name, shape in fn.shapes.items()}
    assert not same(replace(fn, body=rename(fn.body, dict(names)), types=types, shapes=shapes))
