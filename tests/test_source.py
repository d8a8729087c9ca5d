"""The text of functions: which definition runs, where its nodes stand, and what is refused."""

from __future__ import annotations

import ast
import functools
import linecache
import os
import shlex
import textwrap
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest

from adcompiler.errors import UnsupportedSyntax
from adcompiler.signature import bind, entry_point
from adcompiler.source import SourceFunc, source_of
from tests.support.modules import imported


def returned(source: SourceFunc) -> str:
    """The expression that a function returns, as text."""
    statement = source.body[-1]
    assert isinstance(statement, ast.Return) and statement.value is not None
    return ast.unparse(statement.value)


def marked(source: SourceFunc, node: ast.expr | ast.stmt) -> str:
    """The text of the file at the place of a node of one line."""
    span = source.span(node)
    assert span.line == span.end_line
    return source.lines[span.line - 1][span.col : span.end_col]


def value_of(source: SourceFunc) -> ast.expr:
    statement = source.body[-1]
    assert isinstance(statement, ast.Return) and statement.value is not None
    return statement.value


def test_two_lambdas_on_a_line() -> None:
    first, second = (lambda x: x * x), (lambda x: 3.0 * x)
    assert returned(source_of(first)) == "x * x"
    assert returned(source_of(second)) == "3.0 * x"


def test_lambdas_in_lambdas_and_of_several_lines() -> None:
    outer, other = (lambda k: (lambda x: x + k)), lambda x: (
        x
        - 1.0
    )  # fmt: skip
    assert returned(source_of(outer(1.0))) == "x + k"
    assert returned(source_of(other)) == "x - 1.0"


def test_lambdas_in_lambdas_with_defaults() -> None:
    first, second = lambda x: (lambda a, b=2.0: a * b)(x), lambda x: (lambda a, *, b=3.0: a * b)(x)
    assert returned(source_of(first)) == "(lambda a, b=2.0: a * b)(x)"
    assert returned(source_of(second)) == "(lambda a, *, b=3.0: a * b)(x)"


def test_equal_lambdas_on_a_line_mean_the_same() -> None:
    first, second = (lambda x: x + 1.0), (lambda x: x + 1.0)
    assert returned(source_of(first)) == returned(source_of(second)) == "x + 1.0"


def test_functions_of_one_name(tmp_path: Path) -> None:
    text = "if True:\n    def f(x): return x\nelse:\n    def f(x): return -x\n\ng = f\ndef f(x): return x * x\n"
    module = imported(tmp_path, text)
    assert returned(source_of(module.g)) == "x"
    assert returned(source_of(module.f)) == "x * x"


def test_places_below_decorators_in_classes_and_behind_other_characters(tmp_path: Path) -> None:
    text = textwrap.dedent(
        """
        def same(f):
            return f

        class Größe:
            @same
            @same
            def loss(self, x):
                \"\"\"Text.\"\"\"
                ä = "äöü€😀"; return x * self.__k

            def __init__(self):
                self.__k = 1.0
        """
    )
    source = source_of(imported(tmp_path, text).Größe.loss)
    assert marked(source, value_of(source)) == "x * self.__k"
    assert (
        source.span(value_of(source)).line == text.splitlines().index('        ä = "äöü€😀"; return x * self.__k') + 1
    )
    assert source.name == "loss"


def test_a_span_of_several_lines(tmp_path: Path) -> None:
    source = source_of(imported(tmp_path, "def f(x):\n    return (x +\n            x)\n").f)
    span = source.span(value_of(source))
    assert (span.line, span.col, span.end_line, span.end_col) == (2, 12, 3, 13)


def test_text_given_by_the_caller() -> None:
    text = "\n    def f(x):\n        ü = x; return ü * x\n"
    namespace: dict[str, Any] = {}
    exec(textwrap.dedent(text), namespace)
    source = source_of(namespace["f"], text)
    assert returned(source) == "ü * x"
    assert marked(source, value_of(source)) == "ü * x"
    assert linecache.getline(source.file, 3) == "        ü = x; return ü * x\n"


