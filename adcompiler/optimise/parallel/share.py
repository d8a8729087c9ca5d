"""Loops that threads share: the outermost ones whose iterations are proven independent, where there is enough to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from adcompiler.analysis.independence import Apart, Dependent, Independence
from adcompiler.analysis.scope import Frame, Path
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import all_defs, blocks, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Const, Func, Load, Loop, Share, Stmt, Store, Var, While

# about how long operations take, in additions
_COST = {
    **dict.fromkeys(("add", "sub", "mul", "neg", "abs", "cut", "maximum", "minimum"), 1.0),
    **dict.fromkeys(("div", "sqrt", "mod", "floordiv", "fmod"), 5.0),
}
_CALL, _OTHER = 20.0, 0.25
_CALLS = frozenset(
    "sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh exp exp2 expm1 log log2 log10"
    " log1p cbrt hypot logaddexp pow erf erfc gamma lgamma".split()
)
# An iteration with less arithmetic only moves memory, of which one thread moves almost as much as several: of an
# innermost loop, and of one around it.
_LEAST, _LEAST_OUTER = 8.0, 3.0
# Fewer iterations than these are not worth two functions more to compile.
_FEWEST = 8.0
# how often a loop runs whose length an iteration computes
_GUESS = 8.0


def share_loops(fn: Func) -> Func:
    """Let threads share loops, whose sums may be gathered in another order.

    Before:  for i in range(n): for j in range(m): w_bar[j] += x[i, j] * y_bar[i]
    After:   the same, where each thread may take a stretch of `i` and add to a `w_bar` of its own
    """
    return _shared(fn, True)


def share_strictly(fn: Func) -> Func:
    """Let threads share loops that gather no sums, which keep their order."""
    return _shared(fn, False)


def _shared(fn: Func, reassociate: bool) -> Func:
    sharing = Sharing.of(fn, reassociate)
    body = sharing.block(fn.body, (), ())
    return with_body(fn, body, sharing.b)


def decisions(fn: Func, reassociate: bool) -> list[tuple[Loop, str]]:
    """The loops that were looked at, outer ones first, and what was found of each."""
    sharing = Sharing.of(fn, reassociate)
    sharing.block(fn.body, (), ())
    return sharing.found


@dataclass(slots=True)
class Sharing:
    """Decides which loops to share; `found` says why."""

    b: Builder
    proofs: Independence
    found: list[tuple[Loop, str]] = field(default_factory=list)

    @classmethod
    def of(cls, fn: Func, reassociate: bool) -> Sharing:
        """Decisions for a function."""
        return cls(Builder.of(fn), Independence.of(fn, reassociate))

    def block(self, block: Block, path: Path, frames: tuple[Frame, ...]) -> Block:
        """A block with its loops shared."""
        with self.b.block() as lines:
            for position, stmt in enumerate(block):
                with self.b.at(getattr(stmt, "span", None)):
                    self.b.add(self.statement(stmt, (*path, position), frames))
        return tuple(lines)

    def statement(self, stmt: Stmt, path: Path, frames: tuple[Frame, ...]) -> Stmt:
        """A statement, shared itself or with what it holds shared."""
        if isinstance(stmt, Loop):
            found = self.apart(stmt, path, frames)
            if found is not None:
                work = self.work(stmt)
                return replace(stmt, parallel=True, share=Share(work, found.sums, found.own, found.folds))
        if not isinstance(stmt, (Loop, While, Branch)):
            return stmt
        arms = [
            self.block(nested, (*path, arm), (*frames, Frame(path, stmt, arm)))
            for arm, nested in enumerate(blocks(stmt))
        ]
        match stmt:
            case Loop():
                return replace(stmt, body=arms[0])
            case While():
                return replace(stmt, condition=arms[0], body=arms[1])
            case Branch():
                return replace(stmt, then=arms[0], other=arms[1])

    def apart(self, loop: Loop, path: Path, frames: tuple[Frame, ...]) -> Apart | None:
        """What threads need of their own to share a loop; None where they do not."""
        try:
            if self.is_small(loop):
                raise Dependent("it computes too little")
            apart = self.proofs.apart(loop, path, frames)
        except Dependent as error:
            self.found.append((loop, f"one thread: {error}"))
            return None
        own = dict.fromkeys(str(v) for v in (*(c.var for c in loop.carried), *apart.sums, *apart.own))
        self.found.append((loop, "threads" + (f", each with its own {', '.join(own)}" if own else "")))
        return apart

    def is_small(self, loop: Loop) -> bool:
        """Whether a loop surely has too little to do."""
        nested = any(isinstance(s, (Loop, While)) for s in walk(loop.body))
        ends = loop.start, loop.stop
        if all(isinstance(a, Const) for a in ends) and abs(_number(ends[1]) - _number(ends[0])) < _FEWEST:
            return True
        return densest(loop.body) < (_LEAST_OUTER if nested else _LEAST)

    # -- how much there is to do ---------------------------------------------------------------------------------

    def work(self, loop: Loop) -> Atom:
        """About how many operations a loop takes."""
        made = frozenset(all_defs([loop]))
        trips = self.trips(loop, made, Const(_GUESS))
        return self.times(trips, self.cost(loop.body, made, trips))

    def trips(self, loop: Loop, made: frozenset[Var], outer: Atom) -> Atom:
        """About how often a loop runs: of a triangular one, half as often as it can."""
        start, stop = (None if a in made else a for a in (loop.start, loop.stop))
        if start is None and stop is None:
            return self.times(outer, Const(0.5))
        if start is None or stop is None:
            known = stop if start is None else start
            return self.times(known if isinstance(known, Var) else outer, Const(0.5))
        ends = (stop, start) if isinstance(loop.step, Const) and _number(loop.step) > 0 else (start, stop)
        if all(isinstance(a, Const) for a in ends):
            return Const(_number(ends[0]) - _number(ends[1]))
        return ends[0] if ends[1] == Const(0) else self.b.emit("sub", *ends)

    def cost(self, block: Block, made: frozenset[Var], outer: Atom) -> Atom:
        """About how many operations a block takes, in terms of what is known before the loop around it."""
        total: Atom = Const(sum(map(cost, block)))
        for stmt in block:
            if isinstance(stmt, Assign) and kind(stmt.op) == "contract":
                total = self.plus(total, self.product(stmt, made))
            trips = self.trips(stmt, made, outer) if isinstance(stmt, Loop) else Const(_GUESS)
            for nested in blocks(stmt):
                term = self.cost(nested, made, trips)
                if isinstance(stmt, (Loop, While)):
                    term = self.times(trips, term)
                total = self.plus(total, term)
        return total

    def product(self, stmt: Assign, made: frozenset[Var]) -> Atom:
        """About how many operations a product of matrices takes."""
        total: Atom = Const(1.0)
        for extent in (*self.b.shape(stmt.args[0]), *self.b.shape(stmt.args[1])[1:]):
            total = self.times(total, Const(_GUESS) if extent in made else extent)
        return total

    def times(self, a: Atom, b: Atom) -> Atom:
        """A product."""
        if isinstance(a, Const) and isinstance(b, Const):
            return Const(_number(a) * _number(b))
        return self.b.emit("mul", a, b, hint="work")

    def plus(self, a: Atom, b: Atom) -> Atom:
        """A sum."""
        if isinstance(a, Const) and isinstance(b, Const):
            return Const(_number(a) + _number(b))
        return self.b.emit("add", a, b, hint="work")


def _number(atom: Atom) -> float:
    assert isinstance(atom, Const)
    return float(atom.number)


def cost(stmt: Stmt) -> float:
    """About how long a statement without blocks takes."""
    match stmt:
        case Assign(op=op):
            return _CALL if op in _CALLS else _COST.get(op, _OTHER)
        case Load() | Store():
            return 1.0
        case _:
            return 0.0


def arithmetic(stmt: Stmt) -> float:
    """About how long a line takes, besides what it moves."""
    return cost(stmt) if isinstance(stmt, Assign) and kind(stmt.op) == "elementwise" else 0.0


def densest(block: Block) -> float:
    """The arithmetic of the innermost loop that has most of it, or of the block itself."""
    return max(_inner(block))


def _inner(block: Block) -> Iterator[float]:
    yield sum(arithmetic(s) for s in block) + sum(
        densest(nested) for s in block if isinstance(s, Branch) for nested in blocks(s)
    )
    for stmt in block:
        if isinstance(stmt, (Loop, While)):
            for nested in blocks(stmt):
                yield densest(nested)


__all__ = ["decisions", "share_loops", "share_strictly"]
