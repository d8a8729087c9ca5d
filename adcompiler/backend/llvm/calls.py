"""Calls of compiled functions from generated code, which catches no exceptions and hands on those of what it calls.

Numba gives each call memory for a result and for an exception, asks in six ways how it ended, and takes arrays apart
and together again on the way: a hundred lines for a product of two matrices.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from llvmlite import ir
from numba import types
from numba.core.callconv import RETCODE_NONE, RETCODE_OK
from numba.core.imputils import impl_ret_new_ref, user_function

from adcompiler.backend.llvm.array_access import element

# by functions of LLVM that catch no exceptions, their memory for results of the types met
_RESULTS: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


def catches_nothing(function: Any) -> None:
    """Let calls from a function of LLVM leave it where they raise an exception."""
    _RESULTS[function] = {}


def implementation(described: Any, libraries: Sequence[Any] = ()) -> Any:
    """What writes calls of a function that Numba has compiled, in the form in which Numba asks for it."""
    numbas = user_function(described, libraries)

    def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if builder.function not in _RESULTS or isinstance(described.restype, types.Optional):
            return numbas(context, builder, signature, args)
        convention, result = context.call_conv, described.restype
        function = context.declare_function(builder.module, described)
        place = _place(builder, convention.get_return_type(result).pointee)
        # an exception is described where the caller of this function looks for it
        raised = convention._get_excinfo_argument(builder.function)
        parts = [p for t, v in zip(described.argtypes, args, strict=True) for p in _parts(context, builder, t, v)]
        code = builder.call(function, [place, raised, *parts])
        failed = builder.icmp_signed("!=", code, RETCODE_OK)
        if result == types.none:
            failed = builder.and_(failed, builder.icmp_signed("!=", code, RETCODE_NONE))
        with builder.if_then(failed, likely=False):
            builder.ret(code)
        value = builder.load(place)
        if type(result) is not types.Array:
            value = context.get_returned_value(builder, result, value)
        return impl_ret_new_ref(context, builder, result, value)

    call.signature = described.argtypes  # type: ignore[attr-defined]
    call.libs = tuple(libraries)  # type: ignore[attr-defined]
    return call


def _place(builder: Any, kind: Any) -> Any:
    """Memory for the result of a call, which is read right after it: all of one type share it."""
    places = _RESULTS[builder.function]
    if str(kind) not in places:
        with builder.goto_entry_block():
            places[str(kind)] = builder.alloca(kind)
    return places[str(kind)]


def _parts(context: Any, builder: Any, kind: Any, value: Any) -> Iterator[Any]:
    """The numbers and addresses that an argument is passed as."""
    if type(kind) is types.Array:
        yield from _flat(builder, value)
    else:
        yield from context.get_arg_packer([kind]).as_arguments(builder, [value])


def _flat(builder: Any, value: Any) -> Iterator[Any]:
    if not isinstance(value.type, (ir.LiteralStructType, ir.ArrayType)):
        yield value
        return
    for position in range(len(value.type)):
        yield from _flat(builder, element(builder, value, position))
