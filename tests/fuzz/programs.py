"""A random program: its text, the function it defines, and its arguments."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.fuzz.expressions import scalar
from tests.fuzz.scope import Choice, Scope, Shape
from tests.fuzz.statements import indented, sequence

HELPERS = {
    "blend": """
def blend(p, q):
    if p > q:
        return 0.5 * p + np.sin(q)
    return p * np.cos(q)
""",
    "relax": """
def relax(z, w, shift=0.1):
    for r in range(1, len(z)):
        z[r] = np.tanh(z[r] * w + z[r - 1])
    return z[0] * z[-1] + shift
""",
}
# a function inside the program: it sees the values that its names have when it is called
LOCAL = ["def local(z):", "    return np.tanh(z * a0 + s)"]
# one that assigns a name of the function around it, which may have been read in the same expression
BUMP = ["def bump(z):", "    nonlocal s", "    s = np.sin(s + 0.5 * z)", "    return s * 0.6"]
NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True)
class Generated:
    """A program that was drawn."""

    seed: int
    text: str
    shapes: tuple[Shape, ...]
    count: int

    def function(self) -> Callable[..., Any]:
        """Return the function `f` of the text, which Python can give back."""
        file = f"<random program {next(NUMBERS)}>"
        linecache.cache[file] = (len(self.text), None, self.text.splitlines(True), file)
        namespace: dict[str, Any] = {"__name__": "random_program"}
        exec(compile(self.text, file, "exec"), namespace)
        return namespace["f"]

    def args(self) -> tuple[Any, ...]:
        """Return fresh arguments."""
        rng = np.random.default_rng(self.seed)
        drawn = [rng.uniform(-0.9, 0.9, size=shape) for shape in self.shapes]
        return (*(x if x.ndim else float(x) for x in map(np.asarray, drawn)), self.count)


def generate(seed: int, statements: int | None = None) -> Generated:
    """Return the program of a seed.

    >>> generate(3) == generate(3)
    True
    """
    c = Choice(seed)
    shapes: list[Shape] = [()] * c.between(1, 2)
    n = c.between(5, 6)
    shapes += [(n,)] * c.between(1, 2)
    shapes += [(c.of((5, n)), n)] * c.weighted({0: 2, 1: 1, 2: 0.3})
    names = [f"{'axA'[len(shape)]}{k}" for k, shape in enumerate(shapes)]
    paired = list(zip(names, shapes, strict=True))
    helpers = tuple(name for name in (*HELPERS, "local", "bump") if c.chance(0.4))
    count = c.between(2, 4)
    scope = Scope(
        scalars=(*(name for name, shape in paired if not shape), "s"),
        arrays={name: shape for name, shape in paired if shape},
        integers={"n0": (count, count)},
        helpers=helpers,
    )
    lines, scope = sequence(c, scope, statements or c.between(2, 6))
    total = " + ".join([f"s * {c.number()}", scalar(c, scope), *(f"np.sum(np.sin({a}))" for a in scope.arrays)])
    body = [
        "s = 0.3",
        *(LOCAL if "local" in helpers else ()),
        *(BUMP if "bump" in helpers else ()),
        *lines,
        f"return {total}",
    ]
    text = "import numpy as np\n" + "".join(HELPERS[name] for name in helpers if name in HELPERS)
    text += f"\ndef f({', '.join((*names, 'n0'))}):\n" + "\n".join(indented(body)) + "\n"
    if "checkpointed_range" in text:
        text = f"from adcompiler import checkpointed_range\n{text}"
    return Generated(seed, text, tuple(shapes), count)
