"""Functions of `scipy.special` that compiled code calls where SciPy has them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# of one argument, of an order and an argument, of two parameters and an argument
_ONE = "j0 j1 y0 y1 i0 i1 k0 k1 i0e i1e k0e k1e erfcx dawsn expi exp1 ellipk ellipkm1 ellipe spence".split()
_TWO = "jv yv iv kv ive kve gammainc gammaincc gammaincinv".split()
_THREE = "betainc betaincinv".split()
#: The number of arguments of each.
SPECIAL: Mapping[str, int] = MappingProxyType(
    {name: count for count, names in enumerate((_ONE, _TWO, _THREE), 1) for name in names}
)
# SciPy has these for complex numbers too, and those of three arguments for single precision
_COMPLEX_FIRST = frozenset("erfcx dawsn expi exp1 spence jv yv iv kv ive kve".split())


def symbol(name: str) -> str:
    """The name under which `scipy.special.cython_special` has a function of double precision.

    >>> symbol("j0"), symbol("jv"), symbol("betainc")
    ('j0', '__pyx_fuse_1jv', '__pyx_fuse_0betainc')
    """
    if name in _COMPLEX_FIRST:
        return f"__pyx_fuse_1{name}"
    return f"__pyx_fuse_0{name}" if SPECIAL[name] == 3 else name


__all__ = ["SPECIAL", "symbol"]
