"""What an earlier process compiled of a function, found again without the compiler.

An entry belongs to the function's code, the signature of the call and the options. It lists the surroundings in which
the function was compiled, with what was prepared in each: it serves where everything that was read from outside the
function is the same again.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from adcompiler import cache
from adcompiler.calls.kept.portable import Known, NotPortable
from adcompiler.calls.kept.surroundings import Surroundings, merged, outlined
from adcompiler.calls.lowering import Lowering, outline
from adcompiler.calls.origin import Origin
from adcompiler.calls.plan import Plan
from adcompiler.calls.results import Constant, Group, Tree
from adcompiler.critical import critical_section
from adcompiler.options import Derivative
from adcompiler.signature import OutSeq, OutStatic, OutTree, Spec

if TYPE_CHECKING:
    from adcompiler.compile import Compiled
    from adcompiler.ir.wengert import Func

_MANY = 8
_WRITTEN = (bool, int, float, str, bytes, type(None))


@dataclass(frozen=True, slots=True)
class Record:
    """A way of calling a function: what is computed, the form of its results, and where its text is kept."""

    derivative: Derivative
    tree: Tree
    count: int
    name: str
    file: str


@dataclass(frozen=True, slots=True)
class Variant:
    """A function as it was compiled in some surroundings, with the ways in which it was called."""

    surroundings: Surroundings
    final: tuple[Spec, ...]
    plans: dict[Hashable, Record]

    def same(self, other: Variant) -> bool:
        """Whether two are of the same surroundings."""
        mine, theirs = self.surroundings, other.surroundings
        return (mine.guards, mine.captures, self.final) == (theirs.guards, theirs.captures, other.final)


class Kept:
    """A derivative of which an earlier process kept the text; whatever else is asked of it is made then."""

    on_device = False

    def __init__(self, lowering: Lowering, derivative: Derivative, name: str, text: str, shared: tuple[int, ...]):
        self.lowering, self.derivative = lowering, derivative
        self.name, self.text, self.shared = name, text, shared

    @cached_property
    def full(self) -> Compiled:
        """The same, compiled here."""
        return self.lowering.compiled(self.derivative)

    @property
    def primal(self) -> Func:
        """The function."""
        return self.full.primal

    @property
    def stages(self) -> dict[str, Func]:
        """The function after each stage."""
        return self.full.stages

    @property
    def readable(self) -> str:
        """The text for people."""
        return self.full.readable

    @property
    def times(self) -> dict[str, float]:
        """How long each stage took."""
        return self.full.times

    @cached_property
    def dispatcher(self) -> Any:
        """The Numba function."""
        from adcompiler.backend import cpu

        return cpu.numba_function(self.text, self.name)

    @property
    def callable(self) -> Any:
        """The function to call."""
        return self.dispatcher

    def specialise(self, args: tuple[object, ...]) -> None:
        """Load or compile machine code for the types of `args`."""
        from adcompiler.backend import cpu

        cpu.specialise(self.dispatcher, args, None, lanes=self.derivative.lanes)


class Entry:
    """What is kept of a function for one signature of its arguments.

    Parameters
    ----------
    of : Origin
        The function.
    folder : Folder
        Where.
    name : str
        The file.
    known : Known
        The function and its arguments.
    """

    def __init__(self, of: Origin, folder: cache.Folder, name: str, known: Known) -> None:
        self.of, self.folder, self.name, self.known = of, folder, name, known
        self.found: list[tuple[Lowering, Variant]] = []

    def lowerings(self, given: tuple[Spec, ...]) -> Iterator[Lowering]:
        """The function as it was compiled in surroundings like the present ones."""
        for variant in self._variants():
            face = variant.surroundings.here(self.known.copy())
            if face is not None:
                lowering = Lowering(self.of, face, given, merged(given, variant.final))
                self.found.append((lowering, variant))
                yield lowering

    def plan(self, lowering: Lowering, key: Hashable) -> Plan | None:
        """A way of calling the function that was kept under a key."""
        record = self._plans(lowering).get(key)
        content = None if record is None else self.folder.load(record.file)
        if record is None or content is None:
            return None
        text, shared = json.loads(content)
        compiled = Kept(lowering, record.derivative, record.name, text, tuple(shared))
        return Plan(compiled, record.tree, record.count)

    def keep(self, lowering: Lowering, key: Hashable, plan: Plan) -> None:
        """Add a way of calling the function."""
        file = getattr(plan.compiled, "file", None)
        if file is None or not _written(plan.tree) or not _written(lowering.face.out):
            return
        record = Record(plan.compiled.derivative, plan.tree, plan.count, plan.compiled.name, file)
        try:
            surroundings = Surroundings.of(lowering.face, self.known.copy())
        except NotPortable:
            return
        mine = Variant(surroundings, outlined(lowering.given, lowering.final), {key: record})
        others = []
        for variant in self._variants():
            if variant.same(mine):
                mine = replace(mine, plans={**variant.plans, **mine.plans})
            else:
                others.append(variant)
        self.folder.store(self.name, pickle.dumps([mine, *others[: _MANY - 1]]))

    def _plans(self, lowering: Lowering) -> dict[Hashable, Record]:
        """The ways of calling a lowering that fits the present surroundings."""
        for known, variant in self.found:
            if known is lowering:
                return variant.plans
        for other in self.lowerings(lowering.given):
            # one that was made here, or for another signature of these specifications
            if other.final == lowering.final and outline(other.face) == outline(lowering.face):
                self.found.append((lowering, self.found[-1][1]))
                return self.found[-1][1].plans
        return {}

    def _variants(self) -> list[Variant]:
        content = self.folder.load(self.name)
        if content is None:
            return []
        try:
            found: list[Variant] = pickle.loads(content)
        except cache.UNREADABLE:
            return []
        return found


def entry_of(of: Origin, key: tuple[Hashable, ...]) -> Entry | None:
    """Where a function is kept for a signature of its arguments; None where it cannot be."""
    # importing Numba takes longer than everything else in this package
    with critical_section():
        from adcompiler.backend import cpu

    options = of.options
    folder = cache.folder() if options.cache and not options.check and not cpu.interpreted() else None
    if folder is None:
        return None
    known, binder = Known(), of.binder
    try:
        # the arguments are numbered without those that a method or a partial function brings along
        bound = len(binder.first), tuple(binder.named), binder.text
        parts = known.met(binder.entry), known.signed(key), bound, options
    except NotPortable:
        return None
    return Entry(of, folder, f"{_stem(of)}_{cache.key(cache.versions(), repr(parts))}.calls", known)


def _stem(of: Origin) -> str:
    name = of.binder.entry.__code__.co_name
    return name if name.isidentifier() else "lambda_"


def _written(tree: Tree | OutTree) -> bool:
    """Whether a form of results holds nothing but plain constants."""
    match tree:
        case Constant(value) | OutStatic(value):
            return type(value) in _WRITTEN
        case Group(items=items, keys=keys, record=record) | OutSeq(items=items, keys=keys, record=record):
            return record is None and all(map(_written, items)) and all(type(key) in _WRITTEN for key in keys)
    return True
