"""Runs a `Func` with NumPy, line by line: what a Wengert list means, with its declared types and shapes checked."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import linalg, special

from adcompiler.emit.functions.opaque import library_functions
from adcompiler.ir.ops import OPS
from adcompiler.ir.special import SPECIAL as SCIPY
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Check,
    Const,
    Func,
    Grow,
    Index,
    Load,
    Loop,
    NewAxis,
    Note,
    Print,
    Slice,
    Stmt,
    Store,
    Var,
    While,
)

GARBAGE = {"f": np.nan, "c": np.nan, "i": -(2**7), "u": 2**7, "b": True}
SPECIAL = {
    **{"erf": special.erf, "erfc": special.erfc, "gamma": special.gamma, "lgamma": special.gammaln},
    **{name: getattr(special, name) for name in SCIPY},
}


def run(fn: Func, *args: Any) -> tuple[Any, ...]:
    """The results of `fn`; arrays among the arguments are used as they are, so that what it writes is seen."""
    assert len(args) == len(fn.params), f"{fn.name} takes {len(fn.params)} arguments, not {len(args)}"
    machine = Machine(fn)
    with np.errstate(all="ignore"):
        for param, arg in zip(fn.params, args, strict=True):
            machine.env[param.name] = machine.typed(arg, fn.types[param.name])
        machine.block(fn.body)
        for param in fn.params:
            machine.check_shape(param)
        return tuple(machine.value(r) for r in fn.results)


class Machine:
    """The values of names while a function runs."""

    def __init__(self, fn: Func) -> None:
        self.fn = fn
        self.env: dict[str, Any] = {}
        self.tapes: dict[int, Any] = {}

    # -- values --------------------------------------------------------------------------------------------------

    def value(self, atom: Atom) -> Any:
        return atom.value if isinstance(atom, Const) else self.env[atom.name]

    def typed(self, value: Any, type: Type) -> Any:
        """A value in its declared form; an array must have it already."""
        if type.rank:
            assert isinstance(value, np.ndarray) and (value.dtype, value.ndim) == (type.numpy, type.rank), (value, type)
            flags = value.flags
            assert {"C": flags.c_contiguous, "F": flags.f_contiguous, "A": True}[type.layout], type
            return value
        assert np.ndim(value) == 0, value
        strong = type.numpy.type(value)
        return strong.item() if type.weak else strong

    def define(self, target: Var, value: Any) -> None:
        self.env[target.name] = self.typed(value, self.fn.types[target.name])
        self.check_shape(target)

    def check_shape(self, var: Var) -> None:
        """The declared extents are those of the array, unless it is a tape that has grown."""
        if var.name in self.fn.shapes and id(self.env[var.name]) not in self.tapes:
            declared = tuple(int(self.value(a)) for a in self.fn.shapes[var.name])
            assert np.shape(self.env[var.name]) == declared, f"{var}: {np.shape(self.env[var.name])}, not {declared}"

    def index(self, index: Index, array: Any) -> tuple[Any, ...]:
        """NumPy's index; the extents recorded in slices are checked against what they select."""
        found: list[Any] = []
        axis = 0
        for item in index:
            if isinstance(item, NewAxis):
                found.append(None)
                continue
            if isinstance(item, Slice):
                parts = slice(*(None if a is None else int(self.value(a)) for a in (item.start, item.stop, item.step)))
                selected = range(array.shape[axis])[parts]
                assert len(selected) == self.value(item.size), (item, array.shape)
                assert not selected or selected[0] == self.value(item.first), (item, array.shape)
                found.append(parts)
            else:
                found.append(int(self.value(item)))
            axis += 1
        assert axis == array.ndim, f"{index} does not cover {array.ndim} axes"
        return tuple(found)

    # -- statements ----------------------------------------------------------------------------------------------

    def block(self, block: Block) -> None:
        for stmt in block:
            self.statement(stmt)

    def statement(self, stmt: Stmt) -> None:
        match stmt:
            case Assign():
                args = [self.value(a) for a in stmt.args]
                result = operation(stmt.op, args, dict(stmt.params), self.fn.types[stmt.target.name])
                # NumPy keeps the order of its operands, the language makes new arrays in C order
                view = np.ndim(result) == 0 or OPS[stmt.op].kind == "view"
                self.define(stmt.target, result if view else np.ascontiguousarray(result))
            case Load(target=target, array=array, index=index):
                memory = self.env[array.name]
                self.define(target, memory[self.index(index, memory)])
            case Store(array=array, index=index, value=value, add=add):
                memory = self.env[array.name]
                place = self.index(index, memory)
                memory[place] = memory[place] + self.value(value) if add else self.value(value)
            case Loop():
                self.loop(stmt)
            case While():
                self.repeat(stmt)
            case Branch():
                chosen = bool(self.value(stmt.test))
                self.block(stmt.then if chosen else stmt.other)
                values = [self.value(o.then if chosen else o.other) for o in stmt.outs]
                self.define_all([o.var for o in stmt.outs], values)
            case Check(failed=failed, exception=exception, message=message):
                if self.value(failed):
                    raise getattr(builtins, exception)(message)
            case Grow(array=array, row=row):
                self.grow(array, int(self.value(row)))
            case Print(args=args, text=text, end=end, to=to):
                values = [a if isinstance(a, str) else self.value(a) for a in args]
                file = sys.stderr if to else None
                print(*values) if text is None else print(text.format(*values), end=end, file=file)
            case Note():
                pass

    def define_all(self, targets: Sequence[Var], values: Sequence[Any]) -> None:
        for target, value in zip(targets, values, strict=True):
            self.define(target, value)

    def loop(self, stmt: Loop) -> None:
        values = [self.value(c.init) for c in stmt.carried]
        for index in range(*(int(self.value(a)) for a in (stmt.start, stmt.stop, stmt.step))):
            self.define(stmt.index, index)
            self.define_all([c.var for c in stmt.carried], values)
            self.block(stmt.body)
            values = [self.value(c.next) for c in stmt.carried]
            if stmt.until is not None and self.value(stmt.until):
                break
        self.define_all([c.out for c in stmt.carried], values)

    def repeat(self, stmt: While) -> None:
        values = [self.value(c.init) for c in stmt.carried]
        while True:
            self.define_all([c.var for c in stmt.carried], values)
            self.block(stmt.condition)
            if not self.value(stmt.test):
                break
            self.block(stmt.body)
            values = [self.value(c.next) for c in stmt.carried]
        self.define_all([c.out for c in stmt.carried], [self.env[c.var.name] for c in stmt.carried])

    def grow(self, array: Var, row: int) -> None:
        """Lengthen a tape just enough; every name of the same memory sees the new one."""
        old = self.env[array.name]
        if row < len(old):
            return
        new = garbage((row + 1, *old.shape[1:]), old.dtype.name)
        new[: len(old)] = old
        self.tapes[id(new)] = new
        for name, value in self.env.items():
            if value is old:
                self.env[name] = new


