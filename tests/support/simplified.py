"""What is left of a function, as text."""

import textwrap
from typing import Any

from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Func
from adcompiler.optimise.lines.simplify import simplify
from tests.support.golden import text_of
from tests.support.interpret import run
from tests.support.printed import agrees, outcome, same


def becomes(fn: Func, text: str, *args: Any) -> None:
    """What is left of `fn` prints as `text`, and does the same."""
    after = simplify(verify(fn))
    assert text_of(verify(after)) == textwrap.dedent(text).lstrip("\n")
    expected = outcome(lambda *a: run(fn, *a), args)
    same(outcome(lambda *a: run(after, *a), args), expected)
    agrees(after, *args, numba_too=False)
