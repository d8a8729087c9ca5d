"""Lines and statements of the function that a thread of a GPU runs for one item."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from adcompiler.emit.casts import NARROW
from adcompiler.emit.expressions import Expressions
from adcompiler.emit.folding import Plan
from adcompiler.emit.operators import MATH, whole_power
from adcompiler.emit.statements import Statements
from adcompiler.emit.syntax import LOAD, call, compare, dtype_name, literal, name, number, tuple_of
from adcompiler.errors import Span, UnsupportedSyntax
from adcompiler.ir.memory import memory_of
from adcompiler.ir.ops import OPS, kind
from adcompiler.ir.types import Type
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Block, Check, Const, Func, Grow, Load, Loop, Stmt, Store, Var, While

#: Bytes of an array of constant extents that lie in the thread's own memory.
LOCAL = 2048
#: The places of a report: the first iteration that failed, its check and the two numbers of that; then what is needed.
FIRST_FAILED, CHECK, NUMBERS, NEEDS = 0, 1, 2, 4
#: The name of the report in every function.
REPORT = "report"
_ELEMENTWISE = frozenset(name for name, op in OPS.items() if op.ufunc is not None) | {*MATH, "where", "cast", "cut"}
_ELEMENTWISE -= {"logaddexp"}


@dataclass(frozen=True, slots=True)
class Work:
    """An array that a thread is given as memory for one of the item's.

    Parameters
    ----------
    name : str
        The parameter's name.
    array : Var
        The array of the item.
    known : tuple of bool
        For each axis whether the host can tell its extent.
    grows : bool
        Whether it is made longer where it is too short.
    """

    name: str
    array: Var
    known: tuple[bool, ...]
    grows: bool


class Unavailable(UnsupportedSyntax):
    """What a GPU does not run: `thing`."""

    thing = ""


def unavailable(what: str, span: Span | None) -> Unavailable:
    """An error for what a GPU does not run."""
    error = Unavailable(f"target='cuda' does not run {what}", span, "use target='cpu' for this function")
    error.thing = what
    return error


class ItemExpressions(Expressions):
    """Prints lines with what `numba.cuda` compiles: `math` in place of NumPy's functions."""

    def line(self, stmt: Assign | Load) -> ast.expr:
        """The right side of a line."""
        if isinstance(stmt, Assign):
            refuse(stmt, self.fn)
        return super().line(stmt)

    def _view(self, stmt: Assign) -> ast.expr:
        if stmt.op == "reshape":
            base, *extents = map(self.atom, stmt.args)
            return call("reshaped", base, ast.Tuple(extents, LOAD))
        return super()._view(stmt)

    def _on_scalars(self, op: str, args: list[ast.expr], types: list[Type], result: Type) -> ast.expr:
        if not result.is_float:
            return super()._on_scalars(op, args, types, result)
        match op:
            case "sign":
                plus, minus, zero = (_typed(v, result) for v in (1.0, -1.0, 0.0))
                below = ast.IfExp(compare(args[0], ast.Lt(), zero), minus, args[0])
                return ast.IfExp(compare(args[0], ast.Gt(), zero), plus, below)
            case "floor" | "ceil" | "trunc" | "rint":
                # Python gives an integer: it has no zero with a sign, nor holds numbers too large for a fraction
                limit = _typed(2.0**23 if result.dtype == "float32" else 2.0**52, result)
                whole = call("round" if op == "rint" else f"math.{op}", args[0])
                whole = call("math.copysign", call(dtype_name(result.dtype), whole), args[0])
                return ast.IfExp(compare(call("abs", args[0]), ast.Lt(), limit), whole, args[0])
            case "exp2":
                return call("math.pow", _typed(2.0, result), args[0])
            case "cbrt":
                return call("cuda.cbrt", args[0])
            case "fmod":
                return call("math.fmod", *args)
            case "pow" if whole_power(types) and not isinstance(args[1], (ast.Constant, ast.UnaryOp)):
                return call("math.pow", args[0], call("float", args[1]))
        return super()._on_scalars(op, args, types, result)


