"""Views of a compilation: the Wengert list, the texts, the report, the exported module, the Numba function."""

from __future__ import annotations

import inspect
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import adcompiler as ad
from tests.support.trees import leaves

GAIN = 2.0
OFFSET = np.array([0.5, -0.5, np.inf])


def walk(w, x):
    """Walk along an array."""
    total = 0.0
    for i in range(1, len(x)):
        x[i] = np.sin(x[i - 1] * w) * x[i]
        total += x[i]
    return GAIN * total


def call() -> tuple[Any, ...]:
    return 0.7, np.array([1.0, 2.0, 3.0, 4.0])


def test_wengert_list(tmp_path: Path) -> None:
    table = ad.grad(walk, (0, 1)).wengert(*call())
    rows = {row.operation.strip(): row for row in table.rows}
    assert rows["sin"].active
    assert rows["sin"].types == ("float64",)
    assert "x[i] = np.sin(x[i - 1] * w) * x[i]" in rows["sin"].line
    assert not rows["dim"].active
    assert any("8 B x" in row.recorded for row in table.rows)
    graph = table.graph()
    assert graph.nodes["w"]["active"]
    assert any(edge[0] == "w" for edge in graph.edges)
    table.draw(tmp_path / "graph.svg")
    assert "sin" in (tmp_path / "graph.svg").read_text(encoding="utf-8")
    text = str(table)
    assert text.splitlines()[0].split() == ["name", "operation", "arguments", "recorded", "line"]
    assert len({len(line) for line in text.splitlines()}) > 1


def test_readable_source_runs_with_numpy_alone() -> None:
    g = ad.grad(walk, (0, 1))
    text = g.adjoint_source(*call())
    scope: dict[str, Any] = {}
    exec(compile(text, "adjoint", "exec"), scope)
    (function,) = [value for name, value in scope.items() if name.endswith("_grad")]
    w, x = call()
    value, *gradient = function(w, x.copy(), GAIN)
    assert value == pytest.approx(g.primal(w, x.copy()), rel=1e-14)
    for ours, theirs in zip(gradient, g(w, x), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)
    assert "# test_inspect.py:" in text
    assert "adcompiler" not in text


def test_arguments_may_be_left_out_after_a_call() -> None:
    g = ad.grad(walk)
    with pytest.raises(TypeError, match=r"walk\(\) has not been called yet"):
        g.adjoint_source()
    g(*call())
    assert g.adjoint_source() == g.adjoint_source(*call())
    assert g.lowered_source() == g.lowered_source(*call())
    assert "primal" not in g.lowered_source()
    assert g.primal.lowered_source(*call()) != g.lowered_source()


def test_explain() -> None:
    g = ad.grad(walk, (0, 1))
    g(*call())
    report = g.explain()
    lines = {line.split()[0]: line for line in report.splitlines() if line.startswith("  ")}
    assert "differentiated" in lines["w"]
    assert "written by the function: copied once a call" in lines["x"]
    assert "held outside the function" in lines["GAIN"]
    assert lines["total"].split()[1:4] == ["float64", "active", "not"]
    assert "t_3 = x[...]  8 B x x.shape[0]  27: x[i] = np.sin(x[i - 1] * w) * x[i]" in report
    assert "and 4 values without a name, none of them recorded" in report
    assert "i" not in lines
    assert "for i in range(1, len(x)): a loop for the value, then its adjoint in reverse order" in report
    assert {"front", "wengert", "derivative", "readable", "lowered", "numba"} <= set(lines)


def discounted(x, rate):
    total = 0.0
    for i in range(len(x)):
        total += np.sin(x[i] * rate)
    return np.exp(-rate) * total


def of_a_square(x, rate):
    total = 0.0
    for i in range(len(x)):
        total += np.sin(x[i] * rate)
    return total * total


def test_both_sweeps_are_one_loop_where_its_cotangent_is_known_before_it() -> None:
    args = np.array([1.0, 2.0, 3.0, 4.0]), 0.5
    assert "value and adjoint in one loop" in ad.grad(discounted, (0, 1)).explain(*args)
    assert "a loop for the value, then its adjoint" in ad.grad(of_a_square, (0, 1)).explain(*args)


def through_a_layer(x, w):
    scaled = 2.0 * x
    y = np.tanh(scaled) + scaled
    z = y @ w
    return np.sum(z**2)


def test_explain_says_which_array_statements_are_fused() -> None:
    first = through_a_layer.__code__.co_firstlineno
    report = ad.grad(through_a_layer, (0, 1)).explain(np.ones((5, 3)), np.ones((3, 3)))
    section = report[report.index("\narrays") : report.index("\ntime")]
    rows = [line.strip().split("  ") for line in section.splitlines()[2:]]
    found = [([int(n) - first for n in row[0].split(",")], row[-1].strip()) for row in rows]
    fused = [at for at, what in found if what.startswith("one nest of 2 loops")]
    assert {1, 2} <= set(fused[0])
    assert ([3], "product of matrices, 3 times") in found
    assert "arrays" not in ad.grad(walk, (0, 1)).explain(*call())