# -- operations ------------------------------------------------------------------------------------------------------


def garbage(shape: Sequence[int], dtype: str) -> Any:
    """Memory that shows when it is read before it is written."""
    return np.full(tuple(int(n) for n in shape), GARBAGE[np.dtype(dtype).kind], dtype)


def operation(op: str, args: list[Any], params: dict[str, Any], type: Type) -> Any:
    """One operation of the catalogue on NumPy's values."""
    match OPS[op].kind:
        case "elementwise":
            return elementwise(op, args, type)
        case "alloc":
            return allocated(op, args, type)
        case "copy":
            return np.array(args[0], order="C")
        case "view":
            return view(op, args, params)
        case "reduce":
            return reduced(op, args[0], params, type)
        case "contract":
            common = np.result_type(*args)
            return np.dot(args[0].astype(common), args[1].astype(common))
        case "opaque":
            return opaque(op, args, params)
        case _:
            return args[0].shape[params["axis"]]


def elementwise(op: str, args: list[Any], type: Type) -> Any:
    """A function of each element, with broadcasting."""
    ufunc = OPS[op].ufunc
    if ufunc is not None:
        return ufunc(*args)
    if op == "where":
        return np.where(*args)
    if op == "cast":
        return np.asarray(args[0]).astype(type.dtype)[()]
    if op == "cut":
        g, p = args
        product = np.multiply(g, p)
        return np.where(np.equal(g, 0), np.zeros_like(product), product)
    if op in ("real", "imag"):
        return np.array(getattr(np.asarray(args[0]), op))[()]
    if op == "complex":
        return (np.asarray(args[0]) + type.numpy.type(1j) * np.asarray(args[1])).astype(type.dtype)[()]
    if op == "short":
        return False
    if op == "split":
        names: dict[str, Any] = {"np": np}
        exec(library_functions({"_split"}, "python"), names)
        return names["_split"](*args)
    return SPECIAL[op](*args)


