"""Forward mode: beside every active line stands the line of its tangent.

Active scalars have tangents that are values (`dots`); an active array has a shadow array of the same shape: allocated
where the primal is, viewed where it is viewed, stored into where it is stored into.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from adcompiler.ad.draws import refuse_moving
from adcompiler.analysis.activity import active
from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.ops import kind
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Carry,
    Draw,
    Func,
    Grow,
    Load,
    Loop,
    Out,
    Stmt,
    Store,
    Var,
    While,
)
from adcompiler.rules.shapes import zeros
from adcompiler.rules.table import push


def tangent(fn: Func, wrt: Sequence[int], outputs: Sequence[int] | None = None) -> Func:
    """A function that computes its results and their derivatives along one direction.

    Before:  def f(x, y): t = sin(x); r = t * y; return r
    After:   def f_tangent(x, y, x_dot): t_dot = x_dot * cos(x); …; return r, r_dot

    Parameters
    ----------
    fn : Func
        The primal; nothing in it changes, tangents stand between its lines.
    wrt : sequence of int
        Positions of float parameters; each gets a parameter `<name>_dot` of the same type and shape after the
        primal's, in this order. One that `fn` writes has its tangent written too.
    outputs : sequence of int, optional
        Positions of the results that have tangents; all by default.

    Returns
    -------
    Func
        Its results are those of `fn`, then one tangent for each float result of `outputs`: zero where that depends on
        nothing.
    """
    inputs = [fn.params[position] for position in wrt]
    assert all(fn.types[v.name].is_float for v in inputs), "only floats have tangents"
    refuse_moving(fn, inputs)
    forward = Forward(Builder.of(fn), active(fn, inputs, outputs))
    seeds = [forward.b.like(v, f"{v}_dot") for v in inputs]
    forward.dots.update(zip(inputs, seeds, strict=True))
    extents = [stmt for stmt in fn.body if _is_extent(stmt, fn)]
    forward.b.extend(extents)
    forward.unseeded(fn.params)
    forward.block(tuple(stmt for stmt in fn.body if not _is_extent(stmt, fn)))
    counting = [r for k, r in enumerate(fn.results) if outputs is None or k in outputs]
    tangents = [forward.given(r) for r in counting if fn.type(r).is_float]
    return forward.b.finish(f"{fn.name}_tangent", (*fn.params, *seeds), (*fn.results, *tangents), fn.doc)


def _is_extent(stmt: Stmt, fn: Func) -> bool:
    return isinstance(stmt, Assign) and stmt.op == "dim" and stmt.args[0] in fn.params


@dataclass(slots=True)
class Forward:
    """The state of one pass: `dots` maps an active scalar to its tangent, an array to its shadow; absent is zero."""

    b: Builder
    active: frozenset[Var]
    dots: dict[Var, Atom] = field(default_factory=dict)

    # -- tangents ------------------------------------------------------------------------------------------------

    def dot(self, atom: Atom) -> Atom | None:
        """The tangent of a value, or None where it is zero."""
        return self.dots.get(atom) if isinstance(atom, Var) else None

    def given(self, atom: Atom) -> Atom:
        """The tangent of a value, with zeros written out."""
        dot = self.dot(atom)
        return self.zero(atom) if dot is None else dot

    def zero(self, like: Atom, hint: str = "zero") -> Atom:
        """A tangent of zero."""
        type = self.b.type(like)
        return zeros(self.b, type, self.b.shape(like), hint) if type.rank else scalar(0.0, type.dtype)

    def unseeded(self, params: Sequence[Var]) -> None:
        """Give arrays that come in without a tangent and receive one inside a shadow of zeros."""
        for v in params:
            if v in self.active and v not in self.dots and self.b.type(v).rank:
                self.dots[v] = self.zero(v, f"{v}_dot")

    # -- statements ----------------------------------------------------------------------------------------------

    def block(self, block: Block) -> None:
        """Append a block with its tangents."""
        for stmt in block:
            with self.b.at(getattr(stmt, "span", None)):
                self.statement(stmt)

    def statement(self, stmt: Stmt) -> None:
        """Append a statement with its tangent."""
        match stmt:
            case Loop():
                self.loop(stmt)
            case While():
                self.repeat(stmt)
            case Branch():
                self.branch(stmt)
            case _:
                self.b.add(stmt)
                self.beside(stmt)

    def beside(self, stmt: Stmt) -> None:
        """Append the tangent of a statement without blocks, which stands already."""
        match stmt:
            case Assign(target=target) if target in self.active:
                self.line(stmt)
            case Load(target=target, array=array, index=index) if target in self.active and array in self.dots:
                self.dots[target] = self.b.load(self.shadow(array), index, f"{target}_dot")
            case Draw(target=target) if target in self.active and self.b.type(target).rank:
                # what is drawn is constant, and the array may receive what is not
                self.dots[target] = self.zero(target, f"{target}_dot")
            case Store(array=array) if array in self.dots:
                self.store(stmt)
            case Grow(array=array, row=row) if array in self.dots:
                self.b.grow(self.shadow(array), row)
            case _:
                pass

    def line(self, stmt: Assign) -> None:
        """`y = op(a, b)`: y_dot from a_dot and b_dot; a new array has a shadow even while that is zero."""
        hint = f"{stmt.target}_dot"
        dot = push(self.b, stmt, [self.dot(a) for a in stmt.args])
        if dot is None and stmt.op == "empty":
            dot = self.b.emit("empty", *stmt.args, dtype=self.b.type(stmt.target).dtype, hint=hint)
        elif dot is None and self.b.type(stmt.target).rank and kind(stmt.op) != "view":
            dot = self.zero(stmt.target, hint)
        if dot is not None:
            self.dots[stmt.target] = dot

    def store(self, stmt: Store) -> None:
        """The shadow receives the tangent of what the array receives: zero where a constant overwrites."""
        dot = self.dot(stmt.value)
        if dot is None and not stmt.add:
            dot = scalar(0.0, self.b.type(stmt.array).dtype)
        if dot is not None:
            self.b.store(self.shadow(stmt.array), stmt.index, dot, stmt.add)

    def shadow(self, array: Var) -> Var:
        """The array that holds the tangents of an array's elements."""
        shadow = self.dots[array]
        assert isinstance(shadow, Var)
        return shadow

    # -- regions -------------------------------------------------------------------------------------------------

    def loop(self, stmt: Loop) -> None:
        """A loop carries the tangents of the active values it carries."""
        inner, inits = self.enter(stmt.carried)
        with self.b.block() as body:
            self.block(stmt.body)
            nexts = {c: self.given(c.next) for c in inner}
        carried = (*stmt.carried, *self.leave(inner, inits, nexts))
        self.b.add(replace(stmt, carried=carried, body=tuple(body)))

    def repeat(self, stmt: While) -> None:
        """As a loop; the condition's values have tangents too, since the body sees them."""
        inner, inits = self.enter(stmt.carried)
        with self.b.block() as condition:
            self.block(stmt.condition)
        with self.b.block() as body:
            self.block(stmt.body)
            nexts = {c: self.given(c.next) for c in inner}
        carried = (*stmt.carried, *self.leave(inner, inits, nexts))
        self.b.add(replace(stmt, carried=carried, condition=tuple(condition), body=tuple(body)))

    def enter(self, carried: Sequence[Carry]) -> tuple[dict[Carry, Var], dict[Carry, Atom]]:
        """The tangents of carried values at the entry of an iteration, and before the first."""
        live = [c for c in carried if c.var in self.active]
        inits = {c: self.given(c.init) for c in live}
        inner = {c: self.b.like(c.var, f"{c.var}_dot") for c in live}
        self.dots.update({c.var: inner[c] for c in live})
        return inner, inits

    def leave(self, inner: dict[Carry, Var], inits: dict[Carry, Atom], nexts: dict[Carry, Atom]) -> list[Carry]:
        """The carries of tangents; the tangents after the loop are known from here on."""
        made: list[Carry] = []
        for c, var in inner.items():
            out = self.b.like(c.out, f"{c.out}_dot")
            made.append(Carry(var, inits[c], nexts[c], out))
            self.dots[c.out] = out
        return made

    def branch(self, stmt: Branch) -> None:
        """A branch yields the tangents of the active values it yields."""
        live = [o for o in stmt.outs if o.var in self.active]
        with self.b.block() as then:
            self.block(stmt.then)
            thens = [self.given(o.then) for o in live]
        with self.b.block() as other:
            self.block(stmt.other)
            others = [self.given(o.other) for o in live]
        outs = [Out(self.b.like(o.var, f"{o.var}_dot"), a, c) for o, a, c in zip(live, thens, others, strict=True)]
        self.b.add(replace(stmt, then=tuple(then), other=tuple(other), outs=(*stmt.outs, *outs)))
        self.dots.update({o.var: made.var for o, made in zip(live, outs, strict=True)})
