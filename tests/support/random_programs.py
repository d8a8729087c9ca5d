"""Random programs of scalars, one array, and every kind of control flow; the same text for the same seed."""

from __future__ import annotations

import linecache
import random
from collections.abc import Callable
from typing import Any

NAMES = ["a", "b", "c", "k", "u", "v"]
HEAD = """import math


def clip(v):
    return max(min(v, 50), -50)


def helper(p, q):
    if p > q:
        return p - q
    for j in range(3):
        if q > j:
            return q * 0.5 + j
    return 1.5


"""


class Writer:
    """Writes one program: `f(x, n, m, y)` of a number, two integers and an array of four elements."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.budget = 26
        self.counters = 0

    def number(self, depth: int = 0) -> str:
        choose, number = self.random.choice, lambda: self.number(depth + 1)
        if depth > 2 or self.random.random() < 0.35:
            return str(choose([*NAMES, "x", "n", "1", "2.5", "0", "3", "-1.5", "i0"]))
        return str(
            choose(
                [
                    lambda: f"({number()} {choose('+-*')} {number()})",
                    lambda: f"({number()} {choose('+-*')} {number()})",
                    lambda: f"({number()} % 7)",
                    lambda: f"math.sin({number()})",
                    lambda: f"max({number()}, {number()})",
                    lambda: f"({number()} if {self.test(depth + 1)} else {number()})",
                    lambda: f"y[int(abs({number()})) % 4]",
                    lambda: f"helper({number()}, {number()})",
                    lambda: f"({number()} {choose(['and', 'or'])} {number()})",
                    lambda: f"int(clip({number()}))",
                ]
            )()
        )

    def test(self, depth: int = 0) -> str:
        part = self.random.random()
        if depth > 2 or part < 0.6:
            sign = self.random.choice(["<", ">", "<=", ">=", "==", "!="])
            return f"{self.number(depth + 1)} {sign} {self.number(depth + 1)}"
        if part < 0.75:
            return f"({self.test(depth + 1)} {self.random.choice(['and', 'or'])} {self.test(depth + 1)})"
        if part < 0.85:
            return f"not {self.test(depth + 1)}"
        return f"{self.number(depth + 1)} < {self.number(depth + 1)} < {self.number(depth + 1)}"

    def block(self, indent: int, loop: bool) -> list[str]:
        return [line for _ in range(self.random.randint(1, 4)) for line in self.statement(indent, loop)]

    def statement(self, indent: int, loop: bool) -> list[str]:
        self.budget -= 1
        part, pad = self.random.random(), "    " * indent
        if self.budget < 0 or indent > 4 or part < 0.42:
            return [pad + self.assignment()]
        if part < 0.62:
            return self.branches(indent, loop)
        if part < 0.86:
            return self.loop(indent, loop)
        if part < 0.92:
            return [pad + (self.random.choice(["break", "continue"]) if loop else self.assignment())]
        if part < 0.96:
            return [f"{pad}return {self.number()}, {self.random.choice(NAMES)}"]
        return [f"{pad}if {self.test()}:", f"{pad}    raise ValueError('stop')"]

    def assignment(self) -> str:
        part, name = self.random.random(), self.random.choice(NAMES)
        if part < 0.2:
            sign = self.random.choice(["=", "+=", "-=", "*="])
            return f"y[int(abs({self.number()})) % 4] {sign} clip({self.number()})"
        if part < 0.35:
            return f"{name}, {self.random.choice(NAMES)} = clip({self.number()}), clip({self.number()})"
        if part < 0.365:
            return f"del {name}"
        return f"{name} {self.random.choice(['= ', '= ', '*= 0.5 *'])} clip({self.number()})"

    def branches(self, indent: int, loop: bool) -> list[str]:
        pad = "    " * indent
        lines = [f"{pad}if {self.test()}:", *self.block(indent + 1, loop)]
        if self.random.random() < 0.3:
            lines += [f"{pad}elif {self.test()}:", *self.block(indent + 1, loop)]
        if self.random.random() < 0.5:
            lines += [f"{pad}else:", *self.block(indent + 1, loop)]
        return lines

    def loop(self, indent: int, loop: bool) -> list[str]:
        pad, r = "    " * indent, self.random
        if r.random() < 0.35:
            self.counters += 1
            count = f"w{self.counters}"
            test = f" and {self.test()}" if r.random() < 0.6 else ""
            lines = [f"{pad}{count} = {r.randint(0, 4)}", f"{pad}while {count} > 0{test}:", f"{pad}    {count} -= 1"]
        else:
            down = f"range({r.randint(3, 6)}, {r.randint(-1, 3)}, -{r.randint(1, 2)})"
            one = ["range(2)", "range(n)", "range(m)", down, "y", "(1.5, 2, x)"]
            items = r.choice([*one, "enumerate(y)", "zip(range(5), y)"])
            target = r.choice(["i0", "i1", "k"]) + (", b" if items not in one else "")
            lines = [f"{pad}for {target} in {items}:"]
        lines += self.block(indent + 1, True)
        if r.random() < 0.2:
            lines += [f"{pad}else:", *self.block(indent + 1, loop)]
        return lines

    def text(self) -> str:
        first = [f"    {name} = {self.random.choice(['0', '1', '0.5', 'x', 'n'])}" for name in NAMES]
        body = [*self.block(1, False), *self.block(1, False)]
        return HEAD + "\n".join(["def f(x, n, m, y):", *first, "    i0 = 0", *body, "    return a, b", ""])


def random_program(seed: int) -> tuple[Callable[..., Any], str]:
    """A program and its text, which Python can find."""
    text, file = Writer(seed).text(), f"<random program {seed}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space: dict[str, Any] = {}
    exec(compile(text, file, "exec"), space)
    return space["f"], text
