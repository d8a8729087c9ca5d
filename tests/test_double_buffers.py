"""Two buffers that change places live in the tape that keeps one of them: where nothing else can tell."""

from __future__ import annotations

import numpy as np
import pytest

from adcompiler.ir.build import make_func
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import rename, walk
from adcompiler.ir.wengert import Assign, Func, Loop
from adcompiler.optimise.elements.double_buffers import alternate_in_tapes
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.machine.bounds import drop_bounds
from tests.support.interpret import run
from tests.support.nests import nest
from tests.test_swapped_buffers import exchanging

# of the arrays that are made, the first two are the buffers
STEPS = """
    def f(x: 1, out: 1, steps: int):
        n = x.shape[0]
        k = n - 1
        m = max(steps, 0)
        {rows}
        u = {made}(n)
        v = empty({size})
        {early}
        tape = empty({trips}, {length})
        for i in range(n):
            u[i] = x[i]
            v[i] = 3.0 * x[i]
        {between}
        for s in range({begin}steps):
            {first}
            for i in range({kept}):
                tape[{row}, {at}] = u[{seen}]
            for i in range({start}, n - 1):
                t = u[i] - u[i - 1]
                v[i] {op} t * t + 0.5 * u[i + 1]
                {late}
        {after}
        for i in range(n):
            out[i] += u[i] + 3.0 * v[i]
        for s in range(steps):
            for i in range({kept}):
                out[i] += tape[s, {again}]
        {last}
"""


def steps(**parts: str) -> Func:
    usual = dict.fromkeys(("rows", "early", "between", "first", "late", "after", "last", "begin"), "")
    usual |= {"made": "empty", "size": "n", "length": "n", "trips": "m", "kept": "n", "row": "s", "start": "1"}
    usual |= {"at": "i", "seen": "i", "again": "i", "op": "="}
    text = STEPS.format(**(usual | parts))
    fn = drop_bounds(nest("\n".join(line for line in text.splitlines() if line.strip())))
    return verify(simplify(exchanging(fn)))


def same(fn: Func) -> bool:
    """Whether the pass changes a function; both give the same numbers."""
    changed = verify(alternate_in_tapes(fn))
    for n in range(3, 8):
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
        {"length": "k", "kept": "k"},
        {"length": "k", "kept": "1, k"},
        {"start": "2"},
        {"late": "v[0] = u[0] + s"},
        {"first": "v[0] = u[1]"},
        {"after": "out[0] += u[0]"},
    ],
    ids=str,
)
def test_a_step_writes_the_next_row(parts: dict[str, str]) -> None:
    fn = steps(**parts)
    assert same(fn)
    changed = alternate_in_tapes(fn)
    assert sum(isinstance(s, Assign) and s.op == "empty" for s in walk(changed.body)) == 1
    assert not any(isinstance(s, Loop) and s.carried for s in changed.body)


@pytest.mark.parametrize(
    "parts",
    [
        # a buffer or the tape is used in another way
        {"made": "zeros"},
        {"late": "out[i] += v[i - 1]"},
        {"op": "+="},
        {"late": "u[i] = 1.0"},
        {"late": "u[i - 1] += 1.0"},
        {"after": "u[0] = 1.0"},
        {"after": "v[0] = 1.0"},
        {"after": "out[0] += sum(u)"},
        {"after": "if m > 0: tape[0, 0] = 1.0"},
        {"between": "if m > 0: tape[0, 0] = 1.0"},
        {"last": "return tape"},
        {"early": "u[0] = x[0]"},
        # the tape holds something else, or not a row for each step
        {"seen": "i - 1", "kept": "1, n"},
        {"at": "i - 1", "seen": "i - 1", "again": "i - 1"},
        {"begin": "1, "},
        {"trips": "steps + 1"},
        # little is recorded, or written
        {"length": "3", "kept": "3"},
        {"start": "s"},
        {"start": "n // 2"},
    ],
    ids=str,
)
def test_what_anything_could_tell_stays(parts: dict[str, str]) -> None:
    assert not same(steps(**parts))


def test_a_buffer_that_is_read_behind_the_loop_by_its_first_name_stays() -> None:
    fn = steps()
    at = next(k for k, s in enumerate(fn.body) if isinstance(s, Loop) and s.carried)
    loop = fn.body[at]
    assert isinstance(loop, Loop)
    behind = rename(fn.body[at + 1 :], {c.out: c.init for c in loop.carried})
    assert not same(verify(make_func(fn.name, fn.params, (*fn.body[: at + 1], *behind), (), fn.types, fn.shapes)))
