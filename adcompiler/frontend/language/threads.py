"""What a kernel of `numba.cuda` knows of its threads: their numbers, memory of their own, additions to what they share.

The members of the module are told by their names: in Numba's simulator it has them only while a kernel runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from adcompiler.analysis.alias import aliases
from adcompiler.errors import ADCompilerError, Span, TypeProblem, UnsupportedSyntax
from adcompiler.frontend.arrays import indexing
from adcompiler.frontend.arrays.atoms import apply
from adcompiler.frontend.language.builtin_table import arity, builtin
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.library.creation import made
from adcompiler.frontend.state.coerce import as_dtype
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.numbers import static_int
from adcompiler.frontend.state.values import Conflict, Path, Seq, Static, Value, kind_of
from adcompiler.ir.threads import AXES, BARRIER, NUMBER, SHARED, thread_name
from adcompiler.ir.types import DTYPES, Type
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Const, Func, Store, Var

_MODULES = ("numba.cuda", "numba_cuda_mlir.cuda")
_PLACES = {"threadIdx": "thread", "blockIdx": "block", "blockDim": "block_dim", "gridDim": "grid_dim"}
_GROUPS = ("atomic", "local", "shared")
_REFUSED = {
    "const": ("constant memory", "pass the array as an argument"),
}


@dataclass(frozen=True, slots=True)
class Member:
    """A member of `numba.cuda`, by its name."""

    name: str


def is_cuda(module: ModuleType) -> bool:
    """Whether a module is `numba.cuda`."""
    return module.__name__ in _MODULES


def member(low: Lowering, name: str) -> Value:
    """`cuda.name`."""
    if not low.kernel:
        raise UnsupportedSyntax(
            f"cuda.{name} outside of a kernel", low.b.span, "decorate the kernel with adcompiler.cuda.kernel"
        )
    return Static(Member(name))


def attribute(low: Lowering, owner: Member, name: str) -> Value:
    """`cuda.threadIdx.x`, `cuda.atomic.add` and their like."""
    if owner.name in _PLACES and name in AXES:
        return thread(low, _PLACES[owner.name], AXES.index(name))
    if owner.name in _GROUPS:
        return Static(Member(f"{owner.name}.{name}"))
    raise unknown(low, owner if owner.name in _REFUSED else Member(f"{owner.name}.{name}"))


def thread(low: Lowering, what: str, axis: int) -> Var:
    """A number of the thread, which is a hidden parameter."""
    name = thread_name(what, axis)
    path = Path((NUMBER, name), name, lambda: 0)
    var = low.captures.number(0, path)
    if var.name != name:
        raise TypeProblem(
            f"'{name}', which stands for a number of the thread, is the name of another value", low.b.span, "rename it"
        )
    low.b.lower[var.name] = 0 if what in ("grid", "thread", "block") else 1
    return var


def unknown(low: Lowering, held: Member) -> ADCompilerError:
    """The error for a member that the language does not have."""
    what, fix = _REFUSED.get(held.name.partition(".")[0], (f"cuda.{held.name}", "see the page on kernels"))
    return UnsupportedSyntax(f"{what} in a differentiated kernel", low.b.span, fix)


@builtin(Member("grid"))
def grid(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`cuda.grid(n)`: the number of the thread along the first axis, or along each of several."""
    return _along(low, "grid", args)


