"""Random programs that take rows of data through matrices, loop by loop; the same text for the same seed."""

from __future__ import annotations

import linecache
import random
from collections.abc import Callable
from typing import Any

import numpy as np

HEAD = "import math\nimport numpy as np\n\n\n"
FORMS = ("number", "element", "turned", "less", "backwards", "product", "product", "dot", "dot")
PENALTIES = (
    "total += scale[n] ** 2",
    "total -= scale[n] if scale[n] < 1.0 else 0.0",
    "for i in range(k): total += 0.1 * {}",
)
KINDS = ("own", "rows", "inside")


class Writer:
    """Writes `f(x, a, b, c, d, scale)`: of rows, three matrices of 4 by 4, a vector of 4, and a number for each row."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.before: list[str] = []
        self.row: list[str] = []
        self.after: list[str] = []
        self.count = 0

    def text(self) -> str:
        choose = self.random.choice
        source = "x[n, {}]"
        for _ in range(choose((1, 2, 2, 3))):
            source = self.layer(source)
        if choose((True, False, False)):
            whole = self.whole(source)
            self.row.append(f"total += {choose((f'{whole} @ (a @ {whole})', f'({whole} - d) @ b @ ({whole} - d)'))}")
        elif choose((True, False, False)):
            self.row.append(f"if scale[n] > {choose(('0.0', '5.0'))}:")
            self.row.append(f"    for i in range(k): total += scale[n] * {source.format('i')}")
        elif choose((True, False)):
            self.row += ["r = 0.0", f"for i in range(k): r += {source.format('i')} ** 2"]
            self.row.append(
                choose(("total += r", "total += scale[n] * r", "total = total + r if scale[n] > 0.0 else total"))
            )
        else:
            self.row.append(f"for i in range(k): out[i] += scale[n] * {source.format('i')}")
        start = choose(("", "", "", "1, "))
        lines = ["def f(x, a, b, c, d, scale):", "    k = d.shape[0]", "    total = 0.0", "    out = np.zeros(k)"]
        lines += [f"    {line}" for line in self.before]
        lines.append(f"    for n in range({start}x.shape[0]):")
        lines += [f"        {line}" for line in self.row]
        lines += [f"    {line}" for line in self.after]
        lines.append("    return total + np.sum(out ** 2)")
        return HEAD + "\n".join(lines) + "\n"

    def layer(self, source: str) -> str:
        """Lines that make another row of one; the result says how its elements are read."""
        choose, self.count = self.random.choice, self.count + 1
        name, kind = f"y{self.count}", choose(KINDS)
        if choose((True, False, False)):
            self.row.append(choose(PENALTIES).format(source.format("i")))
        lines = self.row if kind == "inside" else self.before
        lines.append(f"{name} = np.{choose(('zeros', 'empty'))}({'(x.shape[0], k)' if kind == 'rows' else 'k'})")
        target = f"{name}[n, {{}}]" if kind == "rows" else f"{name}[{{}}]"
        self.sums(choose(FORMS), target, source, choose("abc"), choose((True, True, False)))
        acts = ["math.tanh({})", "max({}, 0.0)", "{} * {}", "math.exp(0.1 * {})", "math.sqrt(abs({}))", "{}"]
        act = choose([*acts, "math.log({} + 4.0)"])
        loop = choose(("range(k)", "range(k - 1, -1, -1)"))
        element = target.format("h")
        self.row.append(f"for h in {loop}: {element} = {act.format(element, element)}")
        if choose((True, False, False, False)):
            self.row.append(f"for h in range(k): {element} += d[h] * {source.format('h')}")
        return target

    def whole(self, source: str) -> str:
        """A row as an array."""
        return source.replace(", {}", "").replace("[{}]", "")

    def sums(self, form: str, target: str, source: str, matrix: str, straight: bool) -> None:
        """Lines that store products of a matrix with a row."""
        weight = f"{matrix}[h, i]" if straight else f"{matrix}[i, h]"
        factors = [weight, source.format("i")]
        self.random.shuffle(factors)
        product, element = " * ".join(factors), target.format("h")
        inner = "for i in range(k - 1, -1, -1):" if form == "backwards" else "for i in range(k):"
        if form == "product":
            vector, whole = matrix if straight else f"{matrix}.T", self.whole(source)
            places = target.replace("{}", ":")
            forms = f"{vector} @ {whole}", f"np.dot({vector}, {whole})", f"{whole} @ {vector}"
            self.row.append(f"{places} = {self.random.choice(forms)} + d")
        elif form == "dot":
            vector, whole = (
                f"{matrix}[h]" if straight else f"{matrix}[:, h]",
                self.whole(source),
            )
            forms = (
                f"{vector} @ {whole}",
                f"np.dot({whole}, {vector})",
                f"{whole} @ {vector}",
                f"np.sum({vector} * {whole})",
            )
            self.row.append(f"for h in range(k): {element} = {self.random.choice(forms)} + d[h]")
        elif form == "turned":
            self.row += [f"for h in range(k): {element} = d[h]", "for i in range(k):"]
            self.row.append(f"    for h in range(k): {element} += {product}")
        elif form == "element":
            self.row += ["for h in range(k):", f"    {element} = d[h]", f"    {inner} {element} += {product}"]
        else:
            sign = "-" if form == "less" else "+"
            self.row += ["for h in range(k):", "    s = d[h]", f"    {inner} s {sign}= {product}", f"    {element} = s"]


def program(seed: int) -> Callable[..., Any]:
    """The function of a seed."""
    return function(Writer(seed).text(), f"<rows {seed}>")


def function(text: str, name: str) -> Callable[..., Any]:
    """The function `f` of a text, whose lines can be asked for."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope: dict[str, Any] = {"__name__": "row_programs"}
    exec(compile(text, name, "exec"), scope)
    made: Callable[..., Any] = scope["f"]
    return made


def arguments(seed: int, rows: int, width: int) -> tuple[Any, ...]:
    """Arguments for it; of some rows, with the number zero, elements are not finite."""
    rng = np.random.default_rng(seed)
    x, scale = rng.normal(size=(rows, width)), rng.normal(size=rows)
    a, b, c = rng.normal(size=(3, width, width))
    if seed % 3 == 0 and rows > 1 and width:
        scale[rows // 2] = 0.0
        x[rows // 2, 0] = (np.inf, np.nan, 0.0)[seed % 9 // 3]
    return x, a, b, c, rng.normal(size=width), scale
