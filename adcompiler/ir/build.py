"""Building Wengert lines: every pass that creates code creates it through a `Builder`, which types each name."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.ir.draft import Draft, Mark, Shape
from adcompiler.ir.infer import infer
from adcompiler.ir.names import Names
from adcompiler.ir.opaque import opaque_shape
from adcompiler.ir.ops import kind, takes_complex
from adcompiler.ir.types import BOOL, INDEX, Type
from adcompiler.ir.walk import all_defs, all_reads, map_blocks, same
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Const,
    Func,
    Index,
    Load,
    NewAxis,
    Slice,
    Var,
    is_whole,
)

ONE, ZERO = Const(1), Const(0)

_FOLD: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "maximum": max,
    "minimum": min,
}


class Builder(Draft):
    """Appends statements to the innermost open block; types every line and knows the extents of its result."""

    @classmethod
    def of(cls, fn: Func) -> Builder:
        """A builder that knows the names of `fn`."""
        return cls(Names(fn.types), fn.types, fn.shapes)

    # -- lines ---------------------------------------------------------------------------------------------------

    def emit(self, op: str, *args: Atom, hint: str = "t", weak: bool | None = None, **params: object) -> Var:
        """`target = op(*args, **params)` with the type and shape NumPy gives it.

        `weak` overrides whether a scalar result is a Python scalar. Raises TypeError where the types do not fit.
        """
        types = [self.type(a) for a in args]
        self._refuse_complex(op, types, params)
        type = infer(op, types, params)
        if weak is not None and type.rank == 0:
            type = Type(type.dtype, weak=weak)
        target = self.var(hint, type, self.result_shape(op, args, params))
        self.add(Assign(target, op, args, tuple(sorted(params.items())), self.span))
        return target

    def _refuse_complex(self, op: str, types: Sequence[Type], params: Mapping[str, object]) -> None:
        """Raise where an operation has no meaning for complex numbers, or would drop an imaginary part."""
        if not any(type.is_complex for type in types):
            return
        if op == "cast" and not str(params["dtype"]).startswith("complex"):
            raise TypeProblem("a complex number is no real one", self.span, "take its .real, .imag or np.abs")
        if not takes_complex(op):
            raise TypeProblem(
                f"'{op}' of complex numbers is outside the language", self.span, "use .real, .imag or np.abs of them"
            )

    def int(self, op: str, a: Atom, b: Atom, hint: str = "n") -> Atom:
        """Integer arithmetic of extents and indices, with literals folded and `x + 0`, `x - 0`, `x * 1` dropped."""
        if isinstance(a, Const) and isinstance(b, Const):
            # an index may be an element of an array that is known when the function is compiled
            assert isinstance(a.value, int | np.integer) and isinstance(b.value, int | np.integer)
            return Const(_FOLD[op](int(a.value), int(b.value)))
        if (b == ZERO and op in ("add", "sub")) or (b == ONE and op in ("mul", "floordiv")):
            return a
        if (a == ZERO and op == "add") or (a == ONE and op == "mul"):
            return b
        if op == "sub" and a == b:
            return ZERO
        if op in ("maximum", "minimum") and a == b:
            return a
        return self._shared_int(op, a, b, hint)

    def _shared_int(self, op: str, a: Atom, b: Atom, hint: str) -> Atom:
        """The name that already holds this integer where its line dominates this place, else a new line.

        Equal extents must be one name: that is how broadcasting knows that they agree.
        """
        var, block, place = self._ints.get((op, a, b), (None, [], 0))
        if var is not None and place < len(block) and any(block is open for open in self.stack):
            line = block[place]
            if isinstance(line, Assign) and line.target == var:
                return var
        target = self.emit(op, a, b, hint=hint, weak=True)
        self._ints[op, a, b] = target, self.stack[-1], len(self.stack[-1]) - 1
        return target

    def load(self, array: Var, index: Index, hint: str = "t") -> Var:
        """`target = array[index]`: an element, or a view."""
        type, shape = self.view_type(array, index)
        target = self.var(hint, type, shape)
        self.add(Load(target, array, index, self.span))
        return target

    def view(self, array: Var, index: Index, hint: str = "t") -> Var:
        """An element or a view; the view of the whole of an array is the array."""
        return array if index and all(is_whole(item) for item in index) else self.load(array, index, hint)

    def restored(self, kept: Var, loaded: Var) -> Atom:
        """What was loaded from where the number `kept` waited, as Python's or NumPy's as that one is."""
        type = self.type(kept)
        weak = type.weak and type.dtype != "bool"
        return self.emit("cast", loaded, dtype=type.dtype, weak=True, hint=kept.name) if weak else loaded

    # -- shapes --------------------------------------------------------------------------------------------------

    def everything(self, array: Var) -> Index:
        """The index `[:, :, …]` of a whole array."""
        return tuple(Slice(None, None, None, ZERO, extent) for extent in self.shape(array))

    def view_type(self, array: Var, index: Index) -> tuple[Type, Shape]:
        """Type and extents of `array[index]`."""
        base, shape = (
            self.types[array.name],
            tuple(
                item.size if isinstance(item, Slice) else ONE for item in index if isinstance(item, (Slice, NewAxis))
            ),
        )
        if not shape:
            return Type(base.dtype), ()
        whole = index == self.everything(array)
        leading = base.layout == "C" and _leading(index, self.shape(array))
        return base.array(len(shape), base.layout if whole else "C" if leading else "A"), shape

    def result_shape(self, op: str, args: Sequence[Atom], params: Mapping[str, object]) -> Shape:
        """The extents of an operation's result."""
        match kind(op):
            case "elementwise":
                return self.broadcast(*args)
            case "alloc":
                return tuple(args[1:] if op == "full" else args[2:] if op == "arange" else args)
            case "copy":
                return self.shape(args[0])
            case "view" if op == "reshape":
                return tuple(args[1:])
            case "view":
                axes = params["axes"]
                assert isinstance(axes, tuple)
                return tuple(self.shape(args[0])[axis] for axis in axes)
            case "reduce":
                return self._reduced_shape(args[0], params)
            case "contract":
                a, b = self.shape(args[0]), self.shape(args[1])
                self.same(a[-1], b[0], "shapes not aligned: the inner extents of a matrix product differ")
                return (*a[:-1], *b[1:])
            case "opaque":
                return opaque_shape(op, [self.shape(a) for a in args], self.int)
            case _:
                return ()

    def _reduced_shape(self, x: Atom, params: Mapping[str, object]) -> Shape:
        axes = params["axes"]
        assert isinstance(axes, tuple)
        shape = self.shape(x)
        if params.get("keepdims"):
            return tuple(ONE if axis in axes else extent for axis, extent in enumerate(shape))
        return tuple(extent for axis, extent in enumerate(shape) if axis not in axes)

    def broadcast(self, *args: Atom) -> Shape:
        """The common extents of several values; extents that must agree and are not the same atom are checked."""
        shapes = [self.shape(a) for a in args]
        rank = max((len(s) for s in shapes), default=0)
        result: list[Atom] = []
        for axis in range(rank):
            extent: Atom = ONE
            for shape in shapes:
                here = shape[axis - rank + len(shape)] if axis - rank + len(shape) >= 0 else ONE
                if here == ONE:
                    continue
                if extent != ONE:
                    self.same(extent, here, "operands could not be broadcast together: their extents differ")
                # a literal extent is worth more than a name
                extent = here if extent == ONE or isinstance(here, Const) else extent
            result.append(extent)
        return tuple(result)

    def same(self, a: Atom, b: Atom, message: str) -> None:
        """Check at run time that two extents agree, unless they are the same atom."""
        if a != b:
            self.check(self.emit("ne", a, b, hint="differ"), "ValueError", message, a, b)

    # -- finishing -----------------------------------------------------------------------------------------------

    def finish(self, name: str, params: Sequence[Var], results: Sequence[Atom], doc: str = "") -> Func:
        """The function built, with the types and shapes of the names it uses."""
        return make_func(name, params, tuple(self.stack[0]), results, self.types, self.shapes, doc)


