"""Functions of the library that are compiled when machine code first calls them.

A function that is right for all sizes has parts that a program's sizes may never reach, as the Fourier transform of a
length with large factors. Instead of a call of such a part there are a few instructions with a place for the address of
the part, which they ask for once.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

import pickle
from typing import Any

#: By this symbol machine code asks for an address.
SYMBOL = "adcompiler_lazy"


def stands_for(name: str, parameters: str, stem: str, kept: bool) -> str:
    """The text of what stands for the function; `stem` is how the machine code of this is found, if it is `kept`."""
    return f'''import numba.extending


@numba.extending.intrinsic
def {name}(typing, {parameters}):
    """Call the function of the library of this name, compiled at the first call."""
    return _calling("{name}", "{stem}", {kept}, {parameters})
'''


def calling(name: str, stem: str, kept: bool, *kinds: Any) -> Any:
    """What an intrinsic gives that calls a function, which returns nothing, with arguments of these types."""
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils

    kinds = tuple(map(types.unliteral, kinds))
    asked = pickle.dumps((name, stem, kept, kinds))

    def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = cgutils.add_global_variable(builder.module, cgutils.voidptr_t, ".lazy")
        place.linkage, place.initializer = "internal", ir.Constant(cgutils.voidptr_t, None)
        with builder.if_then(cgutils.is_null(builder, builder.load(place)), likely=False):
            question = cgutils.global_constant(builder, ".asked", cgutils.make_bytearray(asked))
            ask = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, cgutils.intp_t, cgutils.voidptr_t])
            ask = cgutils.get_or_insert_function(builder.module, ask, SYMBOL)
            pointers = [builder.bitcast(pointer, cgutils.voidptr_t) for pointer in (question, place)]
            builder.call(ask, [pointers[0], ir.Constant(cgutils.intp_t, len(asked)), pointers[1]])
            with builder.if_then(cgutils.is_null(builder, builder.load(place)), likely=False):
                context.call_conv.return_user_exc(builder, RuntimeError, (f"{name} could not be compiled",))
        function = context.call_conv.get_function_type(types.none, kinds).as_pointer()
        function = builder.bitcast(builder.load(place), function)
        status, _ = context.call_conv.call_function(builder, function, types.none, kinds, args)
        with builder.if_then(status.is_error, likely=False):
            context.call_conv.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.none(*kinds), call
