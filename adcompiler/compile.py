"""The pipeline: from a lowered function through its derivative to something that can be called."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar

from adcompiler import cache
from adcompiler.analysis.alias import aliases
from adcompiler.emit.text import emit
from adcompiler.errors import Span
from adcompiler.frontend.lower import lower
from adcompiler.frontend.state.restarts import NotStatic
from adcompiler.garbage_collector import uncollected
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import Func, Var
from adcompiler.optimise.elements.columns import join_tapes
from adcompiler.optimise.elements.contract import contract_arrays
from adcompiler.optimise.elements.delays import delay
from adcompiler.optimise.elements.double_buffers import alternate_in_tapes
from adcompiler.optimise.elements.doubled import read_doubles
from adcompiler.optimise.elements.first_stores import begin_with_sums
from adcompiler.optimise.elements.history import live_in_tapes
from adcompiler.optimise.elements.interchange import walk_rows
from adcompiler.optimise.elements.keeping import read_kept
from adcompiler.optimise.elements.narrow import narrow_arrays
from adcompiler.optimise.elements.preaccumulate import preaccumulate
from adcompiler.optimise.elements.promotion import promote
from adcompiler.optimise.elements.reused import reuse_rows
from adcompiler.optimise.elements.scatter import put_off_additions, put_off_in_rows
from adcompiler.optimise.elements.sharing import share_loads
from adcompiler.optimise.elements.swapped_buffers import write_over_zeros
from adcompiler.optimise.elements.windows import slide
from adcompiler.optimise.lines.apart import keep_factors_apart
from adcompiler.optimise.lines.branch_fusion import join_branches
from adcompiler.optimise.lines.early_checks import check_before_loops
from adcompiler.optimise.lines.guards import join_guards
from adcompiler.optimise.lines.reciprocals import multiply_by_reciprocals
from adcompiler.optimise.lines.remainders import take_remainders
from adcompiler.optimise.lines.signs import take_away
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.lines.stops import drop_stops
from adcompiler.optimise.lines.unguarded import drop_guards
from adcompiler.optimise.lines.unselected import skip_unselected
from adcompiler.optimise.lines.untaken import skip_untaken
from adcompiler.optimise.lowering.batches import run_in_batches, run_in_shared_batches
from adcompiler.optimise.lowering.factored import share_factors
from adcompiler.optimise.lowering.fuse import fuse_readers
from adcompiler.optimise.lowering.lower import lower_arrays
from adcompiler.optimise.lowering.product_idioms import recognise_products
from adcompiler.optimise.lowering.products import spell_dots
from adcompiler.optimise.lowering.stored import read_kept_products, store_products
from adcompiler.optimise.machine.bounds import drop_bounds, prove_bounds
from adcompiler.optimise.machine.deferred_checks import check_behind
from adcompiler.optimise.machine.distribute_calls import call_ahead
from adcompiler.optimise.machine.distribute_middle import split_off_ends, split_off_middles
from adcompiler.optimise.machine.distribute_rear import split_off_rears
from adcompiler.optimise.machine.downward import hide_downward
from adcompiler.optimise.machine.memory_checks import check_room
from adcompiler.optimise.machine.reductions import mark_reductions
from adcompiler.optimise.machine.undivided import drop_divisions
from adcompiler.optimise.machine.unroll_and_jam import run_abreast
from adcompiler.optimise.machine.unsigned import unsigned_indices
from adcompiler.optimise.machine.vector_calls import mark_lanes
from adcompiler.optimise.parallel.share import share_loops, share_strictly
from adcompiler.options import Derivative, Options
from adcompiler.outside import Lowered
from adcompiler.signature import Spec, with_static
from adcompiler.source import SourceFunc

# casts of indices come last: they hide an index from every analysis
LOWERING = (
    spell_dots,
    share_factors,
    read_kept_products,
    store_products,
    lower_arrays,
    take_remainders,
    simplify,
    read_kept,
    share_loads,
    check_before_loops,
    recognise_products,
    run_in_batches,
    walk_rows,
    promote,
    share_loads,
    put_off_additions,
    fuse_readers,
    contract_arrays,
    narrow_arrays,
    reuse_rows,
    live_in_tapes,
    alternate_in_tapes,
    read_doubles,
    write_over_zeros,
    delay,
    slide,
    call_ahead,
    multiply_by_reciprocals,
    keep_factors_apart,
    preaccumulate,
    take_away,
    skip_untaken,
    join_guards,
    drop_guards,
    simplify,
    skip_unselected,
    begin_with_sums,
    join_branches,
    join_tapes,
    drop_divisions,
    split_off_middles,
    split_off_rears,
    split_off_ends,
    check_behind,
    run_abreast,
    mark_reductions,
    mark_lanes,
    unsigned_indices,
    hide_downward,
    check_room,
)
# these round differently than the source, or stand before one that does
INEXACT = (
    spell_dots,
    read_kept_products,
    store_products,
    recognise_products,
    run_in_batches,
    call_ahead,
    multiply_by_reciprocals,
    split_off_middles,
    split_off_rears,
    split_off_ends,
    mark_reductions,
    mark_lanes,
)
# what makes an iteration need the one before, or leaves no loops, stands behind the decision which loops threads share,
# or aside
SHARED = {
    read_kept_products: (),
    store_products: (),
    recognise_products: (),
    run_in_batches: (run_in_shared_batches,),
    walk_rows: (),
    put_off_additions: (put_off_in_rows,),
    reuse_rows: (),
    delay: (),
    slide: (),
}


def lowering(options: Options) -> Iterator[Callable[[Func], Func]]:
    """The stages between the readable form and the one that Numba compiles."""
    share = share_loops if options.fastmath else share_strictly
    for stage in LOWERING:
        if options.target == "parallel" and stage is run_abreast:
            yield from (share, slide, simplify)
        if options.fastmath or stage not in INEXACT:
            yield from SHARED.get(stage, (stage,)) if options.target == "parallel" else (stage,)


T = TypeVar("T")


def lowered(
    source: SourceFunc, specs: tuple[Spec, ...], values: tuple[object, ...], kernel: bool = False
) -> tuple[Lowered, tuple[Spec, ...]]:
    """The Wengert list of a function, and the specifications with the numbers that had to be known made constants."""
    while True:
        try:
            return lower(source, specs, kernel), specs
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

    #: Whether the text is for a GPU.
    on_device = False

    def __init__(self, primal: Func, derivative: Derivative, options: Options, span: Span | None) -> None:
        self.primal, self.derivative, self.options, self.span = primal, derivative, options, span
        self.times: dict[str, float] = {}

    @cached_property
    def stages(self) -> dict[str, Func]:
        """The function after each stage, by the stage's name."""
        return self._staged(self.primal, lowering(self.options))

    def _staged(self, fn: Func, lowering: Iterable[Callable[[Func], Func]]) -> dict[str, Func]:
        bounds = (prove_bounds,) if self.options.boundscheck else (drop_bounds, prove_bounds)
        found = dict[str, Func]()
        self._verified("the front end", fn)
        for name, passes in (
            ("wengert", (simplify, share_loads, *bounds, simplify)),
            ("derivative", (self.derivative.of,)),
            ("readable", (drop_stops, simplify)),
            ("lowered", tuple(lowering)),
        ):
            for run in passes:
                if run in (share_loops, share_strictly):
                    found["unshared"] = fn
                before, fn = fn, self._timed(name, run, fn)
                if fn is not before:
                    self._verified(f"{run.__name__} ({name})", fn)
            found[name] = fn
        return found

    def _verified(self, stage: str, fn: Func) -> None:
        if not self.options.check:
            return
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
        return self._printed() if self._kept is None else self._kept[0]

    @cached_property
    def shared(self) -> tuple[int, ...]:
        """The positions of the derivative's results that lie in memory of an argument or of another result."""
        return self._overlapping() if self._kept is None else self._kept[1]

    @cached_property
    def file(self) -> str | None:
        """The name of the file that keeps the text."""
        if not self.options.cache or self.options.check:
            return None
        made_of = repr((self.primal, self.derivative, self.options))
        return f"{self.primal.name}_{cache.key(cache.versions(), made_of)}.json"

    @cached_property
    def _kept(self) -> tuple[str, tuple[int, ...]] | None:
        """The text and the shared positions, which a warm cache has without differentiating again; None without one."""
        folder = None if self.file is None else cache.folder()
        if folder is None or self.file is None:
            return None
        kept = folder.load(self.file)
        if kept is None:
            made = self._printed(), self._overlapping()
            folder.store(self.file, json.dumps(made).encode())
            return made
        text, shared = json.loads(kept)
        return text, tuple(shared)

    def _printed(self) -> str:
        return self._timed("printing", emit, self.stages["lowered"], "numba")

    def _overlapping(self) -> tuple[int, ...]:
        first = None if self.derivative.mode == "primal" else len(self.primal.results)
        # the interpreted form need not share what the compiled one shares
        return () if first is None else tuple(sorted(overlapping(self.stages, first)))

    @cached_property
    def callable(self) -> Callable[..., Any]:
        """The function to call: compiled by Numba at its first signature, or plain Python where that is asked for."""
        # importing Numba takes longer than everything else in this package
        from adcompiler.backend import cpu

        if cpu.interpreted():
            fn = check_room(self.stages["readable"])
            return cpu.python_function(emit(fn, "python"), fn.name, keep=self.options.cache)
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

        with uncollected():
            if not cpu.interpreted():
                self._timed("numba", cpu.specialise, self.callable, args, self.span, lanes=self.derivative.lanes)

    @property
    def name(self) -> str:
        """The name of the function in `text`: the last one defined there."""
        found: str = re.findall(r"^def (\w+)\(", self.text, re.MULTILINE)[-1]
        return found

    def _timed(self, stage: str, work: Callable[..., T], *args: Any, **options: Any) -> T:
        start = time.perf_counter()
        try:
            with uncollected():
                return work(*args, **options)
        finally:
            self.times[stage] = self.times.get(stage, 0.0) + time.perf_counter() - start


def overlapping(stages: Mapping[str, Func], first: int) -> set[int]:
    """The positions of results, from `first` on, that in either form lie in memory of an argument or another result."""
    return _shared(stages["readable"], first) | _shared(stages["lowered"], first)


def _shared(fn: Func, first: int) -> set[int]:
    """The positions of results, from `first` on, that lie in memory of a parameter or of an earlier result."""
    root = aliases(fn).root
    memory = [root(atom) if isinstance(atom, Var) and fn.type(atom).rank else None for atom in fn.results]
    taken = {root(p) for p in fn.params if fn.types[p.name].rank}
    return {k for k in range(first, len(memory)) if memory[k] and memory[k] in {*taken, *memory[:k]}}
