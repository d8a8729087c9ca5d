"""Errors: their text and place, and one refusal for each row of the table of refused constructs."""

from __future__ import annotations

import ast
import functools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.errors import ADCompilerError, NotDifferentiable, Span, TypeProblem, UnsupportedSyntax
from adcompiler.frontend.refused.table import TABLE, refusal
from tests.support.lowering import lowered
from tests.support.modules import imported

HEAD = "import functools\nimport itertools\nimport math\n\nimport numpy as np\n\n"
ARGUMENTS: dict[str, Any] = {"x": np.array([0.5, 1.5, 2.5]), "A": np.ones((2, 3)), "s": 0.7, "n": 3}


def refused(function: Callable[..., Any]) -> ADCompilerError:
    """The refusal of a function for the conventional arguments."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    with pytest.raises(ADCompilerError) as caught:
        lowered(function, *(ARGUMENTS[name] for name in names))
    return caught.value


EXAMPLES = [key for key, row in TABLE.items() if row.example.strip()]


def test_the_table_has_an_example_of_almost_every_row() -> None:
    without = {key for key, row in TABLE.items() if not row.example.strip()}
    # rows that stand for what another row refuses first, or that only a huge program reaches
    assert without <= {
        "TryStar", "AsyncFor", "AsyncWith", "Await", "YieldFrom", "Starred", "starred-alone", "unsettled-loop",
        "long-unrolled-loop", "object-as-test", "too-many-calls", "atomic-value",
    }  # fmt: skip
    assert len(EXAMPLES) >= 60


@pytest.mark.parametrize("key", EXAMPLES)
def test_every_refused_construct_is_refused_at_its_place(key: str, tmp_path: Path) -> None:
    row = TABLE[key]
    text = HEAD + row.example
    error = refused(imported(tmp_path, text).f)
    assert isinstance(error, (UnsupportedSyntax, TypeProblem))
    offset = text.index(row.at, len(HEAD))
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1)
    assert (error.lineno, error.col) == (line, column), str(error)
    assert error.filename == str(tmp_path / "example.py")
    words = [word for word in row.what.replace("{", "}").split("}")[::2] if word]
    assert all(word in error.what for word in words)
    assert "{" not in error.what.replace("{1, 2}", "") and error.fix


def test_every_row_says_what_and_what_to_write_instead() -> None:
    for key, row in TABLE.items():
        assert row.what and row.fix, key
        assert not row.example.strip() or row.at in row.example, key
        ast.parse(row.example)


def test_an_unknown_construct_is_refused_too() -> None:
    error = refusal("TemplateStr", None)
    assert "TemplateStr" in error.what
    assert error.fix


def test_a_message_shows_the_line_and_marks_the_place(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text("def f(x):\n    return g(x)  # λ\n")
    error = UnsupportedSyntax("no such thing", Span(str(file), 2, 11, 2, 15), "write another")
    assert str(error).splitlines() == [
        "no such thing",
        f"  --> {file}:2:12",
        "  2 |     return g(x)  # λ",
        "                 ^^^^",
        "  fix: write another",
    ]
    assert (error.filename, error.lineno, error.col) == (str(file), 2, 11)


def test_a_message_without_a_place() -> None:
    error = NotDifferentiable("n is an integer", None, "pass a float")
    assert str(error) == "n is an integer\n  fix: pass a float"
    assert (error.filename, error.lineno, error.col) == (None, None, None)
    assert isinstance(error, TypeError)


def test_a_refusal_in_a_callee_points_at_the_callee(tmp_path: Path) -> None:
    text = "def g(s):\n    with open(s):\n        return s\n\n\ndef f(s):\n    return 2.0 * g(s)\n"
    error = refused(imported(tmp_path, text).f)
    assert (error.lineno, error.col) == (2, 4)


def test_columns_count_characters(tmp_path: Path) -> None:
    text = "def f(s):\n    größe = 'äöü'; return s + None\n"
    error = refused(imported(tmp_path, text).f)
    assert (error.lineno, error.col) == (2, text.splitlines()[1].index("s + None"))


def test_the_place_below_decorators_and_in_a_class(tmp_path: Path) -> None:
    text = (
        "def same(function):\n    return function\n\n\nclass Model:\n    @same\n    @same\n"
        "    def loss(self, s):\n        return (\n            s\n            + None\n        )\n"
    )
    model = imported(tmp_path, text).Model()
    with pytest.raises(ADCompilerError) as caught:
        lowered(model.loss, 0.5)
    assert (caught.value.lineno, caught.value.col) == (10, 12)
    assert caught.value.span is not None and caught.value.span.end_line == 11


@pytest.mark.parametrize(
    ("item", "kind"), [('{"v": v}', "dict"), ('"neg"', "str"), ("None", "None"), ("lambda t: t * v", "function")]
)
def test_what_cannot_be_an_item_of_a_growing_list_is_told(item: str, kind: str, tmp_path: Path) -> None:
    loop = f"    for v in x:\n        if v < 0.0:\n            items.append({item})\n"
    error = refused(imported(tmp_path, f"def f(x):\n    items = []\n{loop}    return x[0]\n").f)
    assert error.what == f"{kind} as an item of a list whose length is known only at run time"


def test_a_name_that_ends_in_a_number_is_told_as_it_is(tmp_path: Path) -> None:
    body = (
        "    y2 = np.zeros(len(x))\n    z_2 = x if s > 0 else y2\n    z_2[0] = 1.0\n    return np.sum(x) + np.sum(y2)\n"
    )
    error = refused(imported(tmp_path, f"{HEAD}def f(x, s):\n{body}").f)
    assert error.what.startswith("'z_2' may be one array or another")


def test_an_array_that_another_round_reads_under_another_name_is_not_written(tmp_path: Path) -> None:
    body = (
        "    w, u, total = x * 2, x * 3, 0.0\n"
        "    for k in range(len(x)):\n"
        "        if x[k] > 0:\n            u = w\n"
        "        else:\n            total += w[0]\n"
        "        u[0] += 1.0\n    return total\n"
    )
    made = imported(tmp_path, f"def f(x):\n{body}")
    assert refused(made.f).what.startswith("'u' may be one array or another")


def test_a_misspelt_name_has_a_suggestion(tmp_path: Path) -> None:
    made = imported(
        tmp_path,
        HEAD + "def f(x):\n    length = 2.0\n    return x[0] * lenght\n\n\ndef g(x):\n    return np.sine(x[0])\n",
    )
    assert refused(made.f).fix.endswith("did you mean 'length'?")
    assert refused(made.g).fix.endswith("did you mean 'sin'?")


CALLS = "compute the value outside and pass it as an argument"
DRAWS = "np.random.Generator as an argument and draw with it"


@pytest.mark.parametrize(
    ("body", "what", "fix"),
    [
        ("x.summ()", "arrays have no '.summ' in the language", "did you mean 'sum'?"),
        ("math.expp(x[0])", "module math has no attribute 'expp'", "did you mean 'exp'?"),
        ("np.sum(x, axes=0)", "the argument 'axes' of np.sum", "did you mean 'axis'?"),
        ("scaled(x, facter=2.0)", "scaled() got an unexpected keyword argument 'facter'", "did you mean 'factor'?"),
        ("scaled(x, 2.0, 3.0)", "scaled() takes 2 positional arguments but 3 were given", "are: v, factor"),
        ("np.dot(x)", "np.dot: missing a required argument: 'b'", "its arguments in the language are: a, b"),
        ("np.load('x.npy')[0]", "np.load has no derivative rule", "declare the derivative of a function of your own"),
        ("open('x.txt').read()", "the builtin 'open'", CALLS),
        ("time.time() * x[0]", "time.time has no derivative rule", CALLS),
        ("random.random() * x[0]", "random.random uses a random state", DRAWS),
        (
            "x[0].fooo",
            "numbers have no '.fooo' in the language",
            "use a method that numbers have, or a function of NumPy",
        ),
        ("[x[0], 1.0].sum()", "list has no attribute 'sum' in the language", "a function of NumPy"),
        ("sum({'a': x[0]}.valuess())", "dict has no attribute 'valuess' in the language", "did you mean 'values'?"),
        ("x[0] & 1", "'bitand' does not accept float64 and int", "for example with int(x) or astype"),
    ],
)
def test_mistakes_in_calls_are_told_with_what_was_meant(body: str, what: str, fix: str, tmp_path: Path) -> None:
    helper = "import random\nimport time\n\n\ndef scaled(v, factor=1.0):\n    return np.sum(v) * factor\n\n\n"
    error = refused(imported(tmp_path, f"{HEAD}{helper}def f(x):\n    return {body}\n").f)
    assert error.what.startswith(what) and error.fix.endswith(fix), str(error)
    assert (error.lineno, error.col) == (16, 15 if body.startswith("sum(") else 11)


def test_what_is_no_function_of_python_is_told_with_a_way_to_call_it() -> None:
    class Model:
        pass

    cached = functools.lru_cache(lambda x: x * x)
    with pytest.raises(UnsupportedSyntax, match=r"'Model' is a class\n.*lambda x: Model\(x\)"):
        ad.grad(Model)(1.0)
    with pytest.raises(UnsupportedSyntax, match=r"'sum' is not written in Python\n.*lambda x: np\.sum\(x\)"):
        ad.grad(np.sum)(np.ones(2))
    for function, name in ((np.sin, "np.sin"), (math.sin, "math.sin"), (abs, "abs")):
        with pytest.raises(UnsupportedSyntax, match=re.escape(f"lambda x: {name}(x)")):
            ad.grad(function)(1.0)
    with pytest.raises(UnsupportedSyntax, match=r"decorator .* is not written in Python\n.*__wrapped__"):
        ad.grad(cached)(1.0)


@pytest.mark.parametrize(
    ("value", "fix"),
    [(np.arange(3), r"pass x\.astype\(float\),"), ([1, 2], "pass floats in x,"), (3, "pass x as a float,")],
)
def test_arguments_without_floats_are_told_how_to_become_floats(value: Any, fix: str) -> None:
    with pytest.raises(NotDifferentiable, match=fix):
        ad.grad(lambda x: np.sum(x))(value)


def test_an_async_function_is_marked_below_its_decorators(tmp_path: Path) -> None:
    text = "def same(function):\n    return function\n\n\n@same\nasync def f(s):\n    return s\n"
    error = refused(imported(tmp_path, text).f)
    assert (error.lineno, error.col) == (6, 0) and error.span is not None and error.span.end_col == 15


def test_a_refusal_inside_an_installed_package_stands_at_the_user_s_call(tmp_path: Path) -> None:
    text = HEAD + "import statistics\n\n\ndef f(x):\n    return statistics.stdev(x) * x[0]\n"
    error = refused(imported(tmp_path, text).f)
    assert (error.filename, error.col) == (str(tmp_path / "example.py"), 11)
    assert error.what.startswith("statistics.stdev has no derivative rule") and "statistics.py:" in error.what


def test_second_derivatives_of_arrays_are_refused_under_their_own_names() -> None:
    def squares(x):  # type: ignore[no-untyped-def]
        return x**2

    x = np.ones(3)
    for name, ask in (
        ("hessian", lambda: ad.hessian(squares)(x)),
        ("hvp", lambda: ad.hvp(squares)(x, x)),
    ):
        with pytest.raises(ad.NotDifferentiable, match=rf"^{name} needs a function that returns one number"):
            ask()


def test_calls_of_the_wrong_form_say_what_is_missing() -> None:
    def square(x):  # type: ignore[no-untyped-def]
        return np.sum(x * x)

    async def later(x):  # type: ignore[no-untyped-def]
        return x

    with pytest.raises(TypeError, match=r"hvp needs a direction .* behind the arguments of square\(\)"):
        ad.hvp(square)(np.ones(3))
    with pytest.raises(TypeError, match=r"jvp\(\) takes the arguments of square\(\) in a tuple"):
        ad.jvp(square, np.ones(3), np.ones(3))
    with pytest.raises(TypeError, match="write @staticmethod above @grad"):
        ad.grad(staticmethod(square))
    with pytest.raises(ad.UnsupportedSyntax, match="is an async function"):
        ad.grad(later)(1.0)


def test_an_exception_names_options_that_are_known() -> None:
    def chosen(x, kind="sum"):  # type: ignore[no-untyped-def]
        if kind == "sum":
            return np.sum(x)
        if x[0] > 0:
            raise ValueError(f"unknown kind {kind!r}")
        return x[0]

    with pytest.raises(ValueError, match=r"^unknown kind 'product'$"):
        ad.grad(chosen)(np.ones(2), "product")


def test_functions_of_each_element_count_their_arguments() -> None:
    for wrong in (lambda x: np.sum(np.sin(x, x, x)), lambda x: np.sum(np.add(x))):
        with pytest.raises(ad.TypeProblem, match=r"takes (1 argument|2 arguments), not [31]"):
            ad.grad(wrong)(np.ones(2))


def test_operands_have_the_names_that_numpy_gives_them() -> None:
    x = np.ones(2)
    with pytest.raises(ad.TypeProblem, match=r"np\.dot: missing a required argument: 'b'"):
        lowered(lambda x: np.dot(x), x)
    with pytest.raises(ad.TypeProblem, match=r"the argument 'other' of np\.dot"):
        lowered(lambda x: np.dot(x, other=x), x)
    lowered(lambda x: np.tensordot(b=x, a=x, axes=1) + x.dot(b=x), x)


def test_a_number_that_narrow_integers_cannot_hold() -> None:
    def last(x, labels):  # type: ignore[no-untyped-def]
        found = -1
        for i in range(len(labels)):
            found = labels[i]
        return x * found

    with pytest.raises(ad.TypeProblem, match=r"^-1 does not fit uint8, which the value is elsewhere\n") as caught:
        lowered(last, 0.5, np.zeros(3, np.uint8))
    assert caught.value.fix.endswith("int(labels[i])")


def test_lists_are_not_multiplied() -> None:
    number = "number that is no integer"
    for wrong, kind in (
        (lambda x: np.sum(x * x), "list"),
        (lambda x: np.sum(x * 0.5), number),
        (lambda x: np.sum(np.float64(0.5) * x), number),
        (lambda x: np.sum(x * x[0]), number),
    ):
        with pytest.raises(UnsupportedSyntax, match=rf"^a list times a {kind} is no operation of Python") as caught:
            ad.grad(wrong)([1.0, 2.0])
        assert "np.array(x)" in caught.value.fix


def test_changes_that_are_refused_are_told_for_what_they_change(tmp_path: Path) -> None:
    text = (
        HEAD + "import adcompiler as ad\n\n\n"
        "def f(x):\n    rows = []\n    for v in x:\n        rows.append([v, 1.0])\n"
        "    rows[1].append(2.0)\n    return rows[0][0]\n\n\n"
        "def g(s):\n    return ad.grad(lambda t: t * t, fastmath=False)(s)\n"
    )
    made = imported(tmp_path, text)
    assert refused(made.f).what.startswith("a list that is an item of another list changes its length")
    assert refused(made.g).what == "the argument 'fastmath' of grad is outside the language"
