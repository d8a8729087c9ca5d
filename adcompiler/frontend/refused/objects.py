"""Rows of the table of refused constructs that are uses of lists, dictionaries and objects.

Each row: the cause, what to write instead, an example, and the part of the example to which the message points.
"""

from __future__ import annotations

from adcompiler.frontend.refused.constructs import Row

OBJECTS: dict[str, Row] = {
    "list-search": (
        "the position of an item whose value is known only at run time",
        "use np.argmax(x == value) on an array",
        """
def f(s):
    values = [s, 2.0]
    return values.index(s * 1.0)
""",
        "values.index",
    ),
    "mixed-items": (
        "items of this list are of different kinds, or arrays of different shapes",
        "keep a list for each kind; or make the items alike, as tuples or objects of one class with parts of one kind",
        """
def f(x):
    values = [1.0]
    for v in x:
        values.append(v * x)
    return values[0]
""",
        "values.append",
    ),
    "empty-list-pop": (
        "an item is taken from a list before any is appended, so that the kind of its items is not known",
        "append before the first pop, or begin with a list that has an item",
        """
def f(x):
    values = []
    for v in x:
        if v < 0.0:
            values.pop()
        else:
            values.append(v)
    return x[0] * len(values)
""",
        "values.pop()",
    ),
    "array-items": (
        "{change} of a list of arrays, lists or objects whose length is known only at run time",
        "keep the items where they are and move an index: items[first], first += 1; or change a list of indices",
        """
def f(x, n):
    queue = [x * i for i in range(n)]
    return queue.pop(0)[0]
""",
        "queue.pop(0)",
    ),
    "loop-changes-list": (
        "a list or dictionary changes its length in a loop or a branch",
        "allocate an array, y = np.empty(n), and assign y[i] = ...",
        """
def f(x, n):
    values = [1.0]
    for i in range(n):
        values *= 2
    return values[0] * x[0]
""",
        "values *= 2",
    ),
    "list-of-lists": (
        "a list that has a name is appended to a list in a loop",
        "append a tuple, or a list that is written there: rows.append([a, b])",
        """
def f(x, n):
    rows = []
    for i in range(n):
        pair = [x[i], 2.0]
        rows.append(pair)
    return rows[0][0]
""",
        "rows.append",
    ),
    "item-length": (
        "a list that is an item of another list changes its length, or the type of its numbers",
        "give it its length and type before it becomes an item, or keep the numbers in an array",
        """
def f(x, n):
    rows = [[1.0] * len(x) for _ in range(n)]
    rows[1].append(x[0])
    return len(rows[1]) * x[0]
""",
        "rows[1].append(x[0])",
    ),
    "ragged-list": (
        "arrays whose shape is computed in the loop are appended to a list",
        "compute their shape before the loop, or write into an array",
        """
def f(x, n):
    parts = []
    for i in range(n):
        parts.append(x[i:])
    return parts[0][0]
""",
        "for i in range(n)",
    ),
    "ragged-array": (
        "an array made of structures whose parts differ in rank",
        "make an array of each part: a, b = zip(*items)",
        """
def f(x, n):
    rows = []
    for i in range(n):
        rows.append((x * i, 1.0))
    return np.sum(np.array(rows))
""",
        "np.array(rows)",
    ),
    "list-item-write": (
        "an array that is an item of a list is also used under its own name, and is written",
        "append a copy: values.append(y.copy()); or keep all items in one array, of which values[k] is a row",
        """
def f(x, n):
    y = x * 2.0
    rows = []
    for i in range(n):
        rows.append(y)
    rows[0][0] = 1.0
    return rows[0][0] + y[0]
""",
        "rows.append",
    ),
    "item-while-growing": (
        "an item of a list has a name while the list grows, and elements of items are written",
        "take the item from the list again where it is used",
        """
def f(x, s):
    rows = [x * 2.0]
    while s < 3.0:
        first = rows[0]
        rows.append(x * s)
        first[0] = s
        s = s + 1.0
    return rows[0][0]
""",
        "rows[0]\n        rows",
    ),
    "appended-array": (
        "an array is written after it has been appended to a list, which changes the item in the list",
        "append a copy: values.append(y.copy()); or keep all items in one array, of which values[k] is a row",
        """
def f(x, n):
    y = np.zeros(3)
    rows = []
    for i in range(n):
        y += x[i]
        rows.append(y)
    return rows[0][0]
""",
        "rows.append",
    ),
    "shared-list": (
        "a list that has two names, or a name and a place in another value, changes in a loop",
        "copy it where it gets its second name: b = list(a)",
        """
def f(x, n):
    a, b = [0.0, 1.0], [x[0], 2.0]
    for i in range(n):
        a[0] += x[i]
        a = b
    return a[0] + b[0]
""",
        "for i in",
    ),
    "list-of-a-closure": (
        "an inner function changes a list or object of the function around it, which has returned",
        "pass it as an argument, or keep the numbers in an array",
        """
def counter():
    count = [0.0]
    def add(v):
        count[0] += v
        return count[0]
    return add

def f(s):
    add = counter()
    return add(s) * add(s)
""",
        "count[0] += v",
    ),
    "holds-itself": (
        "a list or object becomes part of itself",
        "keep the numbers of the parts in arrays",
        """
def f(s):
    values = [s]
    values.append(values)
    return values[0]
""",
        "values.append(values)",
    ),
    "special-method": (
        "{kind!r} defines {name!r}, which is not called here",
        "call a method with a name",
        """
from typing import NamedTuple

class Pair(NamedTuple):
    a: float
    b: float

    def __bool__(self):
        return self.a > 1.0

def f(s):
    return s if Pair(s, 1.0) else 2.0
""",
        "s if Pair(s, 1.0)",
    ),
    "two-lists": (
        "a list or object that is one or another, depending on a branch or loop, is changed or compared with 'is'",
        "copy it where it gets its second name: list(a), dict(a), dataclasses.replace(a); or change it in each branch",
        """
def f(s):
    a, b = [s, 1.0], [2.0, s]
    c = a if s > 0.0 else b
    c[0] = 3.0 * s
    return a[0] + b[0]
""",
        "c[0]",
    ),
}
