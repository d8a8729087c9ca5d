"""Adjoints of names: a value for a scalar, a shadow array for an array, a view of a shadow for a view."""

from __future__ import annotations

from dataclasses import dataclass, field

from adcompiler.ad.prepare import Prepared
from adcompiler.ir.build import ONE, Builder, scalar
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import as_var, walk
from adcompiler.ir.wengert import Assign, Atom, Const, Grow, Load, Var, is_element

Bars = dict[Var, Atom]


@dataclass(slots=True)
class Adjoints:
    """What the adjoint of each name is so far.

    `bars` maps an active scalar to its adjoint, an array to its shadow; absent means zero.
    """

    b: Builder
    primal: Prepared
    active: frozenset[Var]
    bars: Bars = field(default_factory=dict)
    views: dict[Var, Load | Assign] = field(init=False)
    grown: frozenset[Var] = field(init=False)

    def __post_init__(self) -> None:
        lines = list(walk(self.primal.func.body))
        self.grown = frozenset(s.array for s in lines if isinstance(s, Grow))
        self.views = {s.target: s for s in lines if isinstance(s, (Load, Assign)) and is_view(s)}

    def accumulate(self, to: Atom, share: Atom, fresh: bool) -> None:
        """Add `share` to the adjoint of `to`; a fresh array may become the adjoint itself."""
        if not isinstance(to, Var) or to not in self.active:
            return
        share = self.convert(self.unbroadcast(share, to), to)
        if not self.b.type(to).rank:
            before = self.bars.get(to)
            self.bars[to] = share if before is None else self.b.emit("add", before, share, hint=f"{to}_bar")
        elif fresh and to not in self.bars and to not in self.views and self.b.type(share).rank:
            self.bars[to] = self.b.renamed(as_var(share), f"{to}_bar")
        else:
            bar = self.shadow(to)
            self.b.store(bar, self.b.everything(bar), share, add=True)

    def unbroadcast(self, share: Atom, to: Atom) -> Atom:
        """Sum `share` over the axes along which `to` was broadcast."""
        have, want = self.b.shape(share), self.b.shape(to)
        lead = len(have) - len(want)
        if lead < 0:
            return share
        stretched = tuple(k for k in range(len(want)) if want[k] == ONE and have[lead + k] != ONE)
        if lead:
            share = self.b.emit("sum", share, axes=tuple(range(lead)), keepdims=False, hint=f"{to}_bar")
        if stretched:
            share = self.b.emit("sum", share, axes=stretched, keepdims=True, hint=f"{to}_bar")
        return share

    def convert(self, share: Atom, to: Atom) -> Atom:
        """`share` in the element type of `to`."""
        dtype = self.b.type(to).dtype
        if self.b.type(share).dtype == dtype:
            return share
        if self.b.type(share).is_complex:
            share = self.b.emit("real", share, hint=f"{to}_bar") if not self.b.type(to).is_complex else share
            return share if self.b.type(share).dtype == dtype else self.b.emit("cast", share, dtype=dtype)
        if isinstance(share, Const):
            return scalar(float(str(share.value)), dtype)
        return self.b.emit("cast", share, dtype=dtype, hint=f"{to}_bar")

    def base(self, array: Var) -> Var:
        """The array of which `array` is a view, or itself."""
        while (view := self.views.get(array)) is not None:
            array = view.array if isinstance(view, Load) else as_var(view.args[0])
        return array

    def shadow(self, array: Var) -> Var:
        """The shadow of an array: zeros where it has none yet, a view of a shadow where it is a view."""
        if array in self.bars:
            return as_var(self.bars[array])
        view, hint = self.views.get(array), f"{array}_bar"
        if view is None:
            bar = self.b.emit("zeros", *self.extents(array), dtype=self.b.type(array).dtype, hint=hint)
        elif isinstance(view, Load):
            bar = self.b.load(self.shadow(view.array), view.index, hint)
        else:
            parent = self.shadow(as_var(view.args[0]))
            bar = self.b.emit(view.op, parent, *view.args[1:], hint=hint, weak=None, **dict(view.params))
        self.bars[array] = bar
        return bar

    def extents(self, array: Var) -> tuple[Atom, ...]:
        """The extents of a shadow: those of the array at the end of the primal."""
        if array not in self.grown:
            return self.b.shape(array)
        if array in self.primal.rows:
            return (self.primal.rows[array], *self.b.shape(array)[1:])
        return (self.b.emit("dim", array, axis=0, hint="rows"), *self.b.shape(array)[1:])

    def zero(self, like: Var) -> Const:
        """The adjoint of a scalar that has received nothing."""
        return scalar(0.0, self.b.type(like).dtype)


def is_view(stmt: Load | Assign) -> bool:
    """Whether a line makes a reference to memory that exists."""
    if isinstance(stmt, Load):
        return not is_element(stmt.index)
    return kind(stmt.op) == "view"
