"""The pipeline: from a lowered function through its derivative to something that can be called."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal, TypeVar

from adcompiler import cache
from adcompiler.analysis.alias import aliases
from adcompiler.emit.text import emit
from adcompiler.errors import ADCompilerError, Span
from adcompiler.frontend.lower import Lowered, lower
from adcompiler.frontend.values import NotStatic
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Func, Var
from adcompiler.optimise.bounds import drop_bounds, prove_bounds
from adcompiler.optimise.lower import lower_arrays
from adcompiler.optimise.memory import promote
from adcompiler.optimise.reductions import mark_reductions
from adcompiler.optimise.scatter import put_off_additions
from adcompiler.optimise.sharing import share_loads
from adcompiler.optimise.simplify import simplify
from adcompiler.optimise.stops import drop_stops
from adcompiler.optimise.unsigned import unsigned_indices
from adcompiler.optimise.windows import slide
from adcompiler.signature import Spec, with_static
from adcompiler.source import SourceFunc

TARGETS = ("cpu",)
# casts of indices come last: they hide an index from every analysis
LOWERING = (
    lower_arrays,
    simplify,
    share_loads,
    promote,
    share_loads,
    put_off_additions,
    slide,
    simplify,
    mark_reductions,
    unsigned_indices,
)
STRICT = tuple(stage for stage in LOWERING if stage is not mark_reductions)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may choose; part of every cache key.

    Parameters
    ----------
    target : str
        What runs the code.
    fastmath : bool
        Allow vector mathematics and reassociated sums.
    boundscheck : bool
        Raise IndexError where an index is out of range.
    cache : bool
        Keep text and machine code on disk.
    memory : int, optional
        Bytes that recorded values may take.
    source : str, optional
        The function's text, where Python cannot give it.
    check : bool
        Verify the Wengert list after every stage.
    """

    target: str = "cpu"
    fastmath: bool = True
    boundscheck: bool = True
    cache: bool = True
    memory: int | None = None
    source: str | None = None
    check: bool = False

    @classmethod
    def of(cls, caller: str, given: Mapping[str, Any]) -> Options:
        """The options of a call of `caller`; raises TypeError for an unknown one and for a value of another type."""
        known = {field.name: field.default for field in fields(cls)}
        for name, value in given.items():
            if name not in known:
                raise TypeError(f"{caller}() got an unknown option {name!r}; the options are {', '.join(known)}")
            if isinstance(known[name], bool) and not isinstance(value, bool):
                raise TypeError(f"{caller}() option {name!r} must be True or False, not {value!r}")
        options = cls(**{"check": os.environ.get("ADCOMPILER_CHECK", "0") not in ("", "0"), **given})
        if options.target not in TARGETS:
            raise ADCompilerError(
                f"target {options.target!r} is not available", None, f"choose one of: {', '.join(map(repr, TARGETS))}"
            )
        if options.memory is not None:
            raise ADCompilerError(
                "a limit on recorded values is not available", None, "leave memory=None, and make loops shorter"
            )
        if not isinstance(options.source, str | None):
            raise TypeError(f"{caller}() option 'source' must be the function's text, not {options.source!r}")
        return options


@dataclass(frozen=True, slots=True)
class Derivative:
    """What is computed from a function.

    Parameters
    ----------
    mode : "primal", "reverse" or "forward"
        "primal" is the function itself.
    wrt : tuple of int
        Positions of the parameters of the lowered function that are differentiated.
    seeds : "one" or "given"
        Reverse mode: whether the cotangent of the result is one or an argument.
    outputs : tuple of int, optional
        Reverse mode: positions of the results that count; all by default.
    second : bool
        Whether the derivative is differentiated once more, forward, by the same parameters.
    lanes : bool
        Whether all seeds, and what depends on them, have a last axis of several directions.
    """

    mode: Literal["primal", "reverse", "forward"]
    wrt: tuple[int, ...] = ()
    seeds: Literal["one", "given"] = "one"
    outputs: tuple[int, ...] | None = None
    second: bool = False
    lanes: bool = False

    def of(self, fn: Func) -> Func:
        """The function that computes it."""
        found = self._single(fn)
        if not self.lanes:
            return found
        from adcompiler.ad.lanes import widen

        count = len(fn.results) + (len(self.wrt) if self.second else 0)
        return widen(found, range(len(fn.params), len(found.params)), range(count, len(found.results)))

    def _single(self, fn: Func) -> Func:
        """The function for one direction."""
        # with networkx, which records' minimum cuts need, these take a third of the time of importing the package
        from adcompiler.ad.forward import tangent
        from adcompiler.ad.gradient import gradient

        if self.mode == "reverse":
            found = gradient(fn, self.wrt, self.seeds, self.outputs)
            return tangent(found, self.wrt) if self.second else found
        return tangent(fn, self.wrt) if self.mode == "forward" else fn


