"""A compiled function for arguments of the types that it was compiled for, and no others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numba
from numba import _dispatcher
from numba.core import types
from numba.core.errors import NumbaError
from numba.core.registry import CPUDispatcher
from numba.core.typeconv.rules import default_type_manager


class Exact(_dispatcher.Dispatcher):
    """The machine code of a dispatcher for one signature; for arguments of other types it gives `otherwise`.

    A dispatcher looks at the types of its arguments in C. A caller that relies on this need not look at them itself,
    which in Python takes longer than many a function.

    Parameters
    ----------
    dispatcher : CPUDispatcher
        A function that is compiled for the signature.
    signature : tuple of numba.types.Type
        The types of its arguments.
    otherwise : object
        What a call with other arguments gives.
    """

    def __init__(self, dispatcher: Any, signature: tuple[Any, ...], otherwise: object) -> None:
        count = len(signature)
        names = tuple(f"a{k}" for k in range(count))
        # without names or defaults to fill in, without a fallback or further arguments, and without conversions
        manager = default_type_manager.get_pointer()  # type: ignore[no-untyped-call]
        super().__init__(manager, count, False, names, (), False, False, True)
        # which owns the machine code
        self.dispatcher, self.otherwise = dispatcher, otherwise
        code = dispatcher.overloads[signature].entry_point
        self._insert([type._code for type in signature], code, False)  # type: ignore[attr-defined]

    def typeof_pyval(self, value: object) -> Any:
        """The type of an argument, where Numba's code in C asks for it."""
        try:
            return numba.typeof(value)  # type: ignore[no-untyped-call]
        except (NumbaError, ValueError):
            return types.pyobject

    def _compile_for_args(self, *args: object) -> Callable[..., object]:
        """What Numba calls instead, where the types are others."""
        return lambda *args: self.otherwise


def exact(function: Callable[..., Any], args: Sequence[object], otherwise: object) -> Exact | None:
    """The machine code of a function for arguments like these; None for one that is not compiled by Numba for them.

    >>> @numba.njit
    ... def double(x):
    ...     return 2 * x
    >>> double(1.5), double(3)
    (3.0, 6)
    >>> found = exact(double, (1.5,), "no float")
    >>> found(2.5), found(3), exact(double, (None,), "no float")
    (5.0, 'no float', None)
    """
    if not isinstance(function, CPUDispatcher):
        return None
    signature = tuple(numba.typeof(arg) for arg in args)  # type: ignore[no-untyped-call]
    return Exact(function, signature, otherwise) if signature in function.overloads else None