def opaque(op: str, args: list[Any], params: dict[str, Any]) -> Any:
    """A call of a library on whole arrays."""
    match op:
        case "argsort":
            return np.argsort(args[0], kind="stable")
        case "cofactor":
            u, s, vh = np.linalg.svd(args[0])
            others = np.array([np.prod(np.delete(s, k)) for k in range(len(s))], s.dtype)
            sign = np.linalg.det(u) * np.linalg.det(vh)
            return (sign * (u.conj() * others) @ vh.conj()).astype(args[0].dtype)
        case "solve_triangular":
            return linalg.solve_triangular(*args, lower=params["lower"])
        case "fft":
            return np.fft.ifft(args[0], norm="forward") if params["inverse"] else np.fft.fft(args[0])
        case "eigh":
            if params["robust"]:
                return np.vstack(linalg.eigh(args[0], lower=params["lower"]))
            return np.vstack(np.linalg.eigh(args[0], "L" if params["lower"] else "U"))
        case "qr":
            return np.vstack(np.linalg.qr(args[0]))
        case "lu":
            return np.vstack(linalg.lu_factor(args[0]))
        case "lu_solve":
            f, right = args
            return linalg.lu_solve((f[:-1], f[-1].real.astype(int)), right, int(params["back"]))
        case "slogdet":
            f = args[0]
            ones = np.tri(len(f) - 1, k=-1) * f[:-1] + np.eye(len(f) - 1)
            size = np.linalg.slogdet(ones @ np.triu(f[:-1]))
            odd = np.sum(f[-1].real != np.arange(len(f) - 1)) % 2
            return np.array([-size[0] if odd else size[0], size[1]])
        case "svd":
            u, s, vh = np.linalg.svd(args[0], full_matrices=False)
            return np.vstack([u, s, vh.T])
        case _:
            found = getattr(np.linalg, op)(*args)
            return np.ascontiguousarray(found) if np.ndim(found) else found


def allocated(op: str, args: list[Any], type: Type) -> Any:
    """A new array."""
    match op:
        case "empty":
            return garbage(args, type.dtype)
        case "zeros":
            return np.zeros(tuple(args), type.dtype)
        case "full":
            return np.full(tuple(args[1:]), args[0], type.dtype)
        case _:
            start, step, extent = args
            return (start + step * np.arange(extent)).astype(type.dtype)


def view(op: str, args: list[Any], params: dict[str, Any]) -> Any:
    """The same memory in another shape."""
    if op == "transpose":
        return np.transpose(args[0], params["axes"])
    assert args[0].flags.c_contiguous, "reshape of an array that is not contiguous"
    return args[0].reshape(tuple(args[1:]))


def reduced(op: str, x: Any, params: dict[str, Any], type: Type) -> Any:
    """A reduction over axes; argmax and argmin take one axis or all of them."""
    axes, keepdims = params["axes"], bool(params.get("keepdims"))
    if op in ("sum", "prod"):
        return getattr(np, op)(x, axis=axes, keepdims=keepdims, dtype=type.dtype)
    if op in ("argmax", "argmin"):
        axis = axes[0] if len(axes) == 1 else None
        return getattr(np, op)(x, axis=axis, keepdims=keepdims)
    return getattr(np, op)(x, axis=axes, keepdims=keepdims)
