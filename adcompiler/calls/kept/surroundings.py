"""The surroundings in which a function was compiled: what it read from outside, for another process to compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adcompiler.calls.kept.portable import Known, NotPortable
from adcompiler.calls.kept.recipes import fetcher, key_of, recipe
from adcompiler.calls.lowering import leaf
from adcompiler.calls.signing import signature
from adcompiler.ir.wengert import Func, Var
from adcompiler.outside import ABSENT, Capture, Guard, Key, Lowered
from adcompiler.signature import OutTree, SeqSpec, Spec, StaticSpec


@dataclass(frozen=True, slots=True)
class Thing:
    """An object that was read: where it stood, what it is called, what it was."""

    recipe: Key
    name: str
    content: Any
    spec: Spec | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a function depends on, and how it is called.

    Parameters
    ----------
    guards, captures : tuple of Thing
        In the order in which they were met.
    interface : Func
        The function without its lines.
    out : OutTree
        How its results make up what the user's function returns.
    written : frozenset of int
        The parameters that it writes.
    """

    guards: tuple[Thing, ...]
    captures: tuple[Thing, ...]
    interface: Func
    out: OutTree
    written: frozenset[int]

    @classmethod
    def of(cls, found: Lowered, known: Known) -> Surroundings:
        """Those of a lowered function; raises `NotPortable` where another process could not compare them."""
        # an object is met before what is read of it
        guards = tuple(Thing(recipe(known, g.key), g.name, known.met(g.expected)) for g in found.guards)
        captures = tuple(
            Thing(recipe(known, c.key), c.name, known.signed(signature(leaf(c.fetch()))), c.spec)
            for c in found.captures
        )
        return cls(guards, captures, _without_lines(found.func), found.out, found.written)

    def here(self, known: Known) -> Lowered | None:
        """The function in this process; None where what it reads is another."""
        guards, captures = list[Guard](), list[Capture]()
        try:
            for thing in self.guards:
                fetch = fetcher(known, thing.recipe)
                now, key = fetch(), key_of(known, thing.recipe)
                if known.met(now) != thing.content:
                    return None
                guards.append(Guard(thing.name, fetch, now, key))
            for thing in self.captures:
                fetch = fetcher(known, thing.recipe)
                if known.signed(signature(leaf(fetch()))) != thing.content or thing.spec is None:
                    return None
                captures.append(Capture(thing.name, fetch, thing.spec, key_of(known, thing.recipe)))
        except (*ABSENT, NotPortable):
            return None
        return Lowered(self.interface, tuple(captures), self.out, self.written, tuple(guards))


def _without_lines(fn: Func) -> Func:
    """The parameters and results of a function with their types."""
    ends = (*fn.params, *(r for r in fn.results if isinstance(r, Var)))
    return Func(fn.name, fn.params, (), fn.results, {v.name: fn.types[v.name] for v in ends}, {})


def outlined(given: tuple[Spec, ...], final: tuple[Spec, ...]) -> tuple[Spec, ...]:
    """Specifications without the objects that the arguments themselves are."""
    return tuple(_outlined(g, f) for g, f in zip(given, final, strict=True))


def _outlined(given: Spec, final: Spec) -> Spec:
    if isinstance(given, SeqSpec) and isinstance(final, SeqSpec):
        return SeqSpec(final.kind, outlined(given.items, final.items), final.keys)
    return StaticSpec(None) if isinstance(given, StaticSpec) else final


def merged(given: tuple[Spec, ...], outline: tuple[Spec, ...]) -> tuple[Spec, ...]:
    """The specifications of an outline, with the objects that the arguments are in this process."""
    return tuple(_merged(g, o) for g, o in zip(given, outline, strict=True))


def _merged(given: Spec, outline: Spec) -> Spec:
    if isinstance(given, SeqSpec) and isinstance(outline, SeqSpec):
        return SeqSpec(outline.kind, merged(given.items, outline.items), outline.keys, given.record)
    return given if isinstance(given, StaticSpec) else outline
