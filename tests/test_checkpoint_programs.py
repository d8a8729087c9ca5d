"""Every program with its counted loops checkpointed: the same gradient, or a refusal."""

from __future__ import annotations

import inspect
import re
import textwrap

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import Case, interpreted
from tests.support.registry import Program, load_programs
from tests.support.trees import leaves

LOOP = re.compile(r"in range\(([^,()]+|len\([^()]*\)|[^,()]*\.shape\[\d\])\):")
SMOKE = {"rk4_lotka_volterra", "kalman_filter", "lstm_loop", "heat_1d_two_buffers"}


def marked(program: Program) -> tuple[Program, str] | None:
    """The program with checkpointed loops, and its text; None where it has no loop to mark."""
    f = program.function
    try:
        text = textwrap.dedent(inspect.getsource(f))
    except (OSError, TypeError):
        return None
    new, count = LOOP.subn(r"in checkpointed_range_(\1, snapshots=2):", text)
    # Python gives no text of a lambda inside what is made from a text
    if not count or not new.startswith("def ") or "lambda" in new or f.__closure__:
        return None
    names = dict(f.__globals__) | {"checkpointed_range_": ad.checkpointed_range}
    exec(compile(new, "<marked>", "exec"), names)
    return Program(program.name, names[f.__name__], program.factory, program.argnums, True), new


FOUND = {p.name: (p, *found) for p in load_programs() if (found := marked(p)) and "checkpoint" not in p.name}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in SMOKE else pytest.mark.slow) for n in FOUND])
def test_checkpointed_program_has_the_same_gradient(name: str) -> None:
    program, changed, text = FOUND[name]
    ours, theirs = Case(changed, plain=True), Case(program, plain=True)
    ours.options = {"cache": False, "source": text}
    with interpreted(), np.errstate(all="ignore"):
        found, expected = ours.reverse(changed.args()), theirs.reverse(program.args())
    rtol = 1e-4 if theirs.is_single else 1e-9
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1.0, np.max(np.abs(b), initial=0.0)))


def test_most_programs_have_loops_to_mark() -> None:
    assert len(FOUND) > 150
    assert set(FOUND) >= SMOKE
