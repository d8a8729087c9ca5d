"""Types of the Wengert list: NumPy's element types, with Python's weak scalars."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_PARTS = {"complex64": "float32", "complex128": "float64"}
DTYPES = frozenset({"bool", *_INTEGERS, "float32", "float64", *_PARTS})


@dataclass(frozen=True, slots=True)
class Type:
    """Element type, rank and layout of a value.

    Parameters
    ----------
    dtype : str
        A NumPy dtype name of `DTYPES`.
    rank : int
        0 for a scalar; arrays have rank 1 or more (0-d arrays become scalars at the call).
    weak : bool
        True for a Python scalar, which takes the other operand's precision (NumPy 2 promotion).
    layout : str
        "C", "F" or "A" (any), as Numba writes them; "C" for scalars.
    """

    dtype: str
    rank: int = 0
    weak: bool = False
    layout: str = "C"

    @property
    def is_float(self) -> bool:
        """Whether values of this type can carry a derivative."""
        return self.dtype in ("float32", "float64", *_PARTS)

    @property
    def is_complex(self) -> bool:
        """Whether values have a real and an imaginary part."""
        return self.dtype in _PARTS

    @property
    def part(self) -> str:
        """The element type of a real part: itself where values are real."""
        return _PARTS.get(self.dtype, self.dtype)

    @property
    def is_generator(self) -> bool:
        """Whether the value is a random generator rather than a number or an array of numbers."""
        return self.dtype == "generator"

    @property
    def is_array(self) -> bool:
        """Whether the value is memory rather than a scalar."""
        return self.rank > 0

    @property
    def numpy(self) -> np.dtype[np.generic]:
        """The NumPy dtype of one element."""
        return np.dtype(self.dtype)

    @property
    def element(self) -> Type:
        """The type of one element: never weak."""
        return Type(self.dtype) if self.rank else self

    def array(self, rank: int, layout: str = "C") -> Type:
        """An array of this element type."""
        return replace(self, rank=rank, weak=False, layout=layout) if rank else replace(self, rank=0, layout="C")

    def __str__(self) -> str:
        if self.rank == 0:
            python = {"bool": "bool", "int64": "int", "float64": "float", "complex128": "complex"}
            return python[self.dtype] if self.weak else self.dtype
        return f"{self.dtype}[{', '.join(':' * self.rank)}]"


INDEX = Type("int64", weak=True)
BOOL = Type("bool", weak=True)
FLOAT = Type("float64", weak=True)
COMPLEX = Type("complex128", weak=True)
#: A random generator, which only draws read.
GENERATOR = Type("generator")


def type_of_value(value: object) -> Type:
    """The type of a Python or NumPy scalar.

    >>> type_of_value(1.5), type_of_value(np.float32(1))
    (Type(dtype='float64', rank=0, weak=True, layout='C'), Type(dtype='float32', rank=0, weak=False, layout='C'))
    """
    match value:
        case np.generic():
            return Type(value.dtype.name)
        case bool():
            return BOOL
        case int():
            return INDEX
        case float():
            return FLOAT
        case complex():
            return COMPLEX
    raise AssertionError(f"not a scalar of the language: {value!r}")
