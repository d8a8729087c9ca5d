"""Rows of the table of refused constructs that are calls, numbers and results.

Each row: the cause, what to write instead, an example, and the part of the example to which the message points.
"""

from __future__ import annotations

from adcompiler.frontend.refused.constructs import Row

VALUES: dict[str, Row] = {
    "0-d-argument": (
        "{name} is a 0-d array from outside the function, and would be changed there",
        "give the name another number, as in t = t + 1.0, or begin with t = float(t)",
        """
OFFSET = np.array(1.0)
def f(s):
    t = OFFSET
    t += s
    return t * OFFSET
""",
        "t += s",
    ),
    "0-d-view": (
        "{name} is a view without axes of an array, which would change too",
        "change the array, as in x[0] += 1.0, or begin with the number: t = x[0]",
        """
def f(x):
    t = x[0, ...]
    t += 1.0
    return t * x[0]
""",
        "t += 1.0",
    ),
    "0-d-names": (
        "{name} is a 0-d array that is changed in place, and is used afterwards under another name",
        "give the name another number, as in t = t + 1.0, or use an array of one element",
        """
def f(s):
    t = np.zeros(())
    u = t
    t += s
    return t * u
""",
        "t += s",
    ),
    "0-d-type": (
        "{name} is a 0-d array of {held}, and would be one of {given}",
        "give the name another number, as in t = t + 1.0",
        """
def f(s):
    t = np.zeros((), np.float32)
    t += np.float64(s)
    return t
""",
        "t += np",
    ),
    "atomic-value": (
        "what an element held before depends on the order in which threads add to it",
        "let cuda.atomic.add be a statement of its own",
        "",
        "",
    ),
    "in": (
        "'in' with a {kind}",
        "use a tuple of numbers, or np.any(x == value)",
        """
def f(s):
    if s in s:
        return s
    return 2.0 * s
""",
        "s in",
    ),
    "too-many-calls": (
        "more than {count} calls would be inlined",
        "write the recursion as a loop",
        "",
        "",
    ),
    "not-callable": (
        "this cannot be called",
        "call a function; elements are taken with brackets: x[0]",
        """
def f(s):
    return s(1.0)
""",
        "s(1.0)",
    ),
    "class-call": (
        "objects of class {name!r} cannot be made here",
        "make the object outside and pass it, or use a tuple",
        """
def f(s):
    return s * len(bytearray(3))
""",
        "bytearray(3)",
    ),
    "container-call": (
        "a {name} is made in a differentiated function",
        "{instead}",
        """
import collections

def f(x):
    kept = collections.deque([0.0], maxlen=3)
    return x[0] * kept[0]
""",
        "collections.deque([0.0], maxlen=3)",
    ),
    "record-init": (
        "making an object of class {name!r} does more than assign attributes",
        "make the object outside and pass it",
        """
import dataclasses

@dataclasses.dataclass
class P:
    x: float
    scale: dataclasses.InitVar[float] = 2.0

def f(s):
    return P(s).x
""",
        "P(s)",
    ),
    "builtin-call": (
        "the builtin {name!r} is outside the language",
        "compute the value outside and pass it as an argument",
        """
def f(s):
    return eval("s * s")
""",
        "eval(",
    ),
    "array-as-number": (
        "{name}() of an array",
        "index the element: {name}(x[0])",
        """
def f(x):
    return float(x)
""",
        "float(x)",
    ),
    "flat-layout": (
        "'.flat' of an array whose elements do not lie in C order",
        "iterate over np.ravel(x), which is a copy",
        """
def f(x):
    return x[0] * sum(np.ones((2, 3)).T.flat)
""",
        "np.ones((2, 3)).T.flat",
    ),
    "round-digits": (
        "round() of a float to tens, or to more than 22 digits",
        "use np.round(x, digits)",
        """
def f(s):
    return round(s, -1)
""",
        "round(",
    ),
    "sorted": (
        "sorted() or .sort() of items of different types, or without a key of items other than numbers and tuples",
        "give the items one type and a key that is one number, or sort by np.argsort",
        """
def f(x):
    return sorted([x, 2.0 * x])[0][0]
""",
        "sorted(",
    ),
    "sequence-unknown": (
        "{kind}() of values whose number is known only at run time",
        "use the array or list itself, or a comprehension: [v for v in values]",
        """
def f(x):
    values = [v * v for v in x[x > 0]]
    return tuple(values)[0]
""",
        "tuple(",
    ),
    "string-method": (
        "the string method {name!r} of a value known only at run time",
        "format text outside the function",
        """
def f(s):
    name = "{}".zfill(s)
    return s
""",
        '"{}".zfill(s)',
    ),
    "nested-comprehension": (
        "a comprehension over several sequences whose length is known only at run time",
        "write nested loops that fill an array",
        """
def f(x):
    products = {k: k * v for k in (1, 2) for v in x}
    return products[1]
""",
        "x}",
    ),
    "comprehension-filter": (
        "a comprehension that leaves items out by a test known only at run time",
        "multiply by the test, or fill an array in a loop",
        """
def f(s):
    products = {k: k * s for k in (1, 2) if k * s > 0}
    return sum(products.values())
""",
        "k * s > 0",
    ),
    "text-of-a-path": (
        "a string that a branch or loop chooses at run time",
        "use a number for each: idle, busy = 0, 1",
        """
def f(s):
    state = "idle"
    if s > 1.0:
        state = "busy"
    return s if state == "idle" else s * s
""",
        'state == "idle"',
    ),
    "list-of-objects": (
        "{kind} as an item of a list whose length is known only at run time",
        "append numbers, arrays, or tuples, named tuples and dataclasses of these; a number can stand for a word",
        """
def f(x):
    values = []
    for v in x:
        values.append({"v": v})
    return values[0]["v"]
""",
        "values.append",
    ),
    "ragged-comprehension": (
        "a list of arrays whose shape differs from item to item",
        "fill an array in a loop",
        """
def f(x, n):
    values = [x[:k] for k in range(n)]
    return values[0][0]
""",
        "x[:k]",
    ),
    "always-raises": (
        "this function always raises {error}",
        "let some path return a value; types, ranks, keys and texts are known when a function is compiled",
        """
def f(s):
    raise ValueError("no")
""",
        "raise ValueError",
    ),
    "returns-none": (
        "some paths return no value",
        "end every path with a return",
        """
def f(s):
    if s > 0:
        return s
""",
        "def f",
    ),
    "returns-list": (
        "a list of unknown length is returned",
        "return an array: np.array([...])",
        """
def f(x):
    return [v * v for v in x]
""",
        "def f",
    ),
    "returns-object": (
        "an object of type {kind} is returned",
        "return numbers, arrays, and tuples of them",
        """
def f(s):
    return lambda t: s * t
""",
        "def f",
    ),
    "carried-array": (
        "{name!r} may be one array or another after this, and one of them is written later",
        "make a copy where the name is assigned: y = x.copy()",
        """
def f(x, s):
    y = np.zeros(len(x))
    z = x if s > 0 else y
    z[0] = 1.0
    return np.sum(x) + np.sum(y)
""",
        "x if",
    ),
}