def test_text_with_several_lambdas() -> None:
    text = "pair = (lambda x: x, lambda x: -x)\n"
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    assert returned(source_of(namespace["pair"][1], text)) == "-x"


@pytest.mark.parametrize("text", ["def g(x):\n    return x\n", "def f(x:\n"])
def test_text_that_does_not_fit(text: str) -> None:
    namespace: dict[str, Any] = {}
    exec("def f(x):\n    return x\n", namespace)
    with pytest.raises(UnsupportedSyntax, match="source"):
        source_of(namespace["f"], text)


def test_a_function_without_text_is_refused_with_the_way_out() -> None:
    namespace: dict[str, Any] = {}
    exec("def f(x):\n    return x\n", namespace)
    with pytest.raises(UnsupportedSyntax, match="source=") as caught:
        source_of(namespace["f"])
    assert caught.value.span is None


@pytest.mark.parametrize(
    "edited",
    [
        "def f(x):\n    return x * 3.0\n",
        "def f(x):\n    return y * 2.0\n",
        "\n\ndef f(x):\n    return x * 2.0\n",
        "def g(x):\n    return x * 2.0\n",
        "def f(x:\n",
        "",
    ],
    ids=["constant", "name", "moved", "renamed", "broken", "empty"],
)
def test_a_file_edited_after_the_import_is_refused(edited: str, tmp_path: Path) -> None:
    module = imported(tmp_path, "def f(x):\n    return x * 2.0\n")
    assert returned(source_of(module.f)) == "x * 2.0"
    file = tmp_path / "example.py"
    file.write_text(edited)
    os.utime(file, (1, 1))
    with pytest.raises(UnsupportedSyntax):
        source_of(module.f)


def test_a_change_elsewhere_in_the_file_is_harmless(tmp_path: Path) -> None:
    module = imported(tmp_path, "def f(x):\n    return x * 2.0\n\nK = 1\n")
    (tmp_path / "example.py").write_text("def f(x):\n    return x * 2.0\n\nK = 2000\n")
    assert returned(source_of(module.f)) == "x * 2.0"


def test_the_standard_library_is_found() -> None:
    modules = (functools, shlex, textwrap, ast)
    functions = [f for m in modules for f in vars(m).values() if isinstance(f, FunctionType)]
    ours = [f for f in functions if f.__code__.co_filename in [m.__file__ for m in modules]]
    assert len(ours) > 30
    for function in ours:
        assert source_of(function).name == function.__code__.co_name


class Callable:
    """A user's object."""

    def __call__(self, x: float, y: float = 2.0) -> float:
        return x * y

    def method(self, x: float) -> float:
        return x


def plain(a: float, b: float = 2.0, *rest: float, c: float = 3.0, **named: float) -> float:
    return a


def test_entry_points_and_their_arguments() -> None:
    held = Callable()
    assert entry_point(held.method) == (Callable.method, (held,), {})
    assert entry_point(held) == (Callable.__call__, (held,), {})
    assert entry_point(functools.partial(functools.partial(plain, 1.0, c=5.0), 2.0)) == (plain, (1.0, 2.0), {"c": 5.0})
    assert bind(plain, (1.0,), {}) == (1.0, 2.0, 3.0, (), {})
    assert bind(plain, (1.0, 4.0, 5.0), {"d": 6.0}) == (1.0, 4.0, 3.0, (5.0,), {"d": 6.0})
    assert bind(functools.partial(plain, b=7.0), (1.0,), {}) == (1.0, 7.0, 3.0, (), {})
    assert bind(held, (1.0,), {}) == (held, 1.0, 2.0)


@pytest.mark.parametrize("function", [np.sin, abs, functools.lru_cache(plain)], ids=["ufunc", "builtin", "cached"])
def test_what_has_no_text_is_refused(function: Any) -> None:
    with pytest.raises(UnsupportedSyntax) as caught:
        entry_point(function)
    assert caught.value.fix
