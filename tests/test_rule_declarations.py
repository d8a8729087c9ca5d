"""How rules are declared: mistakes are found at the declaration, and every Python callable means what it computes."""

from __future__ import annotations

import ast
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy import special

from adcompiler.errors import MissingRule, Span
from adcompiler.ir.build import Builder
from adcompiler.ir.ops import OPS
from adcompiler.ir.parse import formula
from adcompiler.ir.types import FLOAT, Type
from adcompiler.ir.wengert import Const
from adcompiler.rules.rule import MEANING, RULES, Domain, mean, rule, zero
from adcompiler.rules.table import TABLE, Meaning, is_zero, lookup, meaning, pull, push
from tests.support.interpret import run
from tests.support.rule_cases import draw

CALLABLES = [(meant, op) for meant, op in MEANING.items() if not isinstance(meant, type) and op in OPS]
OPERATORS = [(meant, op) for meant, op in MEANING.items() if isinstance(meant, type)]

# -- formulas --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cox(x)", "no elementwise operation 'cox'"),
        ("cos(z)", "'z' has no meaning"),
        ("cos(x, x)", "'cos' takes 1 operands"),
        ("where(x, 1)", "'where' takes 3 operands"),
        ("sum(x)", "no elementwise operation 'sum'"),
        ("x.real", r"'x.real' has no meaning"),
        ("x and 1", "has no meaning"),
        ("'text'", "has no meaning"),
    ],
)
def test_a_mistake_in_a_formula_is_found_where_it_is_declared(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        formula(text, ["x"])


def test_a_formula_that_is_not_an_expression() -> None:
    with pytest.raises(SyntaxError):
        formula("cos(x", ["x"])


def test_equal_parts_of_a_formula_are_one_line() -> None:
    assert [line.op for line in formula("sin(x) * sin(x) + sin(x)", ["x"]).lines] == ["sin", "mul", "add"]


def test_an_outermost_minus_is_kept_apart() -> None:
    parsed = formula("-sin(x)", ["x"])
    assert parsed.negative
    assert [line.op for line in parsed.lines] == ["sin"]


def test_a_sum_of_tangents_subtracts() -> None:
    b = Builder()
    x, y = b.var("x", FLOAT), b.var("y", FLOAT)
    b.emit("sub", x, y, hint="r")
    dot = push(b, b.stack[0][0], [x, y])  # type: ignore[arg-type]
    assert [s.op for s in b.stack[0]] == ["sub", "sub"]  # type: ignore[union-attr]
    assert str(dot) == "r_dot"


def test_a_quotient_is_computed_once_for_both_arguments() -> None:
    b = Builder()
    x, y = b.var("x", FLOAT), b.var("y", FLOAT)
    b.emit("div", x, y, hint="r")
    pull(b, b.stack[0][0], Const(1.0), [0, 1])  # type: ignore[arg-type]
    assert [s.op for s in b.stack[0][1:]] == ["div", "cut", "cut", "neg"]  # type: ignore[union-attr]


# -- declarations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: rule("sin(x)", x="cos(x)"), "'sin' is unknown, or declared twice"),
        (lambda: rule("sine(x)", x="cos(x)"), "not an operation"),
        (lambda: rule("sin(x)", z="cos(x)"), "no argument"),
        (lambda: rule("sin(y)", y="cos(y)"), "different names other than y and g"),
        (lambda: rule("a * a", a="a"), "different names"),
        (lambda: zero("floor"), "declared twice"),
        (lambda: zero("sin"), "declared twice"),
        (lambda: mean("cos", np.sin), "means 'sin' already"),
    ],
)
def test_a_mistake_in_a_declaration(declare: Any, message: str) -> None:
    before = dict(RULES)
    with pytest.raises(ValueError, match=message):
        declare()
    assert before == RULES


def test_an_operation_without_a_rule_is_refused_at_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "sin")
    b = Builder()
    with b.at(Span(__file__, 3, 0, 3, 1)), pytest.raises(MissingRule, match="'sin' has no derivative rule") as caught:
        lookup("sin", b)
    assert caught.value.lineno == 3
    assert "docs/rules.md" in caught.value.fix


# -- meanings --------------------------------------------------------------------------------------------------------


def one_line(op: str, args: list[Any]) -> Any:
    b = Builder()
    params = [b.var("v", Type("int64", weak=True) if isinstance(a, int) else FLOAT) for a in args]
    return run(b.finish("line", params, [b.emit(op, *params)]), *args)[0]


@pytest.mark.parametrize(
    ("meant", "op"), CALLABLES, ids=[f"{getattr(m, '__module__', '')}.{op}" for m, op in CALLABLES]
)
def test_a_callable_means_what_it_computes(meant: Any, op: str, rng: np.random.Generator) -> None:
    ufunc = OPS[op].ufunc
    known = TABLE.get(op)
    count = ufunc.nin if ufunc else 1
    domains = [known.domains.get(n, Domain()) for n in known.names] if known else [Domain(0.2, 4.0)] * count
    for _ in range(5):
        args = [draw(rng, d) for d in domains]
        if op in ("bitand", "bitor", "bitxor", "invert", "lshift", "rshift"):
            args = [int(a) + 1 for a in args]
        np.testing.assert_allclose(one_line(op, args), meant(*args), rtol=1e-14)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.mark.parametrize(("meant", "op"), OPERATORS, ids=[m.__name__ for m, _ in OPERATORS])
def test_an_operator_means_what_it_computes(meant: Any, op: str) -> None:
    a, c = 13, 3
    match meant():
        case ast.unaryop() as operator:
            tree: ast.expr = ast.UnaryOp(operator, ast.Name("a", ast.Load()))
        case ast.cmpop() as operator:
            tree = ast.Compare(ast.Name("a", ast.Load()), [operator], [ast.Name("c", ast.Load())])
        case operator:
            tree = ast.BinOp(ast.Name("a", ast.Load()), operator, ast.Name("c", ast.Load()))
    ufunc = OPS[op].ufunc
    assert ufunc is not None
    args = [a, c][: ufunc.nin]
    code = compile(ast.fix_missing_locations(ast.Expression(tree)), "operator", "eval")
    assert one_line(op, args) == eval(code, {"a": a, "c": c})


def test_functions_of_math_give_python_floats() -> None:
    assert meaning(math.sin) == Meaning("sin", weak=True, floats=True)
    assert meaning(np.sin) == Meaning("sin")
    assert meaning(abs) == Meaning("abs")
    assert meaning(np.fabs) == Meaning("abs", floats=True)
    assert meaning(ast.Mult) == Meaning("mul")


def test_members_of_scipy_are_known_by_name() -> None:
    assert meaning(special.erf) == Meaning("erf", floats=True)
    assert meaning(special.gammaln) == Meaning("lgamma", floats=True)
    assert meaning(special.jn) == Meaning("jv", floats=True)
    assert meaning(special.hyp2f1) is None


@pytest.mark.parametrize("other", [print, len, np.sort, [1, 2], None, 3.0])
def test_other_objects_mean_nothing(other: Any) -> None:
    assert meaning(other) is None


def test_scipy_is_not_imported() -> None:
    code = "import sys, adcompiler.rules.table; print('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_constant_operations_have_no_contributions() -> None:
    b = Builder()
    x = b.var("x", FLOAT)
    b.emit("floor", x, hint="r")
    assert is_zero("floor")
    assert pull(b, b.stack[0][0], Const(1.0), [0]) == {}  # type: ignore[arg-type]
    assert push(b, b.stack[0][0], [x]) is None  # type: ignore[arg-type]
