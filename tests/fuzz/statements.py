"""Random statements: assignments, writes to arrays, views, loops and branches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.fuzz.expressions import array, bounds, condition, element, index, part, scalar, vector
from tests.fuzz.scope import Choice, Scope
from tests.fuzz.sequences import by_list

Lines = list[str]
Made = tuple[Lines, Scope]
MOST_DEPTH = 3


def indented(lines: Lines) -> Lines:
    """Return the lines one level deeper."""
    return ["    " + line for line in lines]


def assign(c: Choice, s: Scope) -> Made:
    """A scalar, new or used before, or two that are exchanged."""
    if len(s.scalars) > 1 and c.chance(0.1):
        a, b = c.random.sample(s.scalars, 2)
        return [f"{a}, {b} = {b}, {a}"], s
    if c.chance(0.35):
        name = c.of(s.scalars)
        kind = c.of(("+=", "*=", "-=", "="))
        value = scalar(c, s, 1)
        return [f"{name} {kind} np.tanh({value})"], s
    name = c.of(s.scalars) if s.depth or c.chance(0.4) else c.fresh("t")
    return [f"{name} = np.tanh({scalar(c, s)})" if s.in_loop else f"{name} = {scalar(c, s)}"], s.having(name)


def write(c: Choice, s: Scope) -> Made:
    """An element."""
    place = element(c, s)
    kind = c.weighted({"=": 3, "+=": 3, "*=": 1, "-=": 1})
    return [f"{place} {kind} np.{c.of(('tanh', 'sin'))}({scalar(c, s)})"], s


def write_slice(c: Choice, s: Scope) -> Made:
    """A slice, often from an overlapping one of the same array."""
    name = c.of(list(s.arrays))
    shape = s.arrays[name]
    length = c.between(1, shape[-1])
    lead = "" if len(shape) == 1 else f"{index(c, s, shape[0])}, "
    kind = c.weighted({"=": 3, "+=": 3, "*=": 1})
    if c.chance(0.3) and len(shape) == 1:
        right = f"0.6 * {name}[{bounds(c, shape[0], length)}]"
    else:
        right = f"np.sin({vector(c, s, length, 1)})" if c.chance(0.85) else f"np.sin({scalar(c, s, 1)})"
    if len(shape) == 2 and c.chance(0.25):
        rows = shape[0]
        column = index(c, s, shape[1])
        return [f"{name}[:, {column}] {kind} np.sin({vector(c, s, rows, 1)})"], s
    if c.chance(0.1):
        return [f"{name}[{name} > {c.number()}] {kind} {c.number()}"], s
    return [f"{name}[{lead}{bounds(c, shape[-1], length)}] {kind} {right}"], s


def whole(c: Choice, s: Scope) -> Made:
    """An array: a name bound again, written in full, or a new work array."""
    shape = c.of(list(s.arrays.values()))
    kind = c.below(4)
    old = c.of(s.of_shape(shape))
    if kind == 0:
        return [f"{old} = np.tanh({array(c, s, shape)})"], s
    if kind == 1:
        return [f"{old}[:] = np.sin({array(c, s, shape)})"], s
    if kind == 2:
        return [f"{old} {c.of(('+=', '*=', '-='))} np.sin({array(c, s, shape, 1)})"], s
    if s.depth:
        return [f"{old} = np.sin({old} * ({scalar(c, s, 1)}) + {array(c, s, shape, 0)})"], s
    name = c.fresh("w")
    value = c.of((f"np.zeros_like({old})", f"np.sin({array(c, s, shape)})", f"{old}.copy()", f"np.ones({shape}) * 0.3"))
    return [f"{name} = {value}"], s.having(**{name: shape})


def view(c: Choice, s: Scope) -> Made:
    """A view that is written at once, and stays in reach where it does not end with a block."""
    length = c.between(2, 3)
    base = part(c, s, length)
    if base is None:
        return write(c, s)
    name = c.fresh("v")
    wider = s.having(**{name: (length,)})
    body = [f"{name} = {base}", *write(c, replace(wider, arrays={name: (length,)}))[0]]
    return body, s if s.depth else wider


def swap(c: Choice, s: Scope) -> Made:
    """Two buffers of one shape exchanged."""
    shape = c.of(list(s.arrays.values()))
    names = s.of_shape(shape)
    if len(names) < 2:
        return whole(c, s)
    a, b = c.random.sample(names, 2)
    return [f"{a}, {b} = {b}, {a}"], s


def call(c: Choice, s: Scope) -> Made:
    """A helper that writes its argument."""
    vectors = s.of_rank(1)
    if "relax" not in s.helpers or not vectors:
        return assign(c, s)
    name = c.of(vectors)
    target = name if c.chance(0.6) or s.arrays[name][0] < 3 else f"{name}[1:]"
    if c.chance(0.5):
        return [f"relax({target}, {scalar(c, s, 1)})"], s
    return [f"{c.of(s.scalars)} = relax({target}, {scalar(c, s, 1)}, shift={c.number()})"], s


def places(c: Choice, extent: int, count: int) -> str:
    """Return an array of indices in range, often with repeats."""
    return f"np.array([{', '.join(str(c.between(-extent, extent - 1)) for _ in range(count))}])"


def by_places(c: Choice, s: Scope) -> Made:
    """Elements read and written through arrays of indices, or at the place of the greatest or least one."""
    vectors = s.of_rank(1)
    if not vectors:
        return write(c, s)
    name, other, count = c.of(vectors), c.of(vectors), c.between(1, 4)
    extent, kind = s.arrays[name][0], c.below(4)
    if kind == 0:
        found = f"{other}[{places(c, s.arrays[other][0], count)}]"
        return [f"{name}[{places(c, extent, count)}] {c.of(('=', '+=', '*='))} np.sin({found})"], s
    if kind == 1:
        return [f"np.add.at({name}, {places(c, extent, count)}, np.sin({vector(c, s, count, 1)}))"], s
    if kind == 2:
        return [f"{name}[np.{c.of(('argmax', 'argmin'))}({name})] {c.of(('=', '+=', '*='))} {scalar(c, s, 1)} * 0.5"], s
    return [f"{c.of(s.scalars)} = np.tanh(np.sum({name}[{places(c, extent, count)}]) * {scalar(c, s, 0)})"], s


def second_name(c: Choice, s: Scope) -> Made:
    """Another name for an array or for all of a view, whose writes both see."""
    name, other = c.of(list(s.arrays)), c.fresh("y")
    shape = s.arrays[name]
    if s.depth:
        return write(c, s)
    rows = s.having(**{other: shape})
    return [f"{other} = {name}{c.of(('', '[:]', '[::-1]'))}", *write(c, rows)[0]], rows


def branch(c: Choice, s: Scope) -> Made:
    """if, elif, else."""
    lines = [f"if {condition(c, s)}:", *indented(block(c, s.inside()))]
    if c.chance(0.25):
        lines += [f"elif {condition(c, s)}:", *indented(block(c, s.inside()))]
    if c.chance(0.5):
        lines += ["else:", *indented(block(c, s.inside()))]
    return lines, s


def leave(c: Choice, s: Scope) -> Made:
    """break, continue or return under a condition."""
    if not s.in_loop or c.chance(0.2):
        return [f"if {condition(c, s)}:", f"    return {scalar(c, s, 1)}"], s
    return [f"if {condition(c, s)}:", f"    {c.of(('break', 'continue'))}"], s


def for_range(c: Choice, s: Scope) -> Made:
    """A loop over a range: rising, falling, strided, triangular, bounded by data, or empty."""
    name = c.of([n for n in ("i", "j", "k", "m") if n not in s.loop_indices])
    header, low, high = header_of(c, s)
    inner = s.inside(loop=True, **{name: (low, high)})
    if s.depth == 0 and "," not in header and c.chance(0.1):
        kept = f"checkpointed_range({header}, snapshots={c.between(1, 2)})"
        return [f"for {name} in {kept}:", *indented(block(c, inner))], s
    lines = [f"for {name} in range({header}):", *indented(block(c, inner))]
    if c.chance(0.1):
        lines += ["else:", *indented(block(c, s.inside()))]
    return lines, s


def header_of(c: Choice, s: Scope) -> tuple[str, int, int]:
    """Return the text of a range and the least and greatest index it may give."""
    weights = {"plain": 3, "falling": 1.5, "strided": 1, "triangular": 2, "data": 1, "extent": 2 * bool(s.of_rank(1))}
    kind, n = c.weighted(weights), c.between(1, 4)
    if kind == "extent":
        name = c.of(s.of_rank(1))
        return by_extent(c, name, s.arrays[name][0])
    if kind == "falling":
        return f"{n}, {c.of((-1, 0))}, {c.of((-1, -2))}", 0, n
    if kind == "strided":
        return f"{c.between(0, 1)}, {n + 1}, {c.of((2, 3))}", 0, n
    if kind == "data":
        return f"{c.between(0, 1)}, 1 + int(3 * np.sin({c.of(s.scalars)}) ** 2)", 0, 3
    if kind == "triangular":
        other = c.of(list(s.integers))
        low, high = s.integers[other]
        if low < 0 or high > 5:
            return str(n), 0, n - 1
        return c.of(
            (
                (f"{other}", 0, max(high - 1, 0)),
                (f"{other}, {high + 1}", low, high),
                (f"{other} + 1", 0, high),
                (f"{other}, -1, -1", 0, high),
                (f"{other} + 1, {high + 2}", low + 1, high + 1),
            )
        )
    start = c.between(0, 1)
    return (f"{n}", 0, n - 1) if start == 0 else (f"1, {n + 1}", 1, n)


def by_extent(c: Choice, name: str, extent: int) -> tuple[str, int, int]:
    """Return a range that the extent of a vector bounds."""
    size = c.of((f"len({name})", f"{name}.shape[0]"))
    whole, inner = (0, extent - 1), (1, extent - 2)
    forms = {
        size: whole,
        f"1, {size}": (1, extent - 1),
        f"{size} - 1": (0, extent - 2),
        f"1, {size} - 1": inner,
        f"{size} - 1, -1, -1": whole,
        f"{size} - 2, 0, -1": inner,
        f"0, {size}, 2": whole,
    }
    header = c.of(list(forms))
    low, high = forms[header]
    return header, low, max(low, high)


def for_elements(c: Choice, s: Scope) -> Made:
    """A loop over the elements of a copy or of an expression, with or without their numbers."""
    name = c.of(s.of_rank(1) or [""])
    if not name:
        return for_range(c, s)
    count, entry = c.fresh("q"), c.fresh("e")
    shape = s.arrays[name]
    if c.chance(0.5):
        inner = s.having(entry).inside(loop=True, **{count: (0, shape[0] - 1)})
        return [f"for {count}, {entry} in enumerate({name}):", *indented(block(c, inner))], s
    inner = s.having(entry).inside(loop=True)
    return [f"for {entry} in {c.of((name, f'reversed({name})', f'{name}[::-1]'))}:", *indented(block(c, inner))], s


def while_loop(c: Choice, s: Scope) -> Made:
    """A while loop that a counter bounds."""
    name = c.fresh("n")
    most = c.between(1, 4)
    inner = s.inside(loop=True, **{name: (1, most)})
    body = [f"{name} += 1", *block(c, inner)]
    if c.chance(0.3):
        return [f"{name} = 0", "while True:", f"    if {name} >= {most}:", "        break", *indented(body)], s
    return [f"{name} = 0", f"while {name} < {most} and {condition(c, s)}:", *indented(body)], s


STATEMENTS: dict[Callable[[Choice, Scope], Made], float] = {
    assign: 4,
    write: 5,
    write_slice: 3,
    whole: 3,
    view: 1.5,
    swap: 0.7,
    call: 1,
    by_places: 1,
    second_name: 0.3,
    by_list: 0.6,
    leave: 0.8,
}
REGIONS: dict[Callable[[Choice, Scope], Made], float] = {for_range: 3, branch: 2, while_loop: 1, for_elements: 0.6}


def block(c: Choice, s: Scope, count: int | None = None) -> Lines:
    """Return the lines of a block; what it defines is out of reach after it."""
    lines, _ = sequence(c, s, count or c.between(1, 3))
    return lines


def sequence(c: Choice, s: Scope, count: int) -> Made:
    """Return some statements and the scope after them."""
    lines: Lines = []
    for _ in range(count):
        choices = STATEMENTS if s.depth >= MOST_DEPTH else {**STATEMENTS, **REGIONS}
        made, s = c.weighted(choices)(c, s)
        lines += made
    return lines, s
