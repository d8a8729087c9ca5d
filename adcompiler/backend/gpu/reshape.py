"""Arrays of a GPU under another shape inside of kernels, for which Numba calls a function that only processors have."""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from adcompiler.backend.gpu.cuda import simulated


def reshaping() -> Any:
    """What kernels call as `reshaped(array, extents)`, of a contiguous array with as many elements."""
    if simulated():
        return lambda array, extents: array.reshape(extents)
    extending, arrays = map(importlib.import_module, ("numba.cuda.extending", "numba.cuda.np.arrayobj"))

    def reshaped(typing: Any, array: Any, extents: Any) -> Any:
        def view(context: Any, builder: Any, signature: Any, args: Sequence[Any]) -> Any:
            old = arrays.make_array(array)(context, builder, args[0])
            new = arrays.make_array(signature.return_type)(context, builder)
            given = zip(arrays.cgutils.unpack_tuple(builder, args[1]), extents, strict=True)
            shape = [context.cast(builder, value, of, extending.types.intp) for value, of in given]
            strides = [old.itemsize]
            for extent in shape[:0:-1]:
                strides.insert(0, builder.mul(strides[0], extent))
            kept = {"itemsize": old.itemsize, "meminfo": old.meminfo, "parent": old.parent}
            arrays.populate_array(new, data=old.data, shape=shape, strides=strides, **kept)
            return new._getvalue()

        return array.copy(ndim=len(extents), layout="C")(array, extents), view

    return extending.intrinsic(reshaped)
