"""Guards against factors that a loop does not change: asked once, and the same numbers whatever the factor is."""

from __future__ import annotations

import itertools
import math

import numpy as np

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import FLOAT, INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Func, Loop
from adcompiler.optimise.lines.unguarded import drop_guards
from tests.support.interpret import run

NUMBERS = (0.0, -0.0, 1.5, -2.0, math.inf, -math.inf, math.nan)


def guarded() -> Func:
    """`for k in range(2): for i in range(n): x[i] += cut(g[i], a) + cut(g[i], b); y[i] += cut(g[i], h[i])`."""
    b, vector = Builder(), Type("float64", 1)
    arrays = [b.var(name, vector, (ONE,)) for name in "ghxy"]
    for v in arrays:
        b.shapes[v.name] = (b.emit("dim", v, axis=0),)
    g, h, x, y = arrays
    factors = [b.var(name, FLOAT) for name in "ab"]
    b.own |= {*arrays, *factors}
    i = b.var("i", INDEX)
    with b.block() as inner:
        given = b.load(g, (i,))
        b.store(x, (i,), b.emit("add", *(b.emit("cut", given, f) for f in factors)), add=True)
        b.store(y, (i,), b.emit("cut", given, b.load(h, (i,))), add=True)
    loop = Loop(i, ZERO, b.shape(g)[0], ONE, (), tuple(inner), None, False, None)
    b.add(Loop(b.var("k", INDEX), ZERO, type(ONE)(2), ONE, (), (loop,), None, False, None))
    return verify(b.finish("f", [*arrays, *factors], []))


def test_every_factor_gives_the_same_numbers() -> None:
    fn = guarded()
    plain = verify(drop_guards(fn))
    assert [sum(isinstance(s, Assign) and s.op == "cut" for s in walk(f.body)) for f in (fn, plain)] == [3, 1]
    # what is asked of the factors stands before both loops
    assert all(
        s.op != "isfinite"
        for loop in plain.body
        if isinstance(loop, Loop)
        for s in walk((loop,))
        if isinstance(s, Assign)
    )
    g, h = np.array(NUMBERS), np.array(NUMBERS[::-1])
    for a, c in itertools.product(NUMBERS, repeat=2):
        outs = np.ones((2, 2, g.size))
        with np.errstate(all="ignore"):
            for one, (x, y) in zip((fn, plain), outs, strict=True):
                run(one, g, h, x, y, a, c)
        np.testing.assert_array_equal(*outs)
