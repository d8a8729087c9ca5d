"""Rules of sums, products and extremes over axes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.wengert import Assign, Atom, Var
from adcompiler.rules.arrays import axes_of
from adcompiler.rules.loops import Position, element, reduced_index, sweep
from adcompiler.rules.rule import Pin, Rule, fresh, register
from adcompiler.rules.shapes import fit, keep, spread


def keeps(stmt: Assign) -> bool:
    """Whether a reduction keeps its axes, with length one."""
    return bool(dict(stmt.params).get("keepdims"))


def _reduce(b: Builder, op: str, value: Atom, stmt: Assign, hint: str = "t", keepdims: bool | None = None) -> Var:
    keepdims = keeps(stmt) if keepdims is None else keepdims
    return b.emit(op, value, axes=axes_of(stmt), keepdims=keepdims, hint=hint)


# -- sum -------------------------------------------------------------------------------------------------------------


def _sum_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    value, dtype = keep(b, y_bar, axes_of(stmt), keeps(stmt)), b.type(stmt.args[0]).dtype
    if b.type(value).dtype != dtype:
        value = fit(b, spread(b, value, b.shape(stmt.args[0])), dtype)
    return {0: value}


def _sum_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    return fresh(b, _reduce(b, "sum", dots[0], stmt, f"{stmt.target}_dot"), stmt.target, dots)


register(Rule("sum", "sum(x)", ("x",), _sum_pull, _sum_push, {"x": "full(x.shape, y_bar)"}))


# -- max and min -----------------------------------------------------------------------------------------------------


def _ties(b: Builder, stmt: Assign) -> tuple[Var, Var]:
    """Where the extreme is attained, and how often."""
    (x,) = stmt.args
    kept = keep(b, stmt.target, axes_of(stmt), keeps(stmt))
    attained = b.emit("eq", x, kept, hint="attained")
    count = _reduce(b, "sum", attained, stmt, "count")
    return attained, b.emit("cast", count, dtype=b.type(stmt.target).dtype, hint="count")


def _extreme_pull(
    b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False
) -> dict[int, Atom]:
    if 0 not in wanted:
        return {}
    attained, count = _ties(b, stmt)
    share = keep(b, b.emit("div", y_bar, count), axes_of(stmt), keeps(stmt))
    return {0: b.emit("where", attained, share, scalar(0.0, b.type(stmt.args[0]).dtype))}


def _extreme_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    attained, count = _ties(b, stmt)
    chosen = b.emit("where", attained, dots[0], scalar(0.0, b.type(stmt.args[0]).dtype))
    total = _reduce(b, "sum", chosen, stmt)
    return fresh(b, b.emit("div", total, count, hint=f"{stmt.target}_dot"), stmt.target, dots)


for _op in ("max", "min"):
    register(
        Rule(
            _op,
            f"{_op}(x)",
            ("x",),
            _extreme_pull,
            _extreme_push,
            {"x": "where(x == y, y_bar / count(x == y), 0)"},
            {},
            (Pin({"x": 1.0}, {"x": 0.25}),),
        )
    )


# -- prod ------------------------------------------------------------------------------------------------------------


def _prod_pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    """The product of the other elements, from the products before and after each: exact where elements are zero."""
    if 0 not in wanted:
        return {}
    (x,) = stmt.args
    assert isinstance(x, Var)
    axes, shape, rank = axes_of(stmt), b.shape(x), b.type(x).rank
    before = b.emit("empty", *shape, dtype=b.type(stmt.target).dtype, hint="before")
    others = b.emit("empty", *shape, dtype=b.type(stmt.target).dtype, hint="others")
    one = [scalar(1.0, b.type(stmt.target).dtype)]

    def up(at: Position, carried: Sequence[Atom]) -> Sequence[Atom]:
        b.store(before, element(at, rank), carried[0])
        return [b.emit("mul", carried[0], b.load(x, element(at, rank)), weak=b.type(carried[0]).weak)]

    def down(at: Position, carried: Sequence[Atom]) -> Sequence[Atom]:
        b.store(others, element(at, rank), b.emit("mul", b.load(before, element(at, rank)), carried[0]))
        return [b.emit("mul", carried[0], b.load(x, element(at, rank)), weak=b.type(carried[0]).weak)]

    def outer(at: Position, carried: Sequence[Atom]) -> Sequence[Atom]:
        sweep(b, shape, axes, up, one, at)
        sweep(b, shape, axes, down, one, at, backward=True)
        return carried

    sweep(b, shape, [axis for axis in range(rank) if axis not in axes], outer)
    contribution = b.emit("cut" if guard else "mul", keep(b, y_bar, axes, keeps(stmt)), others)
    return {0: fit(b, contribution, b.type(x).dtype)}


def _prod_push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    """`p_dot = p_dot * x + p * x_dot; p = p * x` along the axes."""
    (x,), (x_dot,) = stmt.args, dots
    if x_dot is None:
        return None
    assert isinstance(x, Var) and isinstance(x_dot, Var)
    axes, shape, rank, target = axes_of(stmt), b.shape(x), b.type(x).rank, stmt.target
    inits = [scalar(value, b.type(target).dtype) for value in (1.0, 0.0)]
    y_dot = (
        b.emit("empty", *b.shape(target), dtype=b.type(target).dtype, hint=f"{target}_dot") if b.shape(target) else None
    )

    def step(at: Position, carried: Sequence[Atom]) -> Sequence[Atom]:
        p, p_dot = carried
        here, moved = b.load(x, element(at, rank)), b.load(x_dot, element(at, rank))
        slope = b.emit("add", b.emit("mul", p_dot, here), b.emit("mul", p, moved), weak=b.type(p_dot).weak)
        return [b.emit("mul", p, here, weak=b.type(p).weak), slope]

    def outer(at: Position, carried: Sequence[Atom]) -> Sequence[Atom]:
        _, slope = sweep(b, shape, axes, step, inits, at)
        if y_dot is None:
            return [slope]
        b.store(y_dot, reduced_index(b, y_dot, at, axes, keeps(stmt)), slope)
        return carried

    kept = [axis for axis in range(rank) if axis not in axes]
    result = sweep(b, shape, kept, outer)
    return fresh(b, result[0] if y_dot is None else y_dot, target, dots)


register(
    Rule("prod", "prod(x)", ("x",), _prod_pull, _prod_push, {"x": "y_bar * product of the others"}),
)
