"""One Wengert line as a Python expression."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from adcompiler.emit import parts
from adcompiler.emit.casts import NARROW, OPERATORS, Dialect, conversions
from adcompiler.emit.folding import Plan
from adcompiler.emit.functions.opaque import LETTERS, library_call, product
from adcompiler.emit.operators import (
    CHOSEN,
    MATH,
    SAME,
    TRUTH,
    nonzero,
    operator,
    power,
    reassociated,
    truth,
    whole_power,
)
from adcompiler.emit.runtime_calls import MANY, SHORT
from adcompiler.emit.syntax import LOAD, call, compare, dtype_name, literal, method, name, tuple_of
from adcompiler.emit.vector_functions import LANES
from adcompiler.ir.ops import OPS, kind
from adcompiler.ir.special import SPECIAL
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Assign, Atom, Const, Func, Index, Load, NewAxis, Slice, Store, Var, is_whole

_PYTHON = {"float64": "float", "int64": "int", "bool": "bool", "complex128": "complex"}


@dataclass(slots=True)
class Expressions:
    """Prints atoms and lines, folded lines in place of their names.

    Parameters
    ----------
    fn, plan, names
        What is printed, how, and under which variables.
    dialect : {"python", "numba"}
    functions : mapping
        Operations on scalars that are calls of another function: `{"sin": "rt.sin"}`.
    """

    fn: Func
    plan: Plan
    names: Mapping[Var, str]
    dialect: Dialect
    functions: Mapping[str, str] = field(default_factory=dict)

    def atom(self, atom: Atom) -> ast.expr:
        """A literal, a variable, or the folded expression of a name."""
        if isinstance(atom, Const):
            # Numba's own literals are int64, float64 and bool
            plain = self.dialect == "numba" and isinstance(atom.value, np.generic) and atom.type.dtype not in NARROW
            return literal(atom.value.item() if plain and isinstance(atom.value, np.generic) else atom.value)
        if atom in self.plan.folded:
            return self.line(self.plan.folded[atom])
        return name(self.names[atom])

    def line(self, stmt: Assign | Load) -> ast.expr:
        """The right side of a line."""
        if isinstance(stmt, Load):
            return self.element(stmt.array, stmt.index)
        match kind(stmt.op):
            case "elementwise":
                return self._elementwise(stmt)
            case "alloc":
                return self._alloc(stmt)
            case "view":
                return self._view(stmt)
            case "reduce":
                return self._reduce(stmt)
            case "copy":
                return method(self.atom(stmt.args[0]), "copy")
            case "contract":
                return self._product(stmt)
            case "opaque":
                return library_call(stmt, list(map(self.atom, stmt.args)), self.dialect, self.fn.type(stmt.args[-1]))
            case "shape":
                shape = ast.Attribute(self.atom(stmt.args[0]), "shape", LOAD)
                axis = dict(stmt.params)["axis"]
                assert isinstance(axis, int)
                return ast.Subscript(shape, ast.Constant(axis), LOAD)

    def stored(self, stmt: Store, product: Assign) -> ast.expr:
        """The call that computes a product in an array, or adds it to what stands there."""
        place = self.atom(stmt.array) if all(map(is_whole, stmt.index)) else self.element(stmt.array, stmt.index)
        letter = LETTERS[self.fn.types[stmt.array.name].dtype]
        return call(f"_{letter}product_into", place, *map(self.atom, product.args), ast.Constant(stmt.add))

    # -- indexing ------------------------------------------------------------------------------------------------

    def element(self, array: Var, index: Index, ctx: ast.expr_context = LOAD) -> ast.Subscript:
        """`array[index]`, without the whole axes at its end."""
        kept = list(index)
        while len(kept) > 1 and is_whole(kept[-1]) and not any(isinstance(i, NewAxis) for i in kept):
            kept.pop()
        return ast.Subscript(self.atom(array), tuple_of([self._item(i) for i in kept]), ctx)

    def _item(self, item: Slice | NewAxis | Atom) -> ast.expr:
        match item:
            case Slice(start, stop, step):
                lower, upper, by = (None if a is None else self.atom(a) for a in (start, stop, step))
                return ast.Slice(lower, upper, by)
            case NewAxis():
                return ast.Constant(None)
            case _:
                return self.atom(item)

    # -- elementwise ---------------------------------------------------------------------------------------------

    def _elementwise(self, stmt: Assign) -> ast.expr:
        op, types = stmt.op, [self.fn.type(a) for a in stmt.args]
        result = self.fn.types[stmt.target.name]
        if op == "cast":
            return self._cast(stmt, types[0], result)
        wanted = conversions(op, stmt.args, types, dict(stmt.params), self.dialect)
        args = [self._converted(a, dtype) for a, dtype in zip(stmt.args, wanted, strict=True)]
        if op in ("real", "imag", "conj", "complex"):
            return parts.expression(op, args, result, self.dialect)
        if result.rank:
            return self._on_arrays(op, args, result)
        if self.dialect == "numba" and ("reassociate", True) in stmt.params:
            return reassociated(op, args)
        if self.dialect == "numba" and ("opaque", True) in stmt.params:
            return call(SAME, *args)
        if self.dialect == "numba" and ("chosen", True) in stmt.params:
            return call(CHOSEN, *args)
        if self.dialect == "numba" and ("lanes", True) in stmt.params:
            return call(LANES[op], *args)
        tree = self._on_scalars(op, args, types, result)
        return call(dtype_name(result.dtype), tree) if self._wraps(op, result) else tree

    def _converted(self, arg: Atom, dtype: str | None) -> ast.expr:
        if dtype is None:
            return self.atom(arg)
        if isinstance(arg, Const):
            value = np.dtype(dtype).type(arg.value)
            typed = dtype in NARROW or (self.dialect == "python" and not arg.type.weak)
            return literal(value if typed else value.item())
        return call(dtype_name(dtype), self.atom(arg))

    def _wraps(self, op: str, result: Type) -> bool:
        """Whether the element type must be restored: Numba widens narrow integers, `math` narrow floats in Python."""
        if self.dialect == "python":
            return result.dtype == "float32" and OPS[op].ufunc is None and op not in ("where", "cut")
        return result.dtype in NARROW - {"float32", "uint64"} and op in OPERATORS

    def _on_scalars(self, op: str, args: list[ast.expr], types: list[Type], result: Type) -> ast.expr:
        if op in TRUTH and (op.startswith("logical") or all(t.dtype == "bool" for t in types)):
            values = zip(args, types, strict=True)
            return truth(TRUTH[op], [a if t.dtype == "bool" else nonzero(a) for a, t in values])
        match op:
            case "where":
                return ast.IfExp(args[0], args[1], args[2])
            case "cut":
                zero = parts.zero(result.dtype)
                product = ast.BinOp(args[0], ast.Mult(), args[1])
                return ast.IfExp(compare(args[0], ast.Eq(), zero), zero, product)
            case "short":
                many = compare(args[0], ast.Gt(), ast.Constant(MANY))
                return ast.BoolOp(ast.And(), [many, call(SHORT, *args)])
            case "split":
                return call("_split", *args)
            case "abs":
                return args[0] if result.dtype == "bool" else call("abs", *args)
            case "sign" if result.dtype.startswith("uint"):
                return call(dtype_name(result.dtype), nonzero(args[0]))
            case "maximum" | "minimum" if not result.is_float:
                return call("max" if op == "maximum" else "min", *args)
            case "floor" | "ceil" | "trunc" | "rint" if not result.is_float:
                return args[0]
            case "pow" if self.dialect == "numba" and whole_power(types):
                return power(*args)
        if (tree := operator(op, args)) is not None:
            return tree
        if any(t.is_complex for t in types):
            return call(f"np.{op}", *args)
        return call(self.functions.get(op) or self._function(op), *args)

    def _function(self, op: str) -> str:
        if op in SPECIAL:
            return f"_{op}" if self.dialect == "numba" else f"scipy.special.{op}"
        if op in MATH and (self.dialect == "numba" or OPS[op].ufunc is None):
            return f"math.{MATH[op]}"
        return f"np.{op}"

    def _on_arrays(self, op: str, args: list[ast.expr], result: Type) -> ast.expr:
        if op == "cut":
            zero = parts.zero(result.dtype if self.dialect == "numba" else "float64")
            product = ast.BinOp(args[0], ast.Mult(), args[1])
            return call("np.where", compare(args[0], ast.Eq(), zero), zero, product)
        if (tree := operator(op, args)) is not None:
            return tree
        if op in SPECIAL:
            return call(f"scipy.special.{op}", *args)
        if op != "where" and OPS[op].ufunc is None:
            types = ast.List([name(dtype_name(result.dtype))], LOAD)
            return call(call("np.vectorize", name(f"math.{MATH[op]}"), otypes=types), *args)
        return call(f"np.{op}", *args)

    def _cast(self, stmt: Assign, type: Type, result: Type) -> ast.expr:
        arg = self.atom(stmt.args[0])
        if type.rank:
            return method(arg, "astype", name(dtype_name(result.dtype)))
        plain = result.weak and not (self.dialect == "numba" and _differs_in_numba(type.dtype, result.dtype))
        return call(_PYTHON[result.dtype] if plain else dtype_name(result.dtype), arg)

    # -- arrays --------------------------------------------------------------------------------------------------

    def _alloc(self, stmt: Assign) -> ast.expr:
        dtype = self.fn.types[stmt.target.name].dtype
        args = list(map(self.atom, stmt.args))
        exact = {"dtype": name(dtype_name(dtype))}
        typed = {} if dtype == "float64" else exact
        if stmt.op == "arange":
            return self._arange(stmt, args, dtype)
        if stmt.op == "full" and stmt.args[0] == Const(1.0):
            return call("np.ones", tuple_of(args[1:]), **typed)
        if stmt.op == "full":
            given = self.fn.type(stmt.args[0]).dtype
            return call("np.full", tuple_of(args[1:]), args[0], **(typed if given == "float64" == dtype else exact))
        return call(f"np.{stmt.op}", tuple_of(args), **typed)

    def _arange(self, stmt: Assign, args: list[ast.expr], dtype: str) -> ast.expr:
        typed = {} if dtype == "int64" else {"dtype": name(dtype_name(dtype))}
        tree = call("np.arange", args[2], **typed)
        if stmt.args[1] != Const(1):
            tree = ast.BinOp(tree, ast.Mult(), args[1])
        if stmt.args[0] != Const(0):
            tree = ast.BinOp(args[0], ast.Add(), tree)
        return tree

    def _product(self, stmt: Assign) -> ast.expr:
        return product(list(map(self.atom, stmt.args)), list(map(self.fn.type, stmt.args)), self.dialect)

    def _view(self, stmt: Assign) -> ast.expr:
        base, *extents = map(self.atom, stmt.args)
        if stmt.op == "reshape":
            return method(base, "reshape", *extents)
        axes = dict(stmt.params)["axes"]
        assert isinstance(axes, tuple)
        if axes == tuple(reversed(range(len(axes)))):
            return ast.Attribute(base, "T", LOAD)
        return method(base, "transpose", *[ast.Constant(a) for a in axes])

    def _reduce(self, stmt: Assign) -> ast.expr:
        params, rank = dict(stmt.params), self.fn.type(stmt.args[0]).rank
        axes, keywords = params["axes"], {}
        assert isinstance(axes, tuple)
        # argmax takes one axis or all of them
        some = len(axes) < rank or (params.get("keepdims") and stmt.op not in ("argmax", "argmin"))
        if some:
            keywords["axis"] = tuple_of([ast.Constant(a) for a in axes])
        if params.get("dtype"):
            keywords["dtype"] = name(dtype_name(str(params["dtype"])))
        if params.get("keepdims"):
            keywords["keepdims"] = ast.Constant(True)
        return call(f"np.{stmt.op}", self.atom(stmt.args[0]), **keywords)


def _differs_in_numba(dtype: str, to: str) -> bool:
    """Whether Numba has no such conversion of Python's: its int() of an unsigned number stays so, bool is no float."""
    return to == "int64" if dtype.startswith("uint") else dtype == "bool" and to != "int64"