def refuse(stmt: Assign, fn: Func) -> None:
    """Raise for a line that `numba.cuda` does not compile."""
    if any(fn.type(a).is_complex for a in (stmt.target, *stmt.args)):
        raise unavailable("complex numbers", stmt.span)
    match kind(stmt.op):
        case "elementwise" if stmt.op not in _ELEMENTWISE:
            raise unavailable("checkpointed loops" if stmt.op == "split" else f"'{stmt.op}'", stmt.span)
        case "contract" | "opaque" | "reduce" | "copy":
            raise unavailable(f"'{stmt.op}' of arrays", stmt.span)
        case "view" if stmt.op == "transpose" and dict(stmt.params)["axes"] != tuple(
            reversed(range(fn.types[stmt.target.name].rank))
        ):
            raise unavailable("an exchange of some axes of an array", stmt.span)


def _typed(value: float, type: Type) -> ast.expr:
    return literal(np.float32(value)) if type.dtype == "float32" else number(value)


@dataclass(slots=True)
class Item:
    """What printing an item has found: the work memory it needs, and the checks it makes."""

    work: list[Work] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


class ItemStatements(Statements):
    """Prints the function of one item: a failed check, or memory that is too short, ends it with a report."""

    def __init__(self, fn: Func, plan: Plan, names: Mapping[Var, str], comments: list[str], known: frozenset[Var]):
        super().__init__(fn, plan, names, "numba", {}, comments=comments)
        self.print = ItemExpressions(fn, plan, names, "numba", {})
        self.known, self.item = known, Item()
        self.span: Span | None = None
        self.gathered: Sequence[Var] = ()
        # of arrays that many items may add to at a time: the name of what says whether a thread has one of its own
        self.flags: dict[Var, str] = {}
        self.memory = memory_of(fn)
        self.grown = {s.array for s in walk(fn.body) if isinstance(s, Grow)}

    def whole(self) -> list[ast.stmt]:
        """All statements, with the return of what the item adds to sums."""
        tree = self.block(self.fn.body)
        self.refuse_reshaped()
        return [*tree, self.result(True, [self.print.atom(r) for r in self.fn.results])]

    def refuse_reshaped(self) -> None:
        """Raise where an array of which each thread has a part is to have another shape: it is not contiguous."""
        memory = self.memory
        apart = {memory.root(v) for v in (*self.gathered, *(w.array for w in self.item.work))}
        for stmt in walk(self.fn.body):
            if isinstance(stmt, Assign) and stmt.op == "reshape" and memory.root(stmt.target) in apart:
                raise unavailable("a reshape of an array that a thread has of its own", stmt.span)

    def result(self, done: bool, values: list[ast.expr]) -> ast.stmt:
        """`return done, *values`."""
        return ast.Return(tuple_of([ast.Constant(done), *values]))

    def failed(self) -> ast.stmt:
        """The return of an item that has reported why it ends."""
        return self.result(False, [zero(self.fn.type(r)) for r in self.fn.results])

    def statement(self, stmt: Stmt) -> list[ast.stmt]:
        """One statement."""
        if isinstance(stmt, Assign) and kind(stmt.op) == "alloc":
            return self._array(stmt)
        if isinstance(stmt, (Loop, While)):
            self.span = stmt.span
        return super().statement(stmt)

    def copies(self, pairs: Sequence[tuple[Var, Atom]]) -> list[ast.stmt]:
        """Hand over values at the border of a region."""
        for target, source in pairs:
            if self.fn.types[target.name].rank and target != source:
                # the memory of an array of an iteration is that of the next one
                raise unavailable(f"a loop that hands on array '{target}' and changes it in place", self.span)
        return super().copies(pairs)

    def _strips(self, stmt: While) -> tuple[Block, list[Grow], Block] | None:
        return None

    def _store(self, stmt: Store) -> ast.stmt:
        flag = self.flags.get(self.memory.root(stmt.array))
        if flag is None:
            return super()._store(stmt)
        place = self.print.element(stmt.array, stmt.index)
        return ast.Expr(call("device.add_to", place.value, place.slice, self.print.atom(stmt.value), name(flag)))

    def _check(self, stmt: Check) -> ast.stmt:
        self.item.checks.append(stmt)
        told = [(CHECK, ast.Constant(len(self.item.checks))), *enumerate(map(self.print.atom, stmt.values), NUMBERS)]
        lines: list[ast.stmt] = [ast.Assign([_at(k)], value, lineno=0) for k, value in told]
        return ast.If(self.print.atom(stmt.failed), [*lines, self.failed()], [])

    def _print(self, stmt: object) -> list[ast.stmt]:
        raise unavailable("a print", getattr(stmt, "span", None))

    def _draw(self, stmt: object) -> ast.stmt:
        raise unavailable("random draws", getattr(stmt, "span", None))

    # -- memory --------------------------------------------------------------------------------------------------

    def _array(self, stmt: Assign) -> list[ast.stmt]:
        """Memory for an array: the thread's own where it is small and its extents are literals."""
        assert stmt.op == "empty"
        array, type = stmt.target, self.fn.types[stmt.target.name]
        extents = [a.value if isinstance(a, Const) and isinstance(a.value, int) else 0 for a in stmt.args]
        target = self.names[array]
        if 0 < math.prod(extents) * type.numpy.itemsize <= LOCAL and array not in self.grown:
            shape = ast.Tuple([ast.Constant(n) for n in extents], LOAD)
            made = call("cuda.local.array", shape, name(dtype_name(type.dtype)))
            return [ast.Assign([ast.Name(target, ast.Store())], made, lineno=0)]
        known = tuple(isinstance(a, Const) or a in self.known for a in stmt.args)
        grows = array in self.grown
        work = Work(self._unused(f"{target}_work"), array, (known[0] and not grows, *known[1:]), grows)
        self.item.work.append(work)
        tests, slices = [], list[ast.expr]()
        for axis, (extent, is_known) in enumerate(zip(stmt.args, work.known, strict=True)):
            exact = is_known or (grows and axis == 0)
            slices.append(ast.Slice(None, None if exact else self.print.atom(extent), None))
            if not exact:
                rows = ast.Subscript(name(f"{work.name}.shape"), ast.Constant(axis), LOAD)
                short = compare(self.print.atom(extent), ast.Gt(), rows)
                tests.append(ast.If(short, self._need(work, axis, self.print.atom(extent)), []))
        value: ast.expr = name(work.name)
        if tests:
            value = ast.Subscript(value, tuple_of(slices), LOAD)
        return [*tests, ast.Assign([ast.Name(target, ast.Store())], value, lineno=0)]

    def _need(self, work: Work, axis: int, extent: ast.expr) -> list[ast.stmt]:
        """Lines that report how long an axis must be, and end the item."""
        earlier = self.item.work[: self.item.work.index(work)]
        place = NEEDS + sum(not known for w in (*earlier, work) for known in (w.known[:axis] if w is work else w.known))
        told = call("cuda.atomic.max", name(REPORT), ast.Constant(place), extent)
        return [ast.Expr(told), self.failed()]

    def _grow(self, stmt: Grow) -> ast.stmt:
        work = next(w for w in self.item.work if w.array == stmt.array)
        row = self.print.atom(stmt.row)
        rows = ast.Subscript(name(f"{self.names[stmt.array]}.shape"), ast.Constant(0), LOAD)
        more = ast.BinOp(row, ast.Add(), ast.Constant(1))
        return ast.If(compare(row, ast.GtE(), rows), self._need(work, 0, more), [])


def _at(place: int) -> ast.expr:
    return ast.Subscript(name(REPORT), ast.Constant(place), ast.Store())


def zero(type: Type) -> ast.expr:
    """A zero of a scalar type."""
    if type.dtype in NARROW:
        return literal(type.numpy.type(0))
    return ast.Constant({"float64": 0.0, "bool": False}.get(type.dtype, 0))


__all__ = ["NEEDS", "REPORT", "Item", "ItemStatements", "Unavailable", "Work", "unavailable", "zero"]