def test_explain_says_that_a_gradient_runs_in_forward_mode() -> None:
    report = ad.grad(walk).explain(*call())
    assert report.startswith("walk: forward, since reverse mode would record the iterations of a loop\n")
    assert "for i in range(1, len(x)): one loop" in report
    assert "in forward mode: nothing is recorded" in ad.grad(walk).adjoint_source(*call())


def squared(x, n):
    """A name that ends in a number, assigned twice in a loop, and carried by it."""
    y_2 = x[0] * x[-1]
    for _ in range(n):
        y_2 = y_2 * y_2
        y_2 += 1.0
    return y_2


def test_a_long_line_is_cut_where_the_adjoint_stands_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x: float) -> float:
        return x * x + 3.0 * x  # a remark that goes on and on, further than anybody would read beside another text

    ad.grad(f).show(1.5)
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if "return x * x" in line)
    assert row[:72].rstrip().endswith("…")
    assert row[72:74] == "  " and row[74:].strip()


def test_explain_lists_the_variables_of_the_user_alone() -> None:
    def f(x: np.ndarray, t: np.ndarray) -> float:
        s = 0.0
        for i in range(len(x)):
            if x[i] > t[i]:
                s += np.sin(x[i]) * t[i] / x.max()
        whole = (
            x.mean()
            * x.sum()
        )  # fmt: skip
        return s + whole

    lines = ad.grad(f).explain(np.ones(4) * 0.3, np.ones(4) * 0.1).splitlines()
    first = lines.index("variables") + 1
    rows = lines[first : lines.index("", first)]
    assert [row.split()[0] for row in rows if " values without" not in row] == ["s", "whole"]


def test_explain_says_once_of_a_variable_that_it_is_recorded() -> None:
    report = ad.grad(squared).explain(np.ones(4), 7)
    (line,) = [line for line in report.splitlines() if line.startswith("  y_2 ")][:1]
    assert line.split()[1:4] == ["float64", "active", "recorded:"]
    assert report.count("  y_2 ") == 2


def test_texts_print_themselves_in_a_console() -> None:
    g = ad.grad(walk, (0, 1))
    g(*call())
    for text in (g.explain(), g.adjoint_source(), g.lowered_source(), g.wengert()):
        assert repr(text) == str(text)


def test_show_puts_the_users_lines_beside_the_adjoint(capsys: pytest.CaptureFixture[str]) -> None:
    text = ad.grad(walk, (0, 1)).show(*call())
    assert capsys.readouterr().out == f"{text}\n"
    assert repr(text) == ""
    rows = [line for line in text.splitlines() if "for i in range(1, len(x)):" in line]
    assert len(rows) >= 2
    assert all("|" in row for row in rows)
    assert "# reverse sweep" in text


