"""New arrays in generated code, with one way out of a function for all that could not be made."""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.np.numpy_support import as_dtype

from adcompiler.backend.llvm.array_access import array_value
from adcompiler.backend.llvm.exits import raise_if

# a vector of 512 bits that is not in one cache line takes two reads, and Numba's own arrays begin at half a line
_ALIGNED = ir.Constant(ir.IntType(32), 64)
_TOO_BIG = "array is too big; `arr.size * arr.dtype.itemsize` is larger than the maximum possible size."
_NO_MEMORY = "Allocation failed (probably too large)."


def allocated(context: Any, builder: Any, kind: Any, extents: Sequence[Any]) -> tuple[Any, Any, Any]:
    """A new array in memory row by row, the address of its elements and their bytes; errors as Numba has them."""
    zero = ir.Constant(cgutils.intp_t, 0)
    raise_if(context, builder, [builder.icmp_signed("<", e, zero) for e in extents], "negative dimensions not allowed")
    item = ir.Constant(cgutils.intp_t, as_dtype(kind.dtype).itemsize)
    strides, overflows = [item], []
    for extent in reversed(extents):
        product = builder.smul_with_overflow(strides[0], extent)
        strides.insert(0, builder.extract_value(product, 0))
        overflows.append(builder.extract_value(product, 1))
    raise_if(context, builder, overflows, _TOO_BIG)
    memory = context.nrt.meminfo_alloc_aligned_unchecked(builder, strides[0], _ALIGNED)
    raise_if(context, builder, [cgutils.is_null(builder, memory)], _NO_MEMORY, MemoryError)
    data = context.nrt.meminfo_data(builder, memory)
    fields = {
        "meminfo": memory,
        "nitems": reduce(builder.mul, extents),
        "itemsize": item,
        "data": builder.bitcast(data, context.get_data_type(kind.dtype).as_pointer()),
        "shape": cgutils.pack_array(builder, extents, cgutils.intp_t),
        "strides": cgutils.pack_array(builder, strides[1:], cgutils.intp_t),
    }
    return array_value(context, builder, kind, fields), data, strides[0]
