"""Rows of the table of refused constructs that are functions which call themselves.

Each row: the cause, what to write instead, an example, and the part of the example to which the message points.
"""

from __future__ import annotations

from adcompiler.frontend.refused.constructs import Row

RECURSION: dict[str, Row] = {
    "endless-recursion": (
        "{name!r} calls itself without end",
        "let an argument that is known at compile time end the recursion, or write a loop",
        """
def g(s):
    return s * g(s)

def f(s):
    return g(s)
""",
        "g(s)\n\ndef f",
    ),
    "recursion-argument": (
        "the argument {argument!r} of {name!r}, which calls itself, is not a number and differs in an inner call",
        "pass arrays and structures on as they are, with numbers that say where to read them",
        """
def g(x):
    return x[0] + g(x[1:]) if x[0] > 0.0 else 0.0

def f(x):
    return g(x)
""",
        "g(x[1:])",
    ),
    "recursion-result": (
        "{name!r}, which calls itself, returns something other than numbers and arguments that it hands on",
        "return a number or a tuple of numbers, or write into an array that it gets as an argument",
        """
def g(s, x):
    return 2.0 * x if s < 1.0 else g(s / 2.0, x)

def f(s, x):
    return g(2.0 * s, x).sum()
""",
        "g(2.0 * s, x)",
    ),
    "recursion-writes": (
        "{name!r}, which calls itself, changes lists or names that are not its own",
        "write into an array that it gets as an argument, or return the numbers it computes",
        """
def g(s, seen):
    inner = s if s < 1.0 else g(s / 2.0, seen)
    seen[0] = s
    return inner

def f(s):
    seen = [0.0]
    return g(2.0 * s, seen) + seen[0]
""",
        "g(2.0 * s, seen)",
    ),
    "recursion-keeps-array": (
        "{name!r} needs an array of its own again after it has called itself",
        "use numbers, or make the array after the call",
        """
def g(s):
    y = np.array([s, 2.0 * s])
    return s if s < 1.0 else g(s / 2.0) * y[0]

def f(s):
    return g(2.0 * s)
""",
        "g(2.0 * s)",
    ),
    "recursion-of-two": (
        "{name!r} calls itself, and is called by another function that calls itself through it",
        "call only one of the two from outside",
        """
def g(s):
    return s if s < 1.0 else h(s / 2.0)

def h(s):
    return s if s < 1.0 else g(s / 3.0)

def f(s):
    return g(s) + h(s)
""",
        "h(s / 2.0)",
    ),
}
