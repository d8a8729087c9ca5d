"""Calls in generated code for which Numba compiles functions of its own, made of instructions instead.

Numba implements `np.empty`, `np.zeros`, `np.dot` and `max` in Python, and compiles each for each rank, element type and
kind of argument before the function that calls it: a text with a few arrays takes twice as long for that.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core import ir as numba_ir
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import get_definition, guard
from numba.core.typing.npydecl import parse_dtype, parse_shape
from numba.extending import intrinsic

from adcompiler.backend.llvm.allocation import allocated
from adcompiler.backend.llvm.array_access import Fields, element
from adcompiler.backend.llvm.exits import raise_if


def _array(shape: Any, dtype: Any) -> Any:
    """The type of an array that a call makes, from those of its arguments; None unless it is of plain numbers."""
    element, rank = types.float64 if dtype is None else parse_dtype(dtype), parse_shape(shape)
    if not rank or not isinstance(element, (types.Number, types.Boolean)):
        return None
    return types.Array(element, rank, "C")


def _make(shape: Any, dtype: Any, zeros: bool) -> Any:
    """What an intrinsic of these arguments gives."""
    made = _array(shape, dtype)
    if made is None:
        return None

    def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = [shape] if isinstance(shape, types.Integer) else list(shape)
        values = (
            [args[0]] if isinstance(shape, types.Integer) else [element(builder, args[0], k) for k in range(len(kinds))]
        )
        extents = [context.cast(builder, v, t, types.intp) for v, t in zip(values, kinds, strict=True)]
        value, data, size = allocated(context, builder, made, extents)
        if zeros:
            cgutils.memset(builder, data, size, 0)
        return value

    return made(shape) if dtype is None else made(shape, dtype), call


def _maker(zeros: bool) -> dict[int, Any]:
    """The intrinsics for `np.empty` or `np.zeros`, by their number of arguments."""

    @intrinsic
    def made(typing: Any, shape: Any) -> Any:
        return _make(shape, None, zeros)

    @intrinsic
    def made_of(typing: Any, shape: Any, dtype: Any) -> Any:
        return _make(shape, dtype, zeros)

    return {1: made, 2: made_of}


def _extreme(plain: Any, comparison: str) -> dict[int, Any]:
    """The intrinsic for `max` or `min` of two numbers: one comparison of integers, Numba's function for others."""

    @intrinsic
    def extreme(typing: Any, a: Any, b: Any) -> Any:
        if a == b == types.int64:

            def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
                return builder.select(builder.icmp_signed(comparison, *args), *args)

            return a(a, b), call
        found = typing.resolve_function_type(typing.resolve_value_type(plain), (a, b), {})

        def general(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return context.compile_internal(builder, lambda a, b: plain(a, b), signature, args)

        return found and (found.return_type(a, b), general)

    return {2: extreme}


@intrinsic
def _dot(typing: Any, a: Any, b: Any) -> Any:
    """`np.dot`, which is a call of BLAS for vectors whose elements follow each other."""
    vectors = a == b and isinstance(a, types.Array) and a.ndim == 1 and a.layout == "C"
    if vectors and a.dtype in (types.float32, types.float64, types.complex64, types.complex128):
        return a.dtype(a, b), _vectors_product
    found = typing.resolve_function_type(typing.resolve_value_type(np.dot), (a, b), {})

    def general(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.compile_internal(builder, lambda a, b: np.dot(a, b), signature, args)

    return found and (found.return_type(a, b), general)


def _vectors_product(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    from numba.np.linalg import call_xxdot, ensure_blas

    ensure_blas()
    dtype = signature.return_type
    x, y = (Fields(builder, context.data_model_manager[t], v, None) for t, v in zip(signature.args, args, strict=True))
    count, result = x.read("shape", 0), cgutils.alloca_once(builder, context.get_value_type(dtype))
    wrong = builder.icmp_signed("!=", count, y.read("shape", 0))
    raise_if(context, builder, [wrong], "incompatible array sizes for np.dot(a, b) (vector * vector)")
    long = builder.icmp_signed(">", count, ir.Constant(cgutils.intp_t, 2**31 - 1))
    raise_if(context, builder, [long], "array size too large to fit in C int")
    call_xxdot(context, builder, False, dtype, count, x.read("data"), y.read("data"), result)
    return builder.load(result)


_OF_NUMPY = {"empty": _maker(False), "zeros": _maker(True), "dot": {2: _dot}}
_OF_PYTHON = {max: _extreme(max, ">"), min: _extreme(min, "<")}


@register_pass(mutates_CFG=False, analysis_only=False)
class KnownCalls(FunctionPass):
    """Lets the calls named above refer to these functions; the names of arguments are lost, their order is the same."""

    _name = "known_calls"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Change the lines in place, as Numba's passes do."""
        changed = False
        for block in state.func_ir.blocks.values():
            body = []
            for line in block.body:
                instead = _instead(state.func_ir, line)
                if instead is not None:
                    call = line.value
                    name = block.scope.redefine("$known", line.loc)
                    value = numba_ir.Global("known", instead, line.loc)
                    state.func_ir._definitions[name.name].append(value)
                    body.append(numba_ir.Assign(value, name, line.loc))
                    line.value = numba_ir.Expr.call(name, [*call.args, *(v for _, v in call.kws)], (), line.loc)
                    state.func_ir._definitions[line.target.name] = [
                        line.value if one is call else one for one in state.func_ir._definitions[line.target.name]
                    ]
                    changed = True
                body.append(line)
            block.body = body
        return changed


def _instead(func_ir: Any, line: Any) -> Any:
    """The function above that a line may call; None where it calls another."""
    call = line.value if isinstance(line, numba_ir.Assign) else None
    if not isinstance(call, numba_ir.Expr) or call.op != "call" or call.vararg is not None:
        return None
    called = guard(get_definition, func_ir, call.func)
    count = len(call.args) + len(call.kws)
    if isinstance(called, numba_ir.Global) and isinstance(called.value, type(max)):
        return None if call.kws else _OF_PYTHON.get(called.value, {}).get(count)
    if isinstance(called, numba_ir.Expr) and called.op == "getattr" and called.attr in _OF_NUMPY:
        module = guard(get_definition, func_ir, called.value)
        if isinstance(module, numba_ir.Global) and module.value is np and [k for k, _ in call.kws] in ([], ["dtype"]):
            return _OF_NUMPY[called.attr].get(count)
    return None
