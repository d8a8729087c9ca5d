"""Random expressions: scalars, arrays of a given shape, indices in range and conditions."""

from __future__ import annotations

from tests.fuzz.scope import Choice, Scope, Shape

BOUNDED = ("np.sin({})", "np.tanh({})", "np.cos({})", "1.0 / (1.5 + np.sin({}))", "np.exp(-({}) ** 2)")
SMOOTH = (
    *BOUNDED,
    "np.sqrt(2.0 + np.sin({}))",
    "np.log(1.5 + np.cos({}) * 0.3)",
    "np.arctan({})",
    "-({})",
    "({}) * 0.7",
)


def index(c: Choice, s: Scope, extent: int) -> str:
    """Return an index that is in range for `extent`."""
    options = []
    for name, (low, high) in s.integers.items():
        for shift in (0, 1, -1, 2):
            if low + shift >= -extent and high + shift < extent:
                options.append(name if shift == 0 else f"{name} {'+' if shift > 0 else '-'} {abs(shift)}")
        if extent - 1 - high >= -extent and extent - 1 - low < extent:
            options.append(f"{extent - 1} - {name}")
        options.append(f"({name} * 2 + 1) % {extent}")
    if options and c.chance(0.8):
        return c.of(options)
    return str(c.between(-extent, extent - 1))


def element(c: Choice, s: Scope) -> str:
    """Return an element of some array."""
    name = c.of(list(s.arrays))
    return f"{name}[{', '.join(index(c, s, extent) for extent in s.arrays[name])}]"


def scalar(c: Choice, s: Scope, depth: int = 2) -> str:
    """Return a scalar expression."""
    if depth == 0 or c.chance(0.2):
        kind = c.weighted({"name": 3, "element": 4 if s.arrays else 0, "number": 1})
        return c.of(s.scalars) if kind == "name" else element(c, s) if kind == "element" else c.number()
    kind = c.weighted({"one": 3, "two": 4, "if": 0.7, "reduce": 1.2 if s.arrays else 0, "call": 0.8, "power": 0.4})
    if kind == "one":
        return c.of(SMOOTH).format(scalar(c, s, depth - 1))
    if kind == "if":
        return f"({scalar(c, s, depth - 1)} if {condition(c, s)} else {scalar(c, s, depth - 1)})"
    if kind == "reduce":
        return reduction(c, s)
    if kind == "call" and "local" in s.helpers and c.chance(0.5):
        return f"local({scalar(c, s, depth - 1)})"
    if kind == "call" and "bump" in s.helpers and c.chance(0.3):
        return f"bump({scalar(c, s, depth - 1)})"
    if kind == "call" and "blend" in s.helpers:
        return f"blend({scalar(c, s, depth - 1)}, {scalar(c, s, depth - 1)})"
    if kind == "power":
        return f"({scalar(c, s, depth - 1)}) ** {c.of(('2', '3'))} * 0.2"
    left, right = scalar(c, s, depth - 1), scalar(c, s, depth - 1)
    return c.of((f"{left} + {right}", f"({left}) * ({right})", f"({left} - ({right})) * 0.5", f"max({left}, {right})"))


def reduction(c: Choice, s: Scope) -> str:
    """Return the reduction of an array or of a part of it to a scalar."""
    name = c.of(list(s.arrays))
    shape = s.arrays[name]
    if len(shape) == 1:
        part = vector(c, s, c.between(1, 3), 1) if c.chance(0.4) else name
        forms = ("np.mean({})", "np.max({})", "np.tanh(np.sum({}))", "np.min({})", "np.tanh(np.dot({0}, {0}))")
        return c.of((*forms, "np.mean(np.cumsum({}))", "float(np.sum({0} * {0})) * 0.1")).format(part)
    axis = c.between(0, 1)
    forms = ("np.mean({})", "np.max(np.sum({}, axis={}))", "np.sum(np.max({}, axis={}) ** 2) * 0.1", "np.mean({}.T)")
    return c.of((*forms, "np.sum(np.mean({}, axis={}, keepdims=True)) * 0.2")).format(name, axis)


def condition(c: Choice, s: Scope) -> str:
    """Return a comparison, on data or on integers."""
    if s.integers and c.chance(0.4):
        name = c.of(list(s.integers))
        low, high = s.integers[name]
        return c.of((f"{name} % 2 == 0", f"{name} > {c.between(low, high)}", f"{name} == {c.between(low, high)}"))
    plain = f"{scalar(c, s, 1)} {c.of(('>', '<'))} {c.number()}"
    kind = c.below(8)
    if kind == 0:
        return f"{plain} and {scalar(c, s, 0)} < {c.number()}"
    if kind == 1:
        return f"not ({plain})"
    return f"-0.5 < {scalar(c, s, 1)} < 0.5" if kind == 2 else plain