@builtin(Member("gridsize"))
def grid_size(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`cuda.gridsize(n)`: how many threads there are."""
    return _along(low, "grid_size", args)


def _along(low: Lowering, what: str, args: list[Value]) -> Value:
    arity(low, f"cuda.{what}", args, 1, 1)
    count = static_int(low, resolved(low, args[0]), "the number of axes")
    if not 1 <= count <= len(AXES):
        raise TypeProblem(f"cuda.{what}({count})", low.b.span, "a launch has one, two or three axes")
    found = tuple(thread(low, what, axis) for axis in range(count))
    return found[0] if count == 1 else Seq(found)


@builtin(Member("local.array"))
def local_array(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`cuda.local.array(shape, dtype)`: memory of the thread's own."""
    extents, dtype = _form(low, args, kwargs, "local")
    return made(low.b, "empty", extents, dtype, hint=hint)


def _form(low: Lowering, args: list[Value], kwargs: dict[str, Value], what: str) -> tuple[tuple[Const, ...], str]:
    """The extents and the element type of memory that a kernel declares."""
    named = {**dict(zip(("shape", "dtype"), args, strict=False)), **kwargs}
    if set(named) != {"shape", "dtype"}:
        example = f"cuda.{what}.array(8, float64)"
        raise TypeProblem(f"cuda.{what}.array takes a shape and a dtype", low.b.span, example)
    shape, kind = resolved(low, named["shape"]), resolved(low, named["dtype"])
    items = shape.items if isinstance(shape, Seq) else (shape,)
    extents = tuple(Const(static_int(low, resolved(low, n), f"the extent of a {what} array")) for n in items)
    dtype = element_type(kind.value) if isinstance(kind, Static) else None
    return extents, dtype or as_dtype(low.b, kind, "float64")


@builtin(Member("shared.array"))
def shared_array(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`cuda.shared.array(shape, dtype)`: memory of a block, which is a hidden parameter of a thread."""
    extents, dtype = _form(low, args, kwargs, "shared")
    if any(n.value == 0 for n in extents):
        raise UnsupportedSyntax(
            "shared memory of a size given at the launch", low.b.span, "write its extents as literals"
        )
    span = low.b.span
    assert span is not None
    return low.captures.shared((SHARED, span.file, span.line, span.col), hint, Type(dtype, len(extents)), extents)


@builtin(Member("syncthreads"))
def barrier(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`cuda.syncthreads()`: afterwards a block's memory holds what other threads have stored.

    The lines say so by a store, into each array, of what nobody knows in a place that nobody knows.
    """
    b, number, any_size = low.b, Const(low.barriers), (Const(1 << 30),)
    low.barriers += 1
    for array in low.captures.of_kind(SHARED):
        type = b.type(array)
        place = low.captures.shared((BARRIER, "place"), BARRIER, Type("int64", 1), any_size)
        value = low.captures.shared((BARRIER, type.dtype), f"{BARRIER}_{type.dtype}", Type(type.dtype, 1), any_size)
        at = b.load(place, (number,), hint="at")
        b.store(array, (at,) * type.rank, b.load(value, (number,), hint="unknown"))
    return Static(None)


@builtin(Member("atomic.add"))
def atomic_add(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`cuda.atomic.add(array, index, value)`."""
    return _atomic(low, args, "add")


@builtin(Member("atomic.sub"))
def atomic_sub(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`cuda.atomic.sub(array, index, value)`."""
    return _atomic(low, args, "sub")


def _atomic(low: Lowering, args: list[Value], op: str) -> Value:
    arity(low, f"cuda.atomic.{op}", args, 3, 3)
    array, index, value = (resolved(low, a) for a in args)
    if not isinstance(array, Var) or not low.b.type(array).rank:
        raise low.refuse("operand", sign=f"cuda.atomic.{op}", kind=kind_of(array))
    items = list(index.items) if isinstance(index, Seq) else [index]
    if len(items) != low.b.type(array).rank:
        raise TypeProblem(f"cuda.atomic.{op} needs an index for each axis", low.b.span, "index one element")
    dtype = low.b.type(array).dtype
    if low.b.type(array).is_float and isinstance(value, (Var, Const)) and low.b.type(value).dtype != dtype:
        # the element stays of its type, and so is what is added to it
        value = low.b.emit("cast", value, dtype=dtype, weak=False)
    indexing.write(low.b, array, [resolved(low, i) for i in items], value, op)
    low.atomic.add((array, low.b.span))
    return Conflict("what an element held before threads added to it", "atomic-value")


def added_together(func: Func, atomic: Collection[tuple[Var, Span | None]], block: Sequence[Var]) -> set[Var]:
    """The arrays to which threads add, by their roots; raises where they do so without `cuda.atomic` too."""
    root = aliases(func).root
    places = {(root(array), span) for array, span in atomic}
    # threads use the memory of a block in turns, each in its own way
    together = {array for array, _ in places} - set(map(root, block))
    for stmt in walk(func.body):
        if isinstance(stmt, Store) and root(stmt.array) in together and (root(stmt.array), stmt.span) not in places:
            raise UnsupportedSyntax(
                f"an element of '{root(stmt.array)}', to which threads add, is used in another way",
                stmt.span,
                "change it with cuda.atomic.add alone",
            )
    return together


def _unary(name: str, op: str) -> None:
    @builtin(Member(name))
    def handler(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
        arity(low, f"cuda.{name}", args, 1, 1)
        x = resolved(low, args[0])
        if not isinstance(x, (Var, Const)):
            raise low.refuse("operand", sign=f"cuda.{name}", kind=kind_of(x))
        return apply(low.b, op, x, hint=hint)


_unary("cbrt", "cbrt")


@builtin(Member("fma"))
def fma(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`cuda.fma(a, b, c)`."""
    arity(low, "cuda.fma", args, 3, 3)
    a, b, c = (resolved(low, x) for x in args)
    if not all(isinstance(x, (Var, Const)) for x in (a, b, c)):
        raise low.refuse("operand", sign="cuda.fma", kind=kind_of(a))
    return apply(low.b, "add", apply(low.b, "mul", a, b), c, hint=hint)  # type: ignore[arg-type]


def element_type(held: object) -> str | None:
    """The element type that a type of Numba's names."""
    if type(held).__module__.partition(".")[0] not in ("numba", "numba_cuda_mlir"):
        return None
    name = "bool" if str(held) == "bool" else str(held)
    return name if name in DTYPES and name != "bool" else None


def scalar_type(held: object) -> type[np.generic] | None:
    """The scalar type of NumPy that a type of Numba's is."""
    dtype = element_type(held)
    return None if dtype is None else np.dtype(dtype).type


Handler = Callable[[Lowering, list[Value], dict[str, Value], str], Value]
__all__ = ["Member", "added_together", "attribute", "element_type", "is_cuda", "member", "scalar_type", "unknown"]
