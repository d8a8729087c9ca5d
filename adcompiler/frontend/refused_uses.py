"""Rows of the table of refused constructs that are uses of values: wrong kinds, unknown lengths, recursion.

Each row: the cause, what to write instead, an example, and the part of the example to which the message points.
"""

from __future__ import annotations

Row = tuple[str, str, str, str]

USES: dict[str, Row] = {
    "mixed-values": (
        "this is {reason}",
        "let both paths give values of one kind",
        """
def f(x, s):
    y = x if s > 0 else None if s < -1 else (1.0, 2.0)
    return np.sum(y)
""",
        "x if",
    ),
    "unsettled-loop": (
        "the kinds of the values that this loop changes do not settle",
        "give each name one kind of value",
        "",
        "",
    ),
    "not-iterable": (
        "this cannot be iterated",
        "iterate over range(n), an array, a tuple or a list",
        """
def f(s):
    for v in s:
        s = s + v
    return s
""",
        "for v in s",
    ),
    "long-unrolled-loop": (
        "a loop over {count} items of different kinds is too long to be unrolled",
        "use an array",
        "",
        "",
    ),
    "outer-list-changed": (
        "a list from outside the function is changed",
        "copy it first, values = list(values), or pass an array",
        """
ITEMS = [1.0]
def f(s):
    ITEMS.append(s)
    return s
""",
        "ITEMS.append",
    ),
    "unpack-number": (
        "a number cannot be unpacked",
        "unpack a tuple, a list or an array",
        """
def f(s):
    a, b = s
    return a
""",
        "a, b",
    ),
    "unpack-unknown": (
        "the number of values to unpack is known only at run time",
        "index the values: x[0], x[1], or pass the array itself",
        """
def f(x):
    a, *b = x
    return a
""",
        "a, *b",
    ),
    "range-as-index": (
        "a range of unknown length as an index",
        "use np.arange, or a slice",
        """
def f(x, n):
    return np.sum(x[range(n)])
""",
        "range(n)",
    ),
    "range-item": (
        "an item of a range of unknown length",
        "compute it: start + k * step",
        """
def f(x, n):
    r = range(n)
    return x[r[0]]
""",
        "r[0]",
    ),
    "list-write": (
        "assignment into a list whose length is known only at run time",
        "use an array: values = np.empty(n)",
        """
def f(x):
    values = [v * v for v in x]
    values[0] = 1.0
    return sum(values)
""",
        "values[0]",
    ),
    "dict-write": (
        "a dictionary is changed",
        "write all its items where it is made, or use an array",
        """
def f(s):
    d = {"a": s}
    d["b"] = 2.0 * s
    return d["b"]
""",
        'd["b"] = ',
    ),
    "list-slice-write": (
        "assignment to a slice of a list",
        "use an array, or assign item by item",
        """
def f(s):
    values = [s, s, s]
    values[1:] = [1.0, 2.0]
    return values[1]
""",
        "values[1:]",
    ),
    "not-indexable": (
        "this cannot be indexed",
        "index an array, a tuple, a list or a dictionary",
        """
def f(s):
    return s[0]
""",
        "s[0]",
    ),
    "not-storable": (
        "this cannot be stored into an array",
        "store numbers or arrays",
        """
def f(x):
    x[0] = None
    return x[0]
""",
        "x[0] = None",
    ),
    "unknown-name": (
        "name {name!r} is not defined",
        "define it, or pass it as an argument",
        """
def f(s):
    return s * unknown
""",
        "unknown",
    ),
    "object-as-test": (
        "this object has no truth value here",
        "compare it explicitly",
        "",
        "",
    ),
    "array-as-test": (
        "an array as a truth value",
        "use np.any or np.all, or test an element",
        """
def f(x):
    if x > 0:
        return x[0]
    return x[1]
""",
        "x > 0",
    ),
    "operand": (
        "{kind} as an operand of {sign}",
        "use numbers and arrays",
        """
def f(s):
    return s + None
""",
        "s + None",
    ),
    "complex-power": (
        "a negative number to a fractional power is complex",
        "take the power of abs(x), or keep the base positive",
        """
def f(s):
    return s * (-8) ** 0.5
""",
        "(-8)",
    ),
    "long-list": (
        "a list of {count} items is too long",
        "use an array: np.full(n, value)",
        """
def f(s):
    values = [s] * 100000
    return values[0]
""",
        "[s] *",
    ),
    "long-integer": (
        "the integer {value} does not fit 64 bits",
        "use a float",
        """
def f(s, n):
    return s * (n + 2**70)
""",
        "n + 2",
    ),
    "dict-key": (
        "a dictionary key that is known only at run time",
        "use literal keys, or an array indexed by integers",
        """
def f(s, n):
    d = {n: s}
    return s
""",
        "n: s",
    ),
    "unknown-attribute": (
        "no attribute {name!r} of {kind} in the language",
        "use a function of NumPy",
        """
def f(s):
    values = (s, s)
    return values.first
""",
        "values.first",
    ),
    "comparison": (
        "comparison of {kind}",
        "compare numbers, or arrays element by element",
        """
def f(s):
    if (s, 1.0) < (2.0, s):
        return s
    return 2.0 * s
""",
        "(s, 1.0) <",
    ),
    "is-number": (
        "'is' between numbers or arrays",
        "use == to compare values, and None for what is missing",
        """
def f(s):
    if s is 1.0:
        return s
    return 2.0 * s
""",
        "s is",
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
    "list-search": (
        "the place of an item that is known only at run time",
        "use np.argmax(x == value) on an array",
        """
def f(s):
    values = [s, 2.0]
    return values.index(s * 1.0)
""",
        "values.index",
    ),
    "list-grows": (
        "a list grows by a number of items known only at run time",
        "allocate an array, y = np.empty(n), and assign y[i] = ...",
        """
def f(x):
    values = []
    values.extend(x)
    return values[0]
""",
        "values.extend",
    ),
    "loop-changes-list": (
        "a list changes its length in a loop",
        "allocate an array, y = np.empty(n), and assign y[i] = ...",
        """
def f(x, n):
    values = []
    for i in range(n):
        values.append(x[i])
    return values[0]
""",
        "values[0]",
    ),
    "too-many-calls": (
        "more than {count} calls would be inlined",
        "write the recursion as a loop",
        "",
        "",
    ),
    "deep-recursion": (
        "{name!r} calls itself more than {depth} times",
        "write the recursion as a loop",
        """
def g(s, n):
    return s if n == 0 else g(s * s, n - 1)

def f(s):
    return g(s, 100000)
""",
        "g(s * s, n - 1)",
    ),
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
    "run-time-recursion": (
        "what ends this recursion must be known when the function is compiled, and this one is computed at run time",
        "write it as a loop",
        """
def g(s):
    return 1.0 if s < 1.0 else g(s / 2.0)

def f(s):
    return g(s)
""",
        "g(s / 2.0)",
    ),
    "not-callable": (
        "this cannot be called",
        "call a function",
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
    return complex(s, 1.0)
""",
        "complex(",
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
    "round-digits": (
        "round() to a number of digits",
        "use np.round(x, digits)",
        """
def f(s):
    return round(s, 2)
""",
        "round(",
    ),
    "sort-key": (
        "{name}() with a key",
        "write a loop with a comparison",
        """
def f(s):
    return max(s, 1.0, key=abs)
""",
        "max(",
    ),
    "sorted": (
        "sorted() of values known only at run time",
        "use np.sort on an array",
        """
def f(s):
    return sorted([s, 1.0])[0]
""",
        "sorted(",
    ),
    "string-method": (
        "the string method {name!r} of a value known only at run time",
        "format text outside the function",
        """
def f(s):
    name = "{}".format(s)
    return s
""",
        '"{}".format(s)',
    ),
    "nested-comprehension": (
        "a comprehension over several sequences whose length is known only at run time",
        "write nested loops that fill an array",
        """
def f(x):
    return np.sum(np.array([v * w for v in x for w in x]))
""",
        "x]))",
    ),
    "comprehension-filter": (
        "a comprehension that leaves items out by a test known only at run time",
        "multiply by the test, or fill an array in a loop",
        """
def f(s):
    return sum([v for v in (s, 2.0 * s) if v > 0])
""",
        "v > 0",
    ),
    "list-of-objects": (
        "a list of unknown length of something other than numbers and arrays",
        "fill an array in a loop",
        """
def f(x):
    values = [None for v in x]
    return x[0]
""",
        "None",
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
        "this function always raises",
        "let it return a value",
        """
def f(s):
    raise ValueError("no")
""",
        "def f",
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
        "an array changes its memory here and is written to afterwards",
        "make a copy where it is assigned: y = x.copy()",
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
