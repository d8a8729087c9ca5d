"""The signature of a call: what the compiler knows of each argument, and the run-time leaves of the arguments."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import TypeAlias

import numpy as np

from adcompiler.errors import TypeProblem, UnsupportedSyntax
from adcompiler.gpu_arrays import form_of, is_gpu_type
from adcompiler.ir.types import COMPLEX, DTYPES, FLOAT, GENERATOR, INDEX, Type


@dataclass(frozen=True, slots=True)
class ScalarSpec:
    """A number known at run time; `boxed` in a 0-d array."""

    type: Type
    boxed: bool = False


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """An array; `ones` marks the axes of extent one, which broadcast."""

    type: Type
    ones: tuple[bool, ...]


@dataclass(frozen=True, slots=True, eq=False)
class StaticSpec:
    """An object known at compile time: None, a flag, a string, a function, a number that must be known."""

    value: object

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StaticSpec) or type(self.value) is not type(other.value):
            return False
        return self.value is other.value or (isinstance(self.value, _PLAIN) and repr(self.value) == repr(other.value))

    def __hash__(self) -> int:
        return hash(repr(self.value)) if isinstance(self.value, _PLAIN) else id(self.value)


@dataclass(frozen=True, slots=True)
class SeqSpec:
    """A tuple, a list, a dictionary or a record of arguments; `keys` are those of a dictionary."""

    kind: str
    items: tuple[Spec, ...]
    keys: tuple[object, ...] = ()
    record: type | None = None


Spec: TypeAlias = ScalarSpec | ArraySpec | StaticSpec | SeqSpec
_PLAIN = (bool, int, float, complex, str, bytes, slice, np.generic, np.dtype)


@dataclass(frozen=True, slots=True)
class OutLeaf:
    """The result at a position of the results of the function built."""

    position: int


@dataclass(frozen=True, slots=True)
class OutStatic:
    """A result known at compile time."""

    value: object


@dataclass(frozen=True, slots=True)
class OutSeq:
    """A tuple, a list or a record of results; of a dictionary the values, with their keys."""

    kind: str
    items: tuple[OutTree, ...]
    keys: tuple[object, ...] = ()
    record: type | None = None


OutTree: TypeAlias = OutLeaf | OutStatic | OutSeq


def spec_of(value: object) -> Spec:
    """The specification of an argument.

    >>> spec_of(1.5)
    ScalarSpec(type=Type(dtype='float64', rank=0, weak=True, layout='C'), boxed=False)
    >>> spec_of(np.ones((3, 1))).ones
    (False, True)
    """
    match value:
        case bool():
            return StaticSpec(value)
        case np.ndarray():
            return _array_spec(value)
        case np.generic():
            return ScalarSpec(Type(_dtype(value.dtype)))
        case np.random.Generator():
            return ScalarSpec(GENERATOR)
        case int():
            if not -(2**63) <= value < 2**63:
                raise TypeProblem(f"the integer {value} does not fit 64 bits", None, "pass it as a float")
            return ScalarSpec(INDEX)
        case float():
            return ScalarSpec(FLOAT)
        case complex():
            return ScalarSpec(COMPLEX)
        case tuple() | list() if type(value) in (tuple, list):
            return SeqSpec(type(value).__name__, tuple(spec_of(item) for item in value))
        case dict() if type(value) is dict:
            return SeqSpec("dict", tuple(spec_of(item) for item in value.values()), tuple(value))
        case _ if fields_of(type(value)) is not None:
            items = tuple(spec_of(item) for item in items_of(value))
            return SeqSpec(kind_of_record(type(value)), items, record=type(value))
        case _ if is_gpu_type(type(value)):
            dtype, shape = form_of(value)
            return ArraySpec(Type(_dtype(dtype), len(shape)), tuple(extent == 1 for extent in shape))
        case set() | frozenset():
            raise TypeProblem(
                f"an argument of type {type(value).__name__} is outside the language", None, "pass its items one by one"
            )
    return StaticSpec(value)


def fields_of(cls: type) -> tuple[str, ...] | None:
    """The names of the items of a named tuple or a dataclass; None for any other class.

    >>> from collections import namedtuple
    >>> fields_of(namedtuple("Point", "x y")), fields_of(tuple)
    (('x', 'y'), None)
    """
    if issubclass(cls, tuple):
        names = getattr(cls, "_fields", None)
        return tuple(names) if isinstance(names, tuple) else None
    return tuple(f.name for f in dataclasses.fields(cls)) if dataclasses.is_dataclass(cls) else None


def kind_of_record(cls: type) -> str:
    """The kind of a sequence that is a record: a named tuple is a tuple."""
    return "tuple" if issubclass(cls, tuple) else "record"


def record_of(cls: type, items: Sequence[object]) -> object:
    """A record of these items, made without running what its class does to new objects."""
    if issubclass(cls, tuple):
        return tuple.__new__(cls, items)
    made = object.__new__(cls)
    for name, item in zip(fields_of(cls) or (), items, strict=True):
        object.__setattr__(made, name, item)
    return made


def _array_spec(array: np.ndarray) -> Spec:
    dtype = _dtype(array.dtype)
    # NumPy imports masked arrays where their name is first read
    if type(array) is not np.ndarray and isinstance(array, (np.matrix, np.ma.MaskedArray)):
        raise TypeProblem(f"{type(array).__name__} is outside the language", None, "pass a plain array: np.asarray(x)")
    if array.ndim == 0:
        return ScalarSpec(Type(dtype), boxed=True)
    layout = "C" if array.flags.c_contiguous else "F" if array.flags.f_contiguous else "A"
    return ArraySpec(Type(dtype, array.ndim, layout=layout), tuple(extent == 1 for extent in array.shape))


def _dtype(dtype: np.dtype[np.generic]) -> str:
    if not dtype.isnative:
        raise TypeProblem(
            f"arrays of {dtype.str} ({dtype.name}, of foreign byte order) are outside the language",
            None,
            f"convert it: x.astype(np.{dtype.name})",
        )
    if dtype.name not in DTYPES:
        raise TypeProblem(
            f"arrays of {dtype.name if dtype.kind != 'U' else dtype.str} are outside the language",
            None,
            "use float64, float32, an integer type or bool",
        )
    return dtype.name


def leaves(value: object) -> Iterator[object]:
    """The run-time leaves of an argument, in the order of the parameters; a 0-d array becomes a scalar."""
    match value:
        case bool():
            pass
        case np.ndarray():
            yield value if value.ndim else value[()]
        case np.generic() | int() | float() | complex() | np.random.Generator():
            yield value
        case _ if is_gpu_type(type(value)):
            yield value
        case tuple() | list() if type(value) in (tuple, list):
            for item in value:
                yield from leaves(item)
        case dict():
            for item in value.values():
                yield from leaves(item)
        case _ if fields_of(type(value)) is not None:
            for item in items_of(value):
                yield from leaves(item)


def run_time_leaves(value: object, spec: Spec) -> Iterator[object]:
    """The leaves of an argument that are parameters of the function built for `spec`."""
    match spec:
        case SeqSpec(items=items):
            for item, of_item in zip(items_of(value), items, strict=True):
                yield from run_time_leaves(item, of_item)
        case StaticSpec():
            pass
        case _:
            yield from leaves(value)


def items_of(value: object) -> Sequence[object]:
    """The items of a tuple, a list, a dictionary or a record."""
    if isinstance(value, dict):
        return tuple(value.values())
    if isinstance(value, (tuple, list)):
        return value
    names = fields_of(type(value))
    assert names is not None, f"{value!r} has no items"
    return [getattr(value, name) for name in names]


def with_static(specs: tuple[Spec, ...], values: tuple[object, ...], positions: frozenset[int]) -> tuple[Spec, ...]:
    """The specifications with the run-time leaves at these positions made constants.

    >>> with_static((spec_of(2.0), spec_of(3)), (2.0, 3), frozenset({1}))[1]
    StaticSpec(value=3)
    """
    count = 0

    def replaced(spec: Spec, value: object) -> Spec:
        nonlocal count
        match spec:
            case SeqSpec(items=items):
                made = tuple(replaced(s, v) for s, v in zip(items, items_of(value), strict=True))
                return dataclasses.replace(spec, items=made)
            case StaticSpec():
                return spec
        count += 1
        return StaticSpec(next(leaves(value))) if count - 1 in positions else spec

    return tuple(replaced(spec, value) for spec, value in zip(specs, values, strict=True))


def entry_point(function: object) -> tuple[FunctionType, tuple[object, ...], dict[str, object]]:
    """The plain Python function that a callable runs, with the arguments that come before those of a call.

    Looks through `@njit`, `functools.partial`, bound methods and objects with `__call__`.

    >>> entry_point(functools.partial(inspect.cleandoc, "text"))[1:]
    (('text',), {})
    """
    if isinstance(function, FunctionType):
        return function, (), {}
    if isinstance(function, functools.partial):
        inner, first, named = entry_point(function.func)
        return inner, (*first, *function.args), {**named, **function.keywords}
    if isinstance(function, MethodType):
        inner, first, named = entry_point(function.__func__)
        return inner, (*first, function.__self__), named
    compiled = getattr(function, "py_func", None)
    if isinstance(compiled, FunctionType) and type(function).__module__.startswith("numba"):
        return compiled, (), {}
    method = inspect.getattr_static(type(function), "__call__", None)
    if isinstance(method, FunctionType):
        return method, (function,), {}
    name = getattr(function, "__name__", type(function).__name__)
    wrapped = isinstance(getattr(function, "__wrapped__", None), FunctionType)
    if wrapped and not type(function).__module__.startswith("numpy"):
        what, fix = (
            f"a decorator of {name!r} is not written in Python",
            f"pass {name}.__wrapped__, without the decorator",
        )
    elif isinstance(function, type):
        what, fix = f"{name!r} is a class", f"call it in a function, as in lambda x: {name}(x)"
    else:
        what = f"{name!r} is not written in Python"
        fix = f"call it in a function that is, as in lambda x: {_qualified(function, name)}(x)"
    raise UnsupportedSyntax(what, None, fix)


def _qualified(function: object, name: str) -> str:
    """How a program calls a function: `np.sin`, `math.sin`, `abs`."""
    module = "numpy" if getattr(np, name, None) is function else str(getattr(function, "__module__", None) or "")
    module = "np" + module.removeprefix("numpy") if module.partition(".")[0] == "numpy" else module
    return name if module in ("", "builtins") else f"{module}.{name}"


def example(spec: Spec) -> object:
    """A value of a specification, for what depends on no number.

    >>> example(ArraySpec(Type("float64", 2), (False, True)))
    array([[1.],
           [1.]])
    """
    match spec:
        case StaticSpec(value=value):
            return value
        case SeqSpec(kind, items, keys, record):
            made = [example(item) for item in items]
            if record is not None:
                return record_of(record, made)
            return dict(zip(keys, made, strict=True)) if kind == "dict" else tuple(made) if kind == "tuple" else made
        case ArraySpec(type, ones):
            shape = tuple(1 if one else 2 for one in ones)
            if type.layout == "A":
                return np.ones((*shape, 2), type.dtype)[..., 0]
            return np.ones(shape, type.dtype, order="F" if type.layout == "F" else "C")
        case ScalarSpec(type) if type.is_generator:
            return np.random.default_rng()
        case ScalarSpec(type, boxed):
            one = np.dtype(type.dtype).type(1)
            return np.array(one) if boxed else one.item() if type.weak else one


def bind(function: object, args: Sequence[object], kwargs: Mapping[str, object]) -> tuple[object, ...]:
    """The arguments of a call, defaults included, in the order of the parameters of its entry point.

    `*args` is a tuple and `**kwargs` a dictionary, last.

    >>> def f(a, *rest, b=2.0): ...
    >>> bind(f, (1.0, 3.0), {})
    (1.0, 2.0, (3.0,))
    """
    inner, first, named = entry_point(function)
    bound = inspect.signature(inner, follow_wrapped=False).bind(*first, *args, **{**named, **kwargs})
    bound.apply_defaults()
    kinds = inspect.signature(inner, follow_wrapped=False).parameters
    last = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    plain = [name for name, parameter in kinds.items() if parameter.kind not in last]
    return tuple(bound.arguments[name] for name in [*plain, *(name for name in kinds if name not in plain)])
