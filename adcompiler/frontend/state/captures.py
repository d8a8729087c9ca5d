"""Values that live outside the program: numbers and arrays become hidden parameters, other objects are compared."""

from __future__ import annotations

from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.state.values import DictValue, Object, Path, Seq, SliceValue, Static, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.wengert import Assign, Const, Stmt, Var
from adcompiler.outside import FACTS, Capture, Guard, Key
from adcompiler.signature import ArraySpec, ScalarSpec, Spec, spec_of

_MODULES_OF_CONSTANTS = ("numpy", "math", "cmath", "scipy", "operator", "builtins", "numba")
_LETTERS = "nmkl"
# defaults that are no constants: what they hold may change while they stay the same object
_OBJECTS = (np.ndarray, np.random.Generator)


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
        self.captured: dict[Key, tuple[Capture, Var]] = {}
        self.guards: dict[Key, Guard] = {}
        self.builtins: dict[int, tuple[dict[str, object], set[str]]] = {}
        self.lists: dict[int, Value] = {}

    def value(self, held: object, path: Path) -> Value:
        """An object from outside as a value of the program."""
        match held:
            case None | bool() | str() | bytes():
                return self._guarded(held, path)
            case np.ndarray() | np.generic() | np.random.Generator():
                return self._number(held, path)
            case int() | float() | complex() if type(held) in (int, float, complex):
                return self._number(held, path)
            case tuple() | list() if type(held) in (tuple, list):
                return self._sequence(held, path)
            case FunctionType() | BuiltinFunctionType() | ModuleType() | type() | np.ufunc() | np.dtype():
                return self._guarded(held, path)
            case slice(start=int() | None, stop=int() | None, step=int() | None):
                self._guarded(held, path)
                return SliceValue(*(None if v is None else Const(v) for v in (held.start, held.stop, held.step)))
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

    def table(self, held: Mapping[object, object], path: Path) -> DictValue:
        """A dictionary from outside of which all items are used: its keys stay as they are."""
        self.depend(path, "keys", tuple(held))
        found = DictValue(tuple((key, self.value(item, path.item(key))) for key, item in held.items()))
        self.lists[id(found)] = found
        return found

    def _guarded(self, held: object, path: Path) -> Value:
        self.guards.setdefault(path.key, Guard(path.name, path.fetch, held, path.key))
        return Const(held) if isinstance(held, bool) else Static(held)

    def depend(self, path: Path, kind: str, argument: object = None) -> object:
        """A fact of `FACTS` about an object from outside, which is compared at each call."""
        fact = FACTS[kind]
        found = fact(path.fetch(), argument)
        key = (*path.key, ("fact", kind, argument))
        self.guards.setdefault(key, Guard(path.name, lambda: fact(path.fetch(), argument), found, key))
        return found

    def depend_on_code(self, function: FunctionType) -> None:
        """The lines of a function, which may be given others while it stays the same object."""
        self.depend(Path(("object", id(function)), function.__name__, lambda: function), "code")

    def builtin(self, space: dict[str, object], name: str) -> None:
        """A builtin is meant, since no global of these has its name."""
        self.builtins.setdefault(id(space), (space, set()))[1].add(name)

    def every_guard(self) -> tuple[Guard, ...]:
        """What must stay as it is."""
        for space, names in self.builtins.values():
            self.depend(_globals(space), "unhidden", tuple(sorted(names)))
        return tuple(self.guards.values())

    def _number(self, held: object, path: Path) -> Value:
        if path.key in self.static or (path.key[0] == "default" and not isinstance(held, _OBJECTS)):
            self.guards.setdefault(path.key, Guard(path.name, path.fetch, held, path.key))
            return Const(held)
        if path.key in self.captured:
            return self.captured[path.key][1]
        spec = _spec(held, path)
        var = parameter(self.b, spec, path.name, self.entry)
        self.captured[path.key] = Capture(var.name, path.fetch, spec, path.key), var
        return var

    def number(self, held: int, path: Path) -> Var:
        """A number from outside that is known only at run time."""
        var = self._number(held, path)
        assert isinstance(var, Var)
        return var

    def shared(self, key: Key, name: str, type: Type, shape: tuple[Const, ...]) -> Var:
        """Memory of a block of threads, of these extents."""
        if key not in self.captured:
            var = self.b.var(name, type, shape)
            self.b.own.add(var)
            self.captured[key] = Capture(var.name, lambda: None, ArraySpec(type, (False,) * type.rank), key), var
        return self.captured[key][1]

    def of_kind(self, kind: str) -> list[Var]:
        """The hidden parameters whose key begins with a word."""
        return [var for key, (_, var) in self.captured.items() if key[0] == kind]

    def _sequence(self, held: tuple[object, ...] | list[object], path: Path) -> Value:
        self.depend(path, "form")
        items = tuple(self.value(item, path.item(k)) for k, item in enumerate(held))
        seq = Seq(items, type(held).__name__)
        self.lists[id(seq)] = seq
        return seq

    @property
    def names(self) -> frozenset[str]:
        """The names of the hidden parameters and of their extents."""
        extents = (a for _, var in self.captured.values() for a in self.b.shape(var))
        return frozenset(v.name for _, v in self.captured.values()) | {a.name for a in extents if isinstance(a, Var)}


def _globals(space: dict[str, object]) -> Path:
    return Path(("globals", id(space)), "globals", lambda: space)


def _spec(held: object, path: Path) -> Spec:
    try:
        return spec_of(held)
    except TypeProblem as error:
        raise TypeProblem(f"{path.name}: {error.what}", error.span, error.fix) from error


def parameter(b: Builder, spec: Spec, name: str, entry: list[Stmt]) -> Var:
    """A parameter of the function built, with lines at its entry that name its extents."""
    hint = "".join(c if c.isidentifier() or c.isdigit() else "_" for c in name)
    hint = hint if hint.isidentifier() else f"p_{hint}"
    assert isinstance(spec, (ScalarSpec, ArraySpec))
    if isinstance(spec, ScalarSpec):
        var = b.var(hint, spec.type)
        if spec.boxed:
            b.boxes.append((var, "argument"))
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