def bounds(c: Choice, extent: int, length: int) -> str:
    """Return a slice that selects `length` of `extent` entries."""
    start = c.between(0, extent - length)
    stop = start + length
    if c.chance(0.25):
        return f"{stop - 1 - extent}:{start - 1 if start else ''}:-1"
    if length > 1 and 2 * length - 1 <= extent and c.chance(0.3):
        return f"{extent - 2 * length + 1}::2"
    left = "" if start == 0 and c.chance(0.7) else str(start)
    right = "" if stop == extent else str(stop - extent) if c.chance(0.5) else str(stop)
    return f"{left}:{right}"


def part(c: Choice, s: Scope, length: int) -> str | None:
    """Return a slice of an array with one axis of `length`, if some array is long enough."""
    options = [n for n, shape in s.arrays.items() if shape[-1] >= length]
    if not options:
        return None
    name = c.of(options)
    shape = s.arrays[name]
    if len(shape) == 2:
        return f"{name}[{index(c, s, shape[0])}, {bounds(c, shape[1], length)}]"
    return name if shape[0] == length and c.chance(0.5) else f"{name}[{bounds(c, shape[0], length)}]"


def vector(c: Choice, s: Scope, length: int, depth: int = 2) -> str:
    """Return an expression of shape (length,)."""
    if depth == 0 or c.chance(0.2):
        found = part(c, s, length)
        return found if found and c.chance(0.9) else f"np.full({length}, {scalar(c, s, 0)})"
    kind = c.weighted({"one": 3, "two": 4, "where": 1, "axis": 1, "product": 0.8, "scan": 0.5, "build": 0.7})
    inner = vector(c, s, length, depth - 1)
    fit = [n for n in s.of_rank(2) if s.arrays[n][0] == length or s.arrays[n][1] == length]
    if kind == "where":
        return f"np.where({inner} > {c.number()}, {vector(c, s, length, depth - 1)}, {scalar(c, s, 1)})"
    if kind in ("axis", "product") and fit:
        return contraction(c, s, c.of(fit), length, kind)
    if kind == "scan":
        return c.of(
            ("np.cumsum({}) * 0.3", "np.roll({}, 1)", "({})[::-1]", "np.maximum({}, 0.1)", "({}).copy()")
        ).format(inner)
    if kind == "build":
        return f"np.array([{', '.join(scalar(c, s, 1) for _ in range(length))}])"
    if kind == "one":
        return c.of(SMOOTH).format(inner)
    other = scalar(c, s, 1) if c.chance(0.3) else vector(c, s, length, depth - 1)
    return c.of((f"{inner} + {other}", f"({inner}) * ({other})", f"({other} - ({inner})) * 0.5"))


def contraction(c: Choice, s: Scope, name: str, length: int, kind: str) -> str:
    """Return a vector out of a matrix: a reduction along an axis, or a product."""
    axis = 1 if s.arrays[name][0] == length else 0
    other = s.arrays[name][axis]
    if kind == "axis":
        form = c.of(("np.sum({}, axis={}) * 0.3", "np.mean({}, axis={})", "np.max({}, axis={})", "{}.sum({}) * 0.3"))
        return form.format(name, axis)
    transposed = name if axis == 1 else f"{name}.T"
    return f"np.tanh({transposed} @ ({vector(c, s, other, 1)}))"


def matrix(c: Choice, s: Scope, shape: Shape, depth: int = 2) -> str:
    """Return an expression of a shape of rank two."""
    rows, columns = shape
    same = s.of_shape(shape)
    if depth == 0 or c.chance(0.15):
        if same and c.chance(0.8):
            return c.of(same)
        return f"np.outer({vector(c, s, rows, 0)}, {vector(c, s, columns, 0)})"
    inner = matrix(c, s, shape, depth - 1)
    kind = c.weighted({"one": 3, "row": 1, "column": 1, "two": 2, "flip": 1 if rows == columns else 0, "where": 0.7})
    if kind == "one":
        return c.of(SMOOTH).format(inner)
    if kind == "row":
        return f"({inner}) * ({vector(c, s, columns, 1)})"
    if kind == "column":
        return f"({inner}) + ({vector(c, s, rows, 1)})[:, None]"
    if kind == "flip":
        return f"({inner}).T"
    other = matrix(c, s, shape, depth - 1)
    if kind == "where":
        return f"np.where({inner} > {c.number()}, {other}, {scalar(c, s, 1)})"
    return c.of((f"{inner} + {other}", f"({inner}) * ({other})", f"np.maximum({inner}, {other})"))


def array(c: Choice, s: Scope, shape: Shape, depth: int = 2) -> str:
    """Return an expression of `shape`."""
    return vector(c, s, shape[0], depth) if len(shape) == 1 else matrix(c, s, shape, depth)