def lowered(
    source: SourceFunc, specs: tuple[Spec, ...], values: tuple[object, ...]
) -> tuple[Lowered, tuple[Spec, ...]]:
    """The Wengert list of a function, and the specifications with the numbers that had to be known made constants."""
    while True:
        try:
            return lower(source, specs), specs
        except NotStatic as need:
            specs = with_static(specs, values, need.positions)


class Compiled:
    """A function of the Wengert list and a derivative of it, each stage made when it is asked for.

    Parameters
    ----------
    primal : Func
        The function.
    derivative : Derivative
        What to compute.
    options : Options
        How.
    span : Span or None
        The user's function, for what Numba refuses.
    """

    def __init__(self, primal: Func, derivative: Derivative, options: Options, span: Span | None) -> None:
        self.primal, self.derivative, self.options, self.span = primal, derivative, options, span
        self.times: dict[str, float] = {}

    @cached_property
    def stages(self) -> dict[str, Func]:
        """The function after each stage, by the stage's name."""
        bounds = prove_bounds if self.options.boundscheck else drop_bounds
        fn, found = self.primal, dict[str, Func]()
        for name, passes in (
            ("wengert", (simplify, share_loads, bounds, simplify)),
            ("derivative", (self.derivative.of,)),
            ("readable", (drop_stops, simplify)),
            ("lowered", LOWERING if self.options.fastmath else STRICT),
        ):
            for run in passes:
                fn = self._timed(name, run, fn)
                if self.options.check:
                    self._verified(f"{run.__name__} ({name})", fn)
            found[name] = fn
        return found

    def _verified(self, stage: str, fn: Func) -> None:
        try:
            verify(fn)
        except AssertionError as error:
            raise AssertionError(f"after {stage}: {error}") from error

    @cached_property
    def readable(self) -> str:
        """The text for people, which is Python with NumPy."""
        return self._timed("printing", emit, self.stages["readable"], "python")

    @cached_property
    def text(self) -> str:
        """The text that Numba compiles."""
        return self._kept[0]

    @cached_property
    def shared(self) -> tuple[int, ...]:
        """The positions of the derivative's results that lie in memory of an argument or of another result."""
        return self._kept[1]

    @cached_property
    def _kept(self) -> tuple[str, tuple[int, ...]]:
        """What a warm cache has without differentiating again."""
        folder = cache.folder() if self.options.cache and not self.options.check else None
        if folder is None:
            return self._made()
        made_of = repr((self.primal, self.derivative, self.options))
        name = f"{self.primal.name}_{cache.key(cache.versions(), made_of)}.json"
        kept = folder.load(name)
        if kept is None:
            made = self._made()
            folder.store(name, json.dumps(made).encode())
            return made
        text, shared = json.loads(kept)
        return text, tuple(shared)

    def _made(self) -> tuple[str, tuple[int, ...]]:
        first = None if self.derivative.mode == "primal" else len(self.primal.results)
        # the interpreted form need not share what the compiled one shares
        found = (
            set() if first is None else _shared(self.stages["readable"], first) | _shared(self.stages["lowered"], first)
        )
        return self._timed("printing", emit, self.stages["lowered"], "numba"), tuple(sorted(found))

    @cached_property
    def callable(self) -> Callable[..., Any]:
        """The function to call: compiled by Numba at its first signature, or plain Python where that is asked for."""
        # importing Numba takes longer than everything else in this package
        from adcompiler.backend import cpu

        if cpu.interpreted():
            return cpu.python_function(self.readable, self.stages["readable"].name, keep=self.options.cache)
        compiled: Callable[..., Any] = self.dispatcher
        return compiled

    @cached_property
    def dispatcher(self) -> Any:
        """The Numba function."""
        from adcompiler.backend import cpu

        return cpu.numba_function(self.text, self.name, keep=self.options.cache)

    def specialise(self, args: tuple[object, ...]) -> None:
        """Compile for the types of `args`, before the first call with them."""
        from adcompiler.backend import cpu

        if not cpu.interpreted():
            self._timed("numba", cpu.specialise, self.callable, args, self.span)

    @property
    def name(self) -> str:
        """The name of the function in `text`: the last one defined there."""
        found: str = re.findall(r"^def (\w+)\(", self.text, re.MULTILINE)[-1]
        return found

    def _timed(self, stage: str, work: Callable[..., T], *args: Any) -> T:
        start = time.perf_counter()
        try:
            return work(*args)
        finally:
            self.times[stage] = self.times.get(stage, 0.0) + time.perf_counter() - start


def _shared(fn: Func, first: int) -> set[int]:
    """The positions of results, from `first` on, that lie in memory of a parameter or of an earlier result."""
    root = aliases(fn).root
    memory = [root(atom) if isinstance(atom, Var) and fn.type(atom).rank else None for atom in fn.results]
    taken = {root(p) for p in fn.params if fn.types[p.name].rank}
    return {k for k in range(first, len(memory)) if memory[k] and memory[k] in {*taken, *memory[:k]}}