def test_report_is_one_page_of_all_stages(tmp_path: Path) -> None:
    gradient = ad.grad(walk)
    gradient.report(tmp_path / "walk.html", *call())
    page = (tmp_path / "walk.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    tags.close()
    assert not tags.open
    text = "".join(tags.text)
    assert gradient.explain(*call()).splitlines()[2] in text
    assert all(line in text for line in gradient.adjoint_source(*call()).splitlines() if "#" not in line)
    assert all("".join(cell) in text for row in gradient.wengert(*call()).rows for cell in row.cells)


class Tags(HTMLParser):
    """The text of a page, and the tags that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_dispatcher_is_called_from_the_users_compiled_code() -> None:
    value_and_slope = ad.value_and_grad(walk).dispatcher(*call())

    @numba.njit
    def step(w, x):
        value, slope = value_and_slope(w, x)
        return w - 0.1 * slope, value

    w, x = call()
    before = x.copy()
    moved, value = step(w, x)
    np.testing.assert_array_equal(x, before)
    expected = ad.value_and_grad(walk)(w, x)
    assert (value, moved) == pytest.approx((expected[0], w - 0.1 * expected[1]), rel=1e-14)


def test_dispatcher_of_structured_arguments() -> None:
    def energy(p, k):
        return k * p[0] * np.sum(p[1] ** 2)

    p = (2.0, np.array([1.0, 3.0]))
    found = ad.grad(energy, ("k", "p")).dispatcher(p, 5.0)(p, 5.0)
    assert found[0] == 20.0
    assert found[1][0] == 50.0
    np.testing.assert_array_equal(found[1][1], [20.0, 60.0])


def structured(params, x, flag=True):
    y = params["w"] * x + OFFSET[:2] if flag else x
    return np.sum(y * y) * params["s"], y


def test_exported_module_stands_alone(tmp_path: Path) -> None:
    params, x = {"w": np.array([1.0, 2.0]), "s": np.float32(3.0)}, np.array([0.5, 0.25])
    for name, g in (("one", ad.grad(structured, has_aux=True)), ("two", ad.value_and_grad(structured, has_aux=True))):
        g.export(tmp_path / f"{name}.py", params, x)
    text = (tmp_path / "one.py").read_text(encoding="utf-8")
    imported = {line.split()[1] for line in text.splitlines() if line.startswith(("import", "from"))}
    # what Numba itself needs, and nothing else
    assert {name.split(".")[0] for name in imported} <= {"math", "numba", "numpy", "llvmlite"}
    script = (
        "import numpy as np, one, two\n"
        "params, x = {'w': np.array([1.0, 2.0]), 's': np.float32(3.0)}, np.array([0.5, 0.25])\n"
        "gradient, aux = one.grad(params, x)\n"
        "(value, again), other = two.value_and_grad(params, x)\n"
        "assert type(gradient['s']) is np.float32\n"
        "np.testing.assert_array_equal(gradient['w'], other['w'])\n"
        "print(float(value), gradient['w'].tolist(), float(gradient['s']), aux.tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (value, aux), gradient = ad.value_and_grad(structured, has_aux=True)(params, x)
    expected = f"{float(value)} {gradient['w'].tolist()} {float(gradient['s'])} {aux.tolist()}"
    assert done.stdout.strip() == expected


def bent(x, y):
    return x[0] * np.sin(y), x * x[1] * y


def bent_sum(x, y):
    return bent(x, y)[0] + np.sum(bent(x, y)[1])


@pytest.mark.parametrize(
    ("made", "direction"),
    [
        (ad.jacobian(bent, ("y", "x")), ()),
        (ad.hvp(bent_sum, (0, 1)), ((np.array([1.0, -1.0]), 2.0),)),
    ],
    ids=lambda p: getattr(p, "kind", ""),
)
def test_other_code_calls_what_has_directions(made: Any, direction: tuple[Any, ...], tmp_path: Path) -> None:
    args = np.array([0.3, 0.7]), 0.4, *direction
    want = made(*args)
    # the arguments of the call before say of what types these are
    made.export(tmp_path / "alone.py")
    scope: dict[str, Any] = {}
    exec((tmp_path / "alone.py").read_text(encoding="utf-8"), scope)
    for got, expected in zip(leaves(scope[made.kind](*args)), leaves(want), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_sparse_matrices_are_refused_in_other_code() -> None:
    with pytest.raises(ad.UnsupportedSyntax, match="mode 'sparse' in compiled code"):
        ad.jacobian(bent, mode="sparse").dispatcher(np.ones(2), 0.4)


def test_a_checkpointed_function_alone_is_the_function() -> None:
    slope = ad.grad(ad.checkpoint(bent_sum), "y")
    assert np.isclose(slope(np.ones(2), 0.4), np.cos(0.4) + 2)
    assert "def bent_sum_grad(x, y):" in slope.adjoint_source()


def test_a_product_takes_its_direction_as_an_argument() -> None:
    product, x, v = ad.hvp(lambda x: np.sum(x**3)), np.array([1.0, 2.0]), np.array([1.0, -1.0])
    assert "x float64[:]" in " ".join(product.explain(x, v).split())
    assert list(inspect.signature(product).parameters) == ["x", "v"]
    np.testing.assert_allclose(ad.jacobian(product, "x")(x, v), np.diag(6 * v))


def test_a_loop_without_derivatives_is_explained_as_one_of_the_value() -> None:
    def counted(x, n):
        steps = 0
        for i in range(n):
            steps += i * i
        while x < steps:
            x = x * 1.5
        return x

    report = ad.grad(counted).explain(2.0, 5)
    assert "for i in range(n): value alone, since nothing in it is active" in report
    assert report.count("value alone") == 1


def test_what_has_not_been_called_says_so() -> None:
    def scaled(x: float, factor: float = 2.0) -> float:
        return x * factor

    def constant(x: float = 2.0) -> float:
        return x * x

    for inspected in (ad.grad(scaled).adjoint_source, ad.hvp(scaled).explain):
        with pytest.raises(TypeError, match=r"scaled\(\) has not been called yet: give arguments"):
            inspected()
    assert "def constant_grad(x):" in ad.grad(constant).adjoint_source()


def test_the_package_lists_what_users_call() -> None:
    public = {name for name in dir(ad) if not name.startswith("_")}
    assert public == {*ad.__all__, "cuda"}
    assert all(hasattr(ad, name) for name in ad.__all__)
