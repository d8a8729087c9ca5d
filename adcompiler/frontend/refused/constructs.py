"""Rows of the table of refused constructs that are statements and expressions of Python.

Each row: the cause, what to write instead, an example, and the part of the example to which the message points.
"""

from __future__ import annotations

Row = tuple[str, str, str, str]

CONSTRUCTS: dict[str, Row] = {
    "Yield": (
        "generator in a differentiated function",
        "fill an array in a loop: y = np.empty(n), then y[i] = ...",
        """
def f(x):
    def items():
        yield x[0]
    return items()
""",
        "def items",
    ),
    "Try": (
        "try in a differentiated function",
        "test for the condition with if, before the operation that would raise",
        """
def f(s):
    try:
        return 1.0 / s
    except ZeroDivisionError:
        return 0.0
""",
        "try:",
    ),
    "TryStar": (
        "try in a differentiated function",
        "test for the condition with if, before the operation that would raise",
        "",
        "",
    ),
    "With": (
        "with in a differentiated function",
        "move the with statement to the caller",
        """
def f(s):
    with open("log") as log:
        return 1.0 / s
""",
        "with",
    ),
    "AsyncFunctionDef": (
        "async in a differentiated function",
        "write a plain function",
        """
def f(s):
    async def g():
        return s
    return s
""",
        "async",
    ),
    "AsyncFor": ("async in a differentiated function", "write a plain loop", "", ""),
    "AsyncWith": ("async in a differentiated function", "move the with statement to the caller", "", ""),
    "Await": ("await in a differentiated function", "await in the caller and pass the value", "", ""),
    "YieldFrom": (
        "generator in a differentiated function",
        "fill an array in a loop: y = np.empty(n), then y[i] = ...",
        "",
        "",
    ),
    "ClassDef": (
        "class definition in a differentiated function",
        "define the class outside, or use a tuple",
        """
def f(s):
    class Pair:
        pass
    return s
""",
        "class",
    ),
    "Match": (
        "match with alternatives that bind names, or with the rest of a mapping",
        "write a case for each alternative, or if and elif",
        """
def f(s, n):
    match (s, n):
        case (0.0, v) | (v, 0):
            return s * v
    return 2.0 * s
""",
        "match",
    ),
    "Set": (
        "set in a differentiated function",
        "use a tuple",
        """
def f(s, n):
    if n in {1, 2}:
        return s
    return 2.0 * s
""",
        "{1, 2}",
    ),
    "SetComp": (
        "set comprehension in a differentiated function",
        "use a list comprehension",
        """
def f(x):
    return sum({v for v in x})
""",
        "{v",
    ),
    "Starred": (
        "a starred expression does not stand here",
        "star the last parts of a call, of a tuple or of a target",
        "",
        "",
    ),
    "starred-alone": (
        "a starred target needs a tuple around it",
        "write first, *rest = values",
        "",
        "",
    ),
    "outer-write": (
        "{name!r} belongs to an outer scope and is assigned",
        "return the new value, and assign it in the caller",
        """
def f(s):
    global total
    total = s
    return s
""",
        "total = s",
    ),
    "attribute-write": (
        "assignment to an attribute of an object that the program has not made, or that has no such attribute",
        "return the new value, or keep it in a local name",
        """
def f(x):
    x.shape = (2, 2)
    return np.sum(x)
""",
        "x.shape",
    ),
    "item-attribute": (
        "an object whose attributes are assigned is an item of a list whose length is known only at run time",
        "append a copy, dataclasses.replace(p), and change the object before",
        """
import dataclasses

@dataclasses.dataclass
class Point:
    x: float

def f(x):
    p, path = Point(1.0), []
    for v in x:
        p.x = p.x * v
        path.append(p)
    return path[-1].x
""",
        "path.append(p)",
    ),
    "delete-item": (
        "del of a slice, or of an item of an array",
        "build the array or list without it",
        """
def f(x):
    values = [x[0], x[1]]
    del values[:1]
    return values[0]
""",
        "values[:1]",
    ),
    "bytes": (
        "bytes in a differentiated function",
        "use an array of integers",
        """
def f(s):
    return s * len(b"ab")
""",
        'b"ab"',
    ),
    "walrus-in-comprehension": (
        "':=' inside a dictionary comprehension",
        "assign the name in a loop",
        """
def f(x):
    values = {k: (t := 0.5 * k) * t for k in (1, 2)}
    return x[0] * values[1]
""",
        "t :=",
    ),
    "endless-loop": (
        "this loop never ends: it has no break and no return",
        "give the loop a test or a break",
        """
def f(s):
    while True:
        s = 2.0 * s
""",
        "True",
    ),
    "test-changes": (
        "the test of this loop changes values, and its `else` leaves another loop",
        "write `while True:` with the test and the lines of `else` in an `if` inside",
        """
def f(s):
    for _ in range(2):
        while (s := 0.5 * s) > 0.1:
            s = s - 0.01
        else:
            break
    return s
""",
        "(s := 0.5 * s) > 0.1",
    ),
    "relative-import": (
        "relative import in a differentiated function",
        "import at the top of the file",
        """
def f(s):
    from . import g
    return s
""",
        "from",
    ),
    "raise-from": (
        "'raise' without an exception, or with 'from'",
        "write raise ValueError('...')",
        """
def f(s):
    if s < 0:
        raise ValueError("negative") from None
    return s
""",
        "raise",
    ),
    "raise-arguments": (
        "an exception with keyword arguments",
        "pass the message alone",
        """
def f(s):
    if s < 0:
        raise ImportError("negative", name="s")
    return s
""",
        "raise",
    ),
    "raise-class": (
        "only builtin exceptions of Python and np.linalg.LinAlgError can be raised",
        "raise ValueError or another builtin exception",
        """
class Diverged(Exception):
    pass

def f(s):
    if s < 0:
        raise Diverged("negative")
    return s
""",
        'Diverged("negative")',
    ),
    "exit": (
        "a call that ends the program",
        'raise RuntimeError("...")',
        """
import sys

def f(s):
    if s < 0:
        sys.exit(1)
    return s
""",
        "sys.exit(1)",
    ),
    "warn": (
        "warnings.warn of something other than a text with a builtin category",
        'warn with a text: warnings.warn("slow", RuntimeWarning)',
        """
import warnings

def f(s):
    if s < 0:
        warnings.warn(RuntimeWarning)
    return s
""",
        "warnings.warn",
    ),
    "format": (
        "a format known only at run time, or one that is not of a number",
        'write the format itself: f"{{x:.3f}}"',
        """
def f(s, n):
    print(f"{s:.{n}f}")
    return s
""",
        "s:.{n}f",
    ),
    "print-options": (
        "an argument of print() that is outside the language",
        "print to the standard output or sys.stderr, with texts as sep and end",
        """
def f(s, n):
    print(s, file=n)
    return s
""",
        "print",
    ),
    "print-object": (
        "print of an object of type {kind}",
        "print numbers, arrays and text",
        """
def f(s):
    print({"a": s})
    return s
""",
        "print",
    ),
    "unknown-decorator": (
        "the function is wrapped in {name!r}, which is not written in Python",
        "differentiate the undecorated function, or write the decorator as a Python function",
        """
@functools.lru_cache
def g(s):
    return s * s

def f(s):
    return g(s)
""",
        "g(s)\n",
    ),
}
