"""The printed text is the program, and reads like one: literals, indices, comments."""

from pathlib import Path

import numpy as np
import pytest

from adcompiler.emit import printing
from adcompiler.emit.text import emit
from adcompiler.errors import Span
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.wengert import Const, NewAxis, Slice
from tests.support.golden import expect, loop, text_of
from tests.support.printed import agrees
from tests.support.small_programs import PROGRAMS, scalar, vector

F32 = Type("float32")


@pytest.mark.parametrize("name", PROGRAMS)
def test_small_programs(name: str) -> None:
    program = PROGRAMS[name]()
    agrees(program.fn, *program.args)


# -- indexing, literals, types ---------------------------------------------------------------------------------------


def test_indices_are_printed_as_written() -> None:
    b = Builder()
    rows, columns = Const(3), Const(4)
    m = b.var("m", Type("float64", 2), (rows, columns))
    every = Slice(None, None, None, ZERO, columns)
    back = Slice(None, None, Const(-1), Const(3), columns)
    top = b.load(m, (ONE, every), hint="top")
    column = b.load(m, (Slice(None, None, None, ZERO, rows), ONE), hint="column")
    turned = b.load(m, (Slice(ONE, None, None, ONE, Const(2)), NewAxis(), back), hint="turned")
    whole = b.load(m, b.everything(m), hint="whole")
    b.store(whole, (ZERO, ZERO), Const(float("inf")))
    b.store(m, (ZERO, every), Const(-0.0), add=True)
    fn = b.finish("f", [m], [top, column, turned])
    expect(
        fn,
        """
        top = m[1]
        column = m[:, 1]
        turned = m[1:, None, ::-1]
        whole = m[:]
        whole[0, 0] = np.inf
        m[0] -= 0.0
        return top, column, turned
    """,
    )
    agrees(fn, np.arange(12.0).reshape(3, 4), numba_too=False)


def test_weak_scalars_take_the_precision_of_arrays() -> None:
    b = Builder()
    x, s, k = vector(b, "x", F32), scalar(b, "s"), scalar(b, "k", INDEX)
    y = b.emit("mul", b.emit("mul", x, Const(0.1)), s)
    r = b.emit("where", b.emit("lt", b.load(x, (ZERO,)), Const(0.1)), b.load(x, (ONE,)), Const(0.0))
    fn = b.finish("f", [x, s, k], [b.emit("mul", y, k), r])
    expect(
        fn,
        """
        return x * 0.1 * np.float32(s) * np.float32(k), x[1] if x[0] < 0.1 else np.float32(0.0)
    """,
    )
    agrees(fn, np.array([0.1, 3.0], np.float32), 0.3, 3, numba_too=False)
    assert "x[0] < np.float32(0.1)" in text_of(fn, "numba")


def test_views_allocations_and_reductions() -> None:
    b = Builder()
    x = vector(b, "x")
    n = b.shape(x)[0]
    grid = b.emit("arange", Const(0.5), Const(2.0), n, dtype="float64", hint="grid")
    ones = b.emit("full", ONE, n, n, dtype="int32", hint="ones")
    m = b.emit("mul", ones, b.load(x, (b.everything(x)[0], NewAxis())), hint="m")
    turned = b.emit("transpose", m, axes=(1, 0), hint="turned")
    flat = b.emit("reshape", m, b.int("mul", n, n), hint="flat")
    total = b.emit("sum", turned, axes=(1,), keepdims=True, hint="total")
    place = b.emit("argmax", m, axes=(0,), keepdims=False, hint="place")
    fn = b.finish("f", [x], [b.emit("dot", flat, flat), total, b.emit("max", m, axes=(0, 1)), place, grid])
    text = text_of(fn)
    for line in (
        "grid = 0.5 + np.arange(n_x, dtype=np.float64) * 2.0",
        "ones = np.full((n_x, n_x), 1, dtype=np.int32)",
        "turned = m.T",
        "flat = m.reshape(n_x * n_x)",
        "total = np.sum(turned, axis=1, keepdims=True)",
        "np.argmax(m, axis=0)",
        "np.max(m)",
    ):
        assert line in text
    agrees(fn, np.array([0.5, -1.5, 2.0]), numba_too=False)


def test_functions_may_be_replaced() -> None:
    b = Builder()
    x, v = scalar(b, "x"), vector(b, "v")
    fn = b.finish("f", [x, v], [b.emit("sin", x), b.emit("sin", v)])
    text = emit(fn, "numba", functions={"sin": "rt.sin"})
    assert "rt.sin(x)" in text and "np.sin(v)" in text


# -- comments and the head -------------------------------------------------------------------------------------------


def test_comments_name_the_user_s_lines_once(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text("def f(x):\n    y = x * x + 1\n    z = y * 2\n    return z\n")
    b = Builder()
    x = scalar(b, "x")
    with b.at(Span(str(file), 2, 4, 2, 17)):
        square = b.emit("mul", x, x)
        y = b.emit("add", b.emit("mul", square, square), Const(1.0), hint="y")
    with b.at(Span(str(file), 3, 4, 3, 13)):
        z = b.emit("mul", y, y, hint="z")
    b.note("reverse sweep")
    with b.at(Span(str(file), 3, 4, 3, 13)):
        w = b.emit("mul", z, y, hint="z")
    fn = b.finish("f", [x], [w], 'Say "hello".\n\nTwo paragraphs, a back\\slash.')
    expect(
        fn,
        '''
        """Say \\"hello\\".

        Two paragraphs, a back\\\\slash.
        """
        # model.py:2: y = x * x + 1
        t = x * x
        y = t * t + 1.0
        # model.py:3: z = y * 2
        z = y * y
        # reverse sweep
        # model.py:3: z = y * 2
        z *= y
        return z
    ''',
    )
    assert "model.py" not in emit(fn, origins=False)
    agrees(fn, 1.5)


def test_a_block_of_comments_alone_is_filled() -> None:
    b = Builder()
    n = scalar(b, "n", INDEX)
    i = b.var("i", INDEX)
    with b.block() as body:
        b.note("nothing to do")
    loop(b, i, n, body)
    fn = b.finish("f", [n], [n])
    expect(
        fn,
        """
        for i in range(n):
            # nothing to do
            pass
        return n
    """,
    )


def test_the_standard_printer_gives_the_same_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where astor cannot run, `ast.unparse` prints."""
    monkeypatch.setattr(printing, "_ASTOR", None)
    for make in PROGRAMS.values():
        program = make()
        agrees(program.fn, *program.args, numba_too=False)


def test_generated_names_avoid_the_helper_and_the_function() -> None:
    b = Builder()
    x = scalar(b, "x")
    y = b.emit("sin", x, hint="f")
    fn = b.finish("f", [x], [y, b.emit("mul", y, y, hint="_grow")])
    assert "f_1 = np.sin(x)" in emit(fn)
    agrees(fn, 0.3, numba_too=False)
