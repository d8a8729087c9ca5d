"""Every operation on every kind of argument: the text computes in the element types that NumPy uses."""

import itertools

import numpy as np
import pytest

from adcompiler.ir.build import Builder
from adcompiler.ir.infer import infer
from adcompiler.ir.ops import OPS, takes_complex
from adcompiler.ir.special import SPECIAL as DOUBLE
from adcompiler.ir.types import BOOL, COMPLEX, DTYPES, FLOAT, INDEX, Type
from adcompiler.ir.wengert import Const, Func, Var
from tests.support.interpret import run
from tests.support.printed import compiled, outcome, python, same

F32 = Type("float32")
KINDS: dict[str, tuple[Type, object]] = {
    "float": (FLOAT, 0.75),
    "float64": (Type("float64"), np.float64(0.625)),
    "float32": (F32, np.float32(0.1)),
    "int": (INDEX, 3),
    "int64": (Type("int64"), np.int64(2)),
    "int32": (Type("int32"), np.int32(5)),
    "uint8": (Type("uint8"), np.uint8(200)),
    "bool": (BOOL, True),
    "bool_": (Type("bool"), np.bool_(True)),
    "complex": (COMPLEX, 0.75 - 0.5j),
    "complex64": (Type("complex64"), np.complex64(0.25 + 0.5j)),
}
COMPILED = [
    *((k,) for k in ("float", "float32", "int", "int32", "uint8", "bool")),
    *itertools.product(("float", "float32", "int", "int32"), repeat=2),
    *(("uint8", "int"), ("int", "uint8"), ("uint8", "float32"), ("bool", "float32"), ("bool", "bool")),
    *((k,) for k in ("complex", "complex64")),
    *itertools.product(("complex", "complex64"), repeat=2),
    *(("float", "complex64"), ("complex64", "float"), ("complex64", "int"), ("float32", "complex"), ("int", "complex")),
]
SPECIAL = ("erf", "erfc", "gamma", "lgamma")


def arity(op: str) -> int:
    ufunc = OPS[op].ufunc
    return ufunc.nin if ufunc else {"where": 3, "cut": 2, "complex": 2}.get(op, 1)


def means_something(op: str, kinds: tuple[str, ...]) -> bool:
    """Not: a factor that is no float, a shift past the width, a factorial past the range, half precision."""
    if op in DOUBLE:
        # called in double precision alone, and tried in tests/test_special.py
        return False
    whether = any(k.startswith("complex") for k in kinds)
    if op in ("real", "imag", "conj", "complex"):
        return whether if op != "complex" else len(set(kinds)) == 1 and kinds[0].startswith("float")
    if whether:
        return takes_complex(op) and (op != "cut" or kinds[0].startswith(("complex", "float")))
    if op == "cut":
        return any(k.startswith("float") for k in kinds)
    return not (("shift" in op and kinds[-1] == "uint8") or (op in SPECIAL and kinds == ("uint8",)))


def result_dtype(op: str, types: list[Type]) -> str:
    """The element type of a result; nothing where there is no such operation, or it counts with truth values."""
    try:
        dtype = infer(op, types, {}).dtype
    except TypeError:
        return ""
    return "" if dtype == "int8" and all(t.dtype == "bool" for t in types) else dtype


def every_op(kinds: tuple[str, ...], rank: int = 0) -> tuple[Func, list[object]]:
    """A function that returns every operation of these kinds of arguments."""
    b = Builder()
    extent = (Const(2),) * rank
    args = [b.var(f"x_{k}", KINDS[kind][0].array(rank) if k == 0 else KINDS[kind][0], extent if k == 0 else ())
            for k, kind in enumerate(kinds)]  # fmt: skip
    test = b.var("test", BOOL)
    results: list[Var] = []
    for op in OPS:
        if OPS[op].kind != "elementwise" or op in ("cast", "split", "short") or not means_something(op, kinds):
            continue
        if arity(op) == len(kinds) + (op == "where"):
            operands = [*([test] if op == "where" else []), *args]
            if result_dtype(op, [b.type(a) for a in operands]) in DTYPES:
                results.append(b.emit(op, *operands))
    values = [KINDS[kind][1] for kind in kinds]
    values[0] = np.full(2, values[0], KINDS[kinds[0]][0].dtype) if rank else values[0]
    return b.finish("ops", [*args, test], results), [*values, True]


ALL_KINDS = [(k,) for k in KINDS] + list(itertools.product(KINDS, KINDS))


@pytest.mark.parametrize("kinds", ALL_KINDS, ids=" ".join)
def test_scalar_operations_in_python(kinds: tuple[str, ...]) -> None:
    fn, args = every_op(kinds)
    with np.errstate(all="ignore"):
        expected = run(fn, *args)
    same(outcome(python(fn), tuple(args))[: len(expected)], expected)


@pytest.mark.parametrize("kinds", ALL_KINDS, ids=" ".join)
def test_array_operations_in_python(kinds: tuple[str, ...]) -> None:
    fn, args = every_op(kinds, rank=1)
    expected = run(fn, *args)
    same(outcome(python(fn), tuple(args))[: len(expected)], expected)


@pytest.mark.parametrize("kinds", COMPILED, ids=" ".join)
def test_scalar_operations_in_numba(kinds: tuple[str, ...]) -> None:
    fn, args = every_op(kinds)
    function = compiled(fn)
    expected = run(fn, *args)
    same(outcome(function, tuple(args))[: len(expected)], expected)
    inferred = function.nopython_signatures[0].return_type
    found = [str(t) for t in getattr(inferred, "types", [getattr(inferred, "dtype", inferred)] * len(expected))]
    assert found == [fn.type(r).dtype for r in fn.results]
