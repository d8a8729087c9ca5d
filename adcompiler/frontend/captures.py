"""Values that live outside the program: numbers and arrays become hidden parameters, other objects are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.signature import ArraySpec, ScalarSpec, Spec, StaticSpec, spec_of
from adcompiler.frontend.values import Object, Path, Seq, Static, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Assign, Const, Stmt, Var

_MODULES_OF_CONSTANTS = ("numpy", "math", "cmath", "scipy", "operator", "builtins", "numba")
_LETTERS = "nmkl"


@dataclass(frozen=True, slots=True)
class Capture:
    """A hidden passive parameter: a number or an array held by a global, a closure cell or an attribute.

    Parameters
    ----------
    name : str
        The parameter's name.
    fetch : callable
        Gives the present value.
    spec : ScalarSpec or ArraySpec
        What the function was compiled for.
    """

    name: str
    fetch: Callable[[], object]
    spec: Spec


@dataclass(frozen=True, slots=True)
class Guard:
    """An object on which the compiled code depends: another one there makes the code stale."""

    name: str
    fetch: Callable[[], object]
    expected: object

    def holds(self) -> bool:
        """Whether the object is still the same: functions and modules by identity, plain values by value."""
        try:
            now = self.fetch()
        except (AttributeError, LookupError, NameError, ValueError):
            return False
        return StaticSpec(now) == StaticSpec(self.expected)


class Captures:
    """The hidden parameters and guards of the function being built.

    Parameters
    ----------
    b : Builder
        Makes the parameters.
    entry : list of Stmt
        Receives the lines that name their extents.
    static : frozenset
        Keys of captures whose value must be known at compile time.
    """

    def __init__(self, b: Builder, entry: list[Stmt], static: frozenset[tuple[object, ...]]) -> None:
        self.b, self.entry, self.static = b, entry, static
        self.captured: dict[tuple[object, ...], tuple[Capture, Var]] = {}
        self.guards: dict[tuple[object, ...], Guard] = {}
        self.lists: dict[int, Seq] = {}

    def value(self, held: object, path: Path) -> Value:
        """An object from outside as a value of the program."""
        match held:
            case None | bool() | str() | bytes():
                return self._guarded(held, path)
            case np.ndarray() | np.generic():
                return self._number(held, path)
            case int() | float() if type(held) in (int, float):
                return self._number(held, path)
            case tuple() | list() if type(held) in (tuple, list):
                return self._sequence(held, path)
            case FunctionType() | BuiltinFunctionType() | ModuleType() | type() | np.ufunc() | np.dtype():
                return self._guarded(held, path)
        if held is Ellipsis:
            return Static(held)
        if isinstance(held, MethodType):
            # a bound method is made anew at each access
            self._guarded(held.__func__, path.attribute("__func__"))
            return Object(held, path)
        if callable(held) and type(held).__module__.partition(".")[0] in ("numpy", "numba"):
            return self._guarded(held, path)
        self._guarded(held, path)
        return Object(held, path)

    def _guarded(self, held: object, path: Path) -> Value:
        self.guards.setdefault(path.key, Guard(path.name, path.fetch, held))
        return Const(held) if isinstance(held, bool) else Static(held)

    def depend(self, path: Path, what: str, fetch: Callable[[], object]) -> object:
        """A fact about an object from outside, which is compared at each call."""
        found = fetch()
        self.guards.setdefault((*path.key, what), Guard(f"{what} of {path.name}", fetch, found))
        return found

    def _number(self, held: object, path: Path) -> Value:
        if path.key in self.static or path.key[0] == "default":
            self.guards.setdefault(path.key, Guard(path.name, path.fetch, held))
            return Const(held)
        if path.key in self.captured:
            return self.captured[path.key][1]
        spec = _spec(held, path)
        var = parameter(self.b, spec, path.name, self.entry)
        self.captured[path.key] = Capture(var.name, path.fetch, spec), var
        return var

    def _sequence(self, held: tuple[object, ...] | list[object], path: Path) -> Value:
        self.guards.setdefault((*path.key, "len"), Guard(path.name, lambda: _length(path.fetch()), _length(held)))
        items = tuple(self.value(item, path.item(k)) for k, item in enumerate(held))
        seq = Seq(items, type(held).__name__)
        self.lists[id(seq)] = seq
        return seq

    @property
    def names(self) -> frozenset[str]:
        """The names of the hidden parameters and of their extents."""
        extents = (a for _, var in self.captured.values() for a in self.b.shape(var))
        return frozenset(v.name for _, v in self.captured.values()) | {a.name for a in extents if isinstance(a, Var)}


def _spec(held: object, path: Path) -> Spec:
    try:
        return spec_of(held)
    except TypeProblem as error:
        raise TypeProblem(f"{path.name}: {error.what}", error.span, error.fix) from error


def _length(held: object) -> str:
    return f"{type(held).__name__} of {len(held)}"  # type: ignore[arg-type]


def parameter(b: Builder, spec: Spec, name: str, entry: list[Stmt]) -> Var:
    """A parameter of the function built, with lines at its entry that name its extents."""
    hint = "".join(c if c.isidentifier() or c.isdigit() else "_" for c in name)
    hint = hint if hint.isidentifier() else f"p_{hint}"
    assert isinstance(spec, (ScalarSpec, ArraySpec))
    if isinstance(spec, ScalarSpec):
        var = b.var(hint, spec.type)
    else:
        letters = [_LETTERS[min(k, 3)] for k in range(spec.type.rank)]
        shape = tuple(
            Const(1) if one else b.var(f"{letter}_{hint}", INDEX)
            for letter, one in zip(letters, spec.ones, strict=True)
        )
        var = b.var(hint, spec.type, shape)
        for axis, extent in enumerate(shape):
            if isinstance(extent, Var):
                line = Assign(extent, "dim", (var,), (("axis", axis),), b.span)
                entry.append(line)
                b.made[extent.name] = line
    b.own.add(var)
    return var


def is_constant(held: object) -> bool:
    """Whether the attributes of an object never change: those of element types, of NumPy and of Python itself."""
    owner = getattr(held, "__module__", None) if callable(held) else type(held).__module__
    return isinstance(owner, str) and owner.partition(".")[0] in _MODULES_OF_CONSTANTS


def is_constant_module(module: object) -> bool:
    """Whether the numbers held by a module never change: those of NumPy, SciPy and the standard library."""
    return isinstance(module, ModuleType) and module.__name__.partition(".")[0] in _MODULES_OF_CONSTANTS
