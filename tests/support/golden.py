"""Wengert lists and the text expected of them."""

import textwrap
from typing import Any

from adcompiler.emit.text import emit
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.wengert import Carry, Func, Loop, Var


def text_of(fn: Func, dialect: str = "python") -> str:
    """The text from the line after `def`, unindented."""
    text = emit(fn, dialect)
    return textwrap.dedent(text[text.index(":\n", text.index("def ")) + 2 :])


def expect(fn: Func, text: str, dialect: str = "python") -> None:
    assert text_of(fn, dialect) == textwrap.dedent(text).lstrip("\n")


def loop(b: Builder, index: Var, stop: Any, body: list[Any], *carried: Carry, until: Any = None) -> None:
    b.add(Loop(index, ZERO, stop, ONE, carried, tuple(body), until, False, None))
