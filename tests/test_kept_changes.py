"""A later process sees every change of what a function reads from outside."""

from __future__ import annotations

import pytest

from tests.support.processes import HEAD, Process, place, process

__all__ = ["place", "process"]

CHANGED = {
    "the function": ("def f(x):\n    return x * x\n", "x * x", "x * x * x"),
    "a constant": ("def f(x):\n    return 2.0 * x\n", "2.0", "3.0"),
    "a callee": ("def g(x):\n    return x * x\n\ndef f(x):\n    return g(x)\n", "x * x", "x * x * x"),
    "a callee's callee": (
        "def h(x):\n    return x * x\n\ndef g(x):\n    return h(x)\n\ndef f(x):\n    return g(x)\n",
        "x * x",
        "x * x * x",
    ),
    "a callee's default": ("def g(x, n=2):\n    return x ** n\n\ndef f(x):\n    return g(x)\n", "n=2", "n=3"),
    "a compiled callee": (
        "@numba.njit\ndef g(x):\n    return x * x\n\ndef f(x):\n    return g(x)\n",
        "x * x",
        "x ** 3",
    ),
    "a flag": ("FLAG = True\n\ndef f(x):\n    return x * x if FLAG else x\n", "True", "False"),
    "a word": ("WAY = 'a'\n\ndef f(x):\n    return x * x if WAY == 'a' else x\n", "'a'\n", "'b'\n"),
    "the length of a list": ("P = [1.0, 2.0]\n\ndef f(x):\n    return x * len(P)\n", "2.0]", "2.0, 3.0]"),
    "which function a name means": ("g = math.sin\n\ndef f(x):\n    return g(x)\n", "math.sin", "math.cos"),
    "which module a name means": (
        "class m:\n    sin = staticmethod(math.cos)\n\nm = math\n\ndef f(x):\n    return m.sin(x)\n",
        "m = math\n",
        "",
    ),
    "a builtin that a global hides": (
        "def f(x):\n    return abs(x) * x\n",
        "def f",
        "def abs(x):\n    return x ** 3\n\ndef f",
    ),
    "a member of an enumeration": (
        "class Way(enum.Enum):\n    A = 1\n    B = 2\n\nWAY = Way.A\n\n"
        "def f(x):\n    return x * x if WAY is Way.A else x\n",
        "WAY = Way.A",
        "WAY = Way.B",
    ),
    "an attribute that was absent": (
        "class C:\n    pass\n\nc = C()\n\ndef f(x):\n    return x * x if hasattr(c, 'k') else x\n",
        "c = C()",
        "c = C()\nc.k = 1",
    ),
    "a key that was absent": (
        "P = {'k': 1.0}\n\ndef f(x):\n    return x * x if 'q' in P else x\n",
        "{'k': 1.0}",
        "{'q': 1.0}",
    ),
    "the type of a global": ("K = 3\n\ndef f(x):\n    return K % 2 * x\n", "K = 3\n", "K = 3.5\n"),
    "the shape of a global": (
        "K = np.ones(3)\n\ndef f(x):\n    return np.sum(K * x) + x * np.size(K)\n",
        "np.ones(3)",
        "np.ones((4, 1))",
    ),
    "a class": (
        "class C:\n    def __call__(self, x):\n        return x * x\n\nc = C()\n\ndef f(x):\n    return c(x)\n",
        "x * x",
        "x * x * x",
    ),
    "a base class": (
        "class B:\n    def square(self, x):\n        return x * x\n\nclass C(B):\n    pass\n\nc = C()\n\n"
        "def f(x):\n    return c.square(x)\n",
        "x * x",
        "x * x * x",
    ),
    "a differentiated callee": (
        "def h(x):\n    return x ** 3\n\ng = ad.grad(h)\n\ndef f(x):\n    return g(x) * x\n",
        "x ** 3",
        "x ** 4",
    ),
    "the argument by which a callee is differentiated": (
        "def h(x, y):\n    return x ** 3 * y\n\ng = ad.grad(h, 0)\n\ndef f(x):\n    return g(x, 2.0) * x\n",
        "(h, 0)",
        "(h, 1)",
    ),
    "the arguments of a partial function": (
        "def h(k, x):\n    return k * x\n\ng = functools.partial(h, 2.0)\n\ndef f(x):\n    return g(x)\n",
        "partial(h, 2.0)",
        "partial(h, 3.0)",
    ),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_change_of_what_is_read_is_seen(process: Process, case: str) -> None:
    text, old, new = CHANGED[case]
    assert old in text
    changed = text.replace(old, new)
    expected = [eval("ad.grad(f, cache=False)(1.5)", process.module(t).__dict__) for t in (text, changed)]
    assert expected[0] != expected[1]
    # there and back: what was compiled for either is still there
    found = [process.run(t)[0] for t in (text, changed, text, changed)]
    assert found == [*expected, *expected]
    assert not process.run(text)[1]


def test_a_value_that_is_passed_at_each_call_may_change(process: Process) -> None:
    text = "K = {k}\n\ndef f(x):\n    return K * x * x\n"
    assert process.run(text.format(k=3.0)) == (9.0, True)
    assert process.run(text.format(k=5.0)) == (15.0, False)


def test_a_callee_that_moves_to_another_module(process: Process) -> None:
    callee = "def g(x):\n    return h(x)\n\n"
    here = "def h(x):\n    return x * x\n\n" + callee
    text = "def f(x):\n    return g(x)\n"
    assert process.run(here + text)[0] == 3.0
    process.module("def h(x):\n    return x ** 3\n\n" + callee, "elsewhere")
    # the same code of f, g and h on the same lines, but the h that g reads is another one
    moved = "def h(x):\n    return x * x\n\nfrom elsewhere import g\n\n\n" + text
    assert process.run(moved)[0] == 3.0 * 1.5**2


def test_two_closures_that_share_a_cell_no_longer(process: Process) -> None:
    text = (
        "def make():\n    k = lambda x: x * x\n    {other}\n    def g(x):\n        return k(x)\n"
        "    def f(x):\n        return g(x) + k(x)\n    return f\n"
    )
    apart = (
        "def inner():\n    k = lambda x: x ** 3\n    def g(x):\n        return k(x)\n    return g\n\n"
        "def make():\n    k = lambda x: x * x\n    g = inner()\n"
        "    def f(x):\n        return g(x) + k(x)\n    return f\n"
    )
    assert process.run(text.format(other="pass"), "ad.grad(make())(1.5)")[0] == 6.0
    assert process.run(apart, "ad.grad(make())(1.5)")[0] == pytest.approx(3.0 + 6.75, rel=1e-15)


def test_a_derivative_that_is_declared_later(process: Process) -> None:
    text = "def g(x):\n    return x * x\n\ndef f(x):\n    return g(x)\n"
    assert process.run(text)[0] == 3.0
    assert process.run(text + "\nad.rule('g(x)', g, x='7')\n")[0] == 7.0
    assert process.run(text)[0] == 3.0


def test_a_declared_derivative_that_changes(process: Process) -> None:
    text = (
        "@ad.custom_vjp\ndef g(x):\n    return x * x\n\n"
        "g.defvjp(lambda x: (x * x, x), lambda x, y_bar: (7.0 * y_bar,))\n\ndef f(x):\n    return g(x)\n"
    )
    assert process.run(text)[0] == 7.0
    assert process.run(text.replace("7.0", "8.0"))[0] == 8.0


def test_records_and_their_defaults(process: Process) -> None:
    text = (
        "from dataclasses import dataclass\n\n@dataclass(frozen=True)\nclass P:\n    x: float\n    k: float = 2.0\n\n"
        "def g(p):\n    return p.x * p.x * p.k\n\ndef f(x):\n    return g(P(x))\n"
    )
    assert process.run(text)[0] == 6.0
    assert process.run(text.replace("2.0", "3.0"))[0] == 9.0
    assert process.run(text, "ad.grad(g)(P(1.5)).x")[0] == 6.0
    assert process.run(text, "ad.grad(g)(P(1.5)).x")[0] == 6.0


def test_an_error_names_the_line_on_which_it_is_raised_now(process: Process) -> None:
    text = "def f(x):\n    if x > 1.0:\n        raise ValueError('no')\n    return x\n"
    raising = HEAD.count("\n") + 2
    for above in ("", "\n", "\n\n"):
        with pytest.raises(ValueError, match="no") as caught:
            process.run(above + text)
        assert caught.traceback[-1].lineno == raising + len(above)
