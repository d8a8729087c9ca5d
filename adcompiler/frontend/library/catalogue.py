"""Which callables, methods and attributes the language knows, and what to answer for those it does not know."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from adcompiler.errors import ADCompilerError, MissingRule, TypeProblem, UnsupportedSyntax, counted, nearest
from adcompiler.frontend.arrays.atoms import apply, as_atom, cast, floats
from adcompiler.frontend.arrays.outputs import delivered, without_out

# importing a module of handlers enters them
from adcompiler.frontend.library import (
    algebra,
    assembly,
    attributes,
    complex_numbers,
    contractions,
    creation,
    elementwise,
    linalg,
    mathematics,
    ranges,
    reductions,
    scans,
    shape,
    spectra,
    statistics,
)
from adcompiler.frontend.library.defined import table as defined
from adcompiler.frontend.library.definitions import DEFINED, OUTSIDE, full_name
from adcompiler.frontend.library.definitions import METHODS as DEFINED_METHODS
from adcompiler.frontend.library.draws import GENERATOR_METHODS
from adcompiler.frontend.library.primitives import computes
from adcompiler.frontend.library.reductions import TRUE
from adcompiler.frontend.library.registry import (
    ATTRIBUTES,
    FUNCTIONS,
    METHODS,
    Handler,
    implements,
    neutral_only,
    title,
)
from adcompiler.frontend.state.values import Value
from adcompiler.handlers import enter_handler
from adcompiler.ir.build import Builder
from adcompiler.ir.special import SPECIAL
from adcompiler.ir.types import DTYPES
from adcompiler.ir.wengert import Atom, Const
from adcompiler.rules import table

HANDLERS = (
    mathematics,
    algebra,
    assembly,
    attributes,
    complex_numbers,
    contractions,
    creation,
    elementwise,
    linalg,
    ranges,
    reductions,
    scans,
    shape,
    spectra,
    statistics,
    *defined.MODULES,
)

_FIX = (
    "write it with supported functions, which docs/rules.md lists; ad.rule and ad.custom_vjp declare the derivative of "
    "a function of your own"
)
_OUTSIDE = "compute the value outside and pass it as an argument"
_ALIKE = 0.7
_STATES = (np.random.RandomState, random.Random)
_DRAW = "pass a np.random.Generator as an argument and draw with it"


def lookup(member: object) -> Handler | None:
    """The handler of a callable of NumPy, `math` or `operator`; None where the language does not know it.

    >>> lookup(np.sum) is None, lookup(np.sin) is None, lookup(np.sort_complex) is None
    (False, False, True)
    """
    try:
        enter_handler(member)
        found = FUNCTIONS.get(member)
    except TypeError:
        return None
    return found or _elementwise(member)


def _elementwise(member: object) -> Handler | None:
    """A handler for a function of each element, as the rule table knows it."""
    meaning = table.meaning(member)
    # Python operators follow the rules of their operands and may raise: they are lowered with the statements
    if meaning is None or getattr(member, "__module__", None) in ("_operator", "operator", "builtins"):
        return None
    if meaning.weak:
        return mathematics.handler(meaning.op, title(member))

    def handler(b: Builder, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        name, count = title(member), getattr(member, "nin", len(args))
        if len(args) == count + 1:
            kwargs = {**kwargs, "out": args[count]}
        elif len(args) != count:
            raise TypeProblem(f"{name} takes {counted(count, 'argument')}, not {len(args)}", b.span, f"pass {count}")
        out, kwargs = without_out(b, name, kwargs)
        where = kwargs.pop("where", TRUE)
        neutral_only(b, name, kwargs)
        atoms = [as_atom(b, arg, f"an argument of {name}") for arg in args[:count]]
        if meaning.op in SPECIAL:
            return delivered(b, name, _special(b, member, meaning.op, atoms), out, where, exact=False)
        if meaning.floats:
            atoms = [floats(b, a) for a in atoms]
        if meaning.op == "pow":
            elementwise.check_exponent(b, *atoms)
        result = _of_literals(member, atoms) or apply(b, meaning.op, *atoms)
        return delivered(b, name, result, out, where, exact=False)

    return handler


def _of_literals(member: object, atoms: Sequence[Atom]) -> Const | None:
    """The value of a function of literals: operators of Python would compute with its numbers, not with NumPy's."""
    values = [a.value for a in atoms if isinstance(a, Const)]
    if not isinstance(member, np.ufunc) or len(values) < len(atoms):
        return None
    try:
        with np.errstate(all="ignore"):
            value = member(*values)
    except (TypeError, ValueError, OverflowError):
        return None
    return Const(value) if isinstance(value, np.generic) and value.dtype.name in DTYPES else None


