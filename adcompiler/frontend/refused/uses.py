"""Rows of the table of refused constructs that are uses of values: wrong kinds, unknown lengths, numbers.

Each row: the cause, what to write instead, an example, and the part of the example to which the message points.
"""

from __future__ import annotations

from adcompiler.frontend.refused.constructs import Row

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
        "this cannot be iterated over",
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
        "a list, dictionary or object from outside the function is changed",
        "copy it first: list(values), dict(table), dataclasses.replace(p); or pass an array",
        """
ITEMS = [1.0]
def f(s):
    ITEMS.append(s)
    return s
""",
        "ITEMS.append",
    ),
    "changed-while-read": (
        "a list or dictionary is changed in a loop that goes through it, or in an expression that has read it before",
        "go through a copy, as in for v in list(values), or change it in a line of its own",
        """
def f(s):
    values = [s, 2.0 * s]
    values.append(values.pop() * s)
    return values[1]
""",
        "values.pop()",
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
    a, *b = x.reshape(len(x) // 2, 2)
    return a[0]
""",
        "a, *b",
    ),
    "iterator-unknown": (
        "{name}() of items whose number is known only at run time",
        "write its loops: for pairs, for i in range(len(x)): for j in range(i + 1, len(x))",
        """
def f(x):
    total = 0.0
    for a, b in itertools.combinations(x, 2):
        total += a * b
    return total
""",
        "itertools.combinations",
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
        "assignment of this value to an item of a list whose length is known only at run time",
        "use an array: values = np.empty(n)",
        """
def f(x):
    values = [v * v for v in x]
    values[0] = x
    return values[1]
""",
        "values[0]",
    ),
    "named-iterator": (
        "an iterator that has a name, or may be used up in more than one place",
        "make a list of it, list(map(f, items)), or make it where it is iterated",
        """
def f(s):
    items = map(abs, [s, 2.0])
    return sum(items)
""",
        "map(abs",
    ),
    "dict-write": (
        "an item of an object from outside the function is changed",
        "make a dictionary in the function, or use an array",
        """
TABLE = {"a": 1.0}
def f(s):
    TABLE["a"] = 2.0 * s
    return s
""",
        'TABLE["a"] = ',
    ),
    "dict-method": (
        "the method {name!r} of a dictionary",
        "use items(), get(), update() and pop()",
        """
def f(s):
    d = {"a": s}
    return d.fromkeys("ab", s)["b"]
""",
        "d.fromkeys",
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
        "define it, or pass it as an argument{near}",
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
        "use np.any or np.all, or test an element; of masks write (a > 0) & (a < 1)",
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
        "use numbers and arrays; np.array(values) makes an array of a list",
        """
def f(s):
    return s + None
""",
        "s + None",
    ),
    "list-operand": (
        "{sign} of a list whose length is known only at run time",
        "compute with arrays: np.array(values), np.concatenate",
        """
def f(x):
    first, *rest = x
    return sum(rest * 2) + first
""",
        "rest * 2",
    ),
    "list-times": (
        "a {name} times a {kind} is no operation of Python",
        "compute with an array, np.array(x), or pass one in place of the {name}",
        """
def f(s):
    values = [s, 2.0]
    return np.sum(values * values)
""",
        "values * values",
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
def f(s):
    d = {s: s}
    return s
""",
        "s: s",
    ),
    "unknown-attribute": (
        "{kind} has no attribute {name!r} in the language",
        "use a method that it has, or a function of NumPy{near}",
        """
def f(s):
    values = (s, s)
    return values.first
""",
        "values.first",
    ),
    "unknown-member": (
        "module {module} has no attribute {name!r}",
        "use one that it has{near}",
        """
def f(x):
    return np.sum(np.sine(x))
""",
        "np.sine",
    ),
    "unknown-field": (
        "{kind} has no field {name!r}",
        "its fields are: {fields}",
        """
import dataclasses

@dataclasses.dataclass
class P:
    mass: float
    radius: float

def f(s):
    return P(s, 2.0).mas
""",
        "P(s, 2.0).mas",
    ),
    "comparison": (
        "comparison of {kind}",
        "compare numbers, or arrays element by element",
        """
def f(s):
    if (s, (1.0, s)) < (2.0, (s, s)):
        return s
    return 2.0 * s
""",
        "(s, (1.0, s)) <",
    ),
    "is-number": (
        "'is' between numbers or arrays",
        "use == to compare values, and None for what is missing",
        """
def f(s):
    one = 1.0
    if s is one:
        return s
    return 2.0 * s
""",
        "s is",
    ),
}
