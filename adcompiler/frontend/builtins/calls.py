"""Which builtin functions, and scalar types of NumPy, the language knows."""

from __future__ import annotations

import numpy as np

# importing a module of handlers enters them
from adcompiler.frontend.builtins import iterators, numbers, objects, printing, sequences
from adcompiler.frontend.language import places
from adcompiler.frontend.language.builtin_table import TABLE, Builtin
from adcompiler.frontend.language.threads import scalar_type
from adcompiler.handlers import enter_handler

HANDLERS = (iterators, numbers, objects, places, sequences, printing)


def lookup(held: object) -> Builtin | None:
    """The handler of a builtin, or of a scalar type of NumPy; None where there is none.

    >>> lookup(len) is None, lookup(np.float32) is None, lookup(eval) is None
    (False, False, True)
    """
    try:
        enter_handler(held)
        found = TABLE.get(held)
    except TypeError:
        return None
    if found is None and isinstance(held, type) and issubclass(held, np.generic):
        return numbers.numpy_scalar(held)
    if found is None and (kind := scalar_type(held)) is not None:
        return numbers.numpy_scalar(kind)
    return found