def _special(b: Builder, member: object, op: str, atoms: Sequence[Atom]) -> Atom:
    """A function of SciPy's of double precision, whose result has the type of SciPy's."""
    assert isinstance(member, np.ufunc)
    dtype = computes(b, member, atoms)[-1]
    given = (Const(float(a.number)) if isinstance(a, Const) else cast(b, a, "float64") for a in atoms)
    return cast(b, apply(b, op, *given, hint=op), dtype)


def lookup_method(name: str) -> Handler | None:
    """The handler of an array method, which takes the array first."""
    return METHODS.get(name)


def attribute(b: Builder, value: Value, name: str) -> Value:
    """An attribute of an array or a scalar that is no method: `x.shape`, `x.T`, …"""
    if name not in ATTRIBUTES:
        raise missing_method(b, name)
    return ATTRIBUTES[name](b, as_atom(b, value, f"the owner of .{name}"))


def is_nameless(member: object) -> bool:
    """Whether a callable belongs to no module, as a method of an object of C does."""
    module = str(getattr(member, "__module__", "")).partition(".")[0]
    owner = getattr(member, "__self__", None)
    return module in ("builtins", "None", "") and not isinstance(member, np.ufunc) and not isinstance(owner, _STATES)


def missing(b: Builder, member: object) -> ADCompilerError:
    """The refusal of a function the language does not know, with the nearest one it knows."""
    name, owner = full_name(member) or title(member), getattr(member, "__self__", None)
    if isinstance(owner, random.Random):
        name = f"random.{getattr(member, '__name__', '')}"
    if name.startswith("np.random.") or isinstance(owner, _STATES):
        return UnsupportedSyntax(f"{name} uses a random state that every call changes", b.span, _DRAW)
    module, _, short = name.rpartition(".")
    if module.partition(".")[0] not in ("np", "scipy", "math"):
        return MissingRule(f"{name} has no derivative rule, and its text is not Python", b.span, _OUTSIDE)
    titles = sorted(supported())
    here = {t.rpartition(".")[2]: t for t in titles if t.rpartition(".")[0] == module}
    elsewhere = {t.rpartition(".")[2]: t for t in titles}
    known = here if difflib.get_close_matches(short, list(here), n=1, cutoff=_ALIKE) else elsewhere
    return MissingRule(f"{name} has no derivative rule", b.span, _nearest(short, known))


def missing_draw(b: Builder, name: str) -> ADCompilerError:
    """The refusal of a method of a random generator."""
    known = f"draw with {', '.join(sorted(GENERATOR_METHODS))}, or before the call, and pass the numbers as an argument"
    return UnsupportedSyntax(f"Generator.{name} is outside the language", b.span, known)


def supported() -> set[str]:
    """The names of all functions of NumPy and SciPy in the language.

    >>> {"np.sin", "np.linalg.solve", "np.median", "scipy.special.expit"} <= supported()
    True
    """
    members = (m for m in (*table.MEANING, *FUNCTIONS, *DEFINED) if callable(m))
    titles = {title(m) for m in members} | set(OUTSIDE) | {f"scipy.special.{name}" for name in table.SCIPY}
    grids = {"np.c_", "np.index_exp", "np.mgrid", "np.ogrid", "np.r_", "np.s_"}
    return {t for t in titles if t.startswith(("np.", "scipy."))} | grids


def missing_method(
    b: Builder, name: str, owner: str = "arrays", known: Iterable[str] = (*METHODS, *DEFINED_METHODS, *ATTRIBUTES)
) -> ADCompilerError:
    """The refusal of a method or an attribute that the language does not know."""
    has = "have" if owner in ("arrays", "numbers") else "has"
    what = f"{owner} {has} no '.{name}' in the language"
    if owner in ("arrays", "numbers") and not hasattr(np.ndarray, name):
        return MissingRule(
            what, b.span, f"use a method that {owner} have, or a function of NumPy{nearest(name, known)}"
        )
    return MissingRule(what, b.span, _nearest(name, {key: f".{key}" for key in known}))


def _nearest(name: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=_ALIKE)
    return f"use {known[near[0]]} if it serves, or {_FIX}" if near else _FIX


__all__ = ["attribute", "implements", "lookup", "lookup_method", "missing", "missing_method", "supported"]