def _leading(index: Index, shape: Shape) -> bool:
    """Whether an index of a C-contiguous array selects one contiguous stretch: integers first, then whole axes."""
    kinds = [item for item in index if not isinstance(item, NewAxis)]
    first = next((k for k, item in enumerate(kinds) if isinstance(item, Slice)), len(kinds))
    rest = list(zip(kinds, shape, strict=True))[first:]
    if not rest or any(not isinstance(item, Slice) for item, _ in rest):
        return False
    step = rest[0][0].step if isinstance(rest[0][0], Slice) else None
    whole = all(isinstance(i, Slice) and i == Slice(None, None, None, ZERO, extent) for i, extent in rest[1:])
    return whole and (step is None or step == ONE)


def make_func(
    name: str,
    params: Sequence[Var],
    body: Block,
    results: Sequence[Atom],
    types: Mapping[str, Type],
    shapes: Mapping[str, Shape],
    doc: str = "",
) -> Func:
    """A `Func` that keeps only the types and shapes of names it uses, and of those its shapes name."""
    used = {v.name for v in (*params, *all_defs(body), *all_reads(body), *(r for r in results if isinstance(r, Var)))}
    kept = {n: tuple(shapes[n]) for n in shapes if n in used}
    used |= {a.name for s in kept.values() for a in s if isinstance(a, Var)}
    return Func(name, tuple(params), tuple(body), tuple(results), {n: types[n] for n in types if n in used}, kept, doc)


def with_body(fn: Func, body: Block, b: Builder | None = None) -> Func:
    """A function with another body, of lines that `b` has made; itself where all lines are its own."""
    if same(body, fn.body):
        return fn
    known = b or fn
    return make_func(fn.name, fn.params, body, fn.results, known.types, known.shapes, fn.doc)


def respelled(fn: Func, chosen: Callable[[Assign], bool], spell: Callable[[Builder, Assign], object]) -> Func:
    """A function in which `spell` appends other lines for each that is `chosen`."""
    b = Builder.of(fn)

    def visit(block: Block) -> Block:
        with b.block() as lines:
            for stmt in block:
                if isinstance(stmt, Assign) and chosen(stmt):
                    with b.at(stmt.span):
                        spell(b, stmt)
                else:
                    b.add(map_blocks(stmt, visit))
        return tuple(lines)

    return with_body(fn, visit(fn.body), b)


def scalar(value: complex, dtype: str) -> Const:
    """A literal of an element type: Python's own float for float64, so that it prints plainly."""
    return Const(value) if dtype == "float64" else Const(np.dtype(dtype).type(value))


def neutral(op: str, dtype: str) -> Const:
    """What a sum, a maximum or a minimum begins with.

    >>> neutral("maximum", "float64").value, neutral("minimum", "int64").value == 2**63 - 1
    (-inf, True)
    """
    if op == "add":
        return Const(0) if dtype in ("int64", "bool") else scalar(0.0 if dtype.startswith("float") else 0, dtype)
    sign = -1 if op == "maximum" else 1
    if dtype.startswith("float"):
        return scalar(sign * np.inf, dtype)
    limits = np.iinfo(dtype)
    return Const(int(limits.max if sign > 0 else limits.min))


__all__ = ["BOOL", "INDEX", "ONE", "ZERO", "Builder", "Mark", "Shape", "make_func", "scalar", "with_body"]
