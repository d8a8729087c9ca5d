"""What a user may choose, and what is computed from a function."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from adcompiler.errors import ADCompilerError, nearest

if TYPE_CHECKING:
    from adcompiler.ir.wengert import Func

TARGETS = ("cpu", "parallel", "cuda")


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may choose; part of every cache key.

    Parameters
    ----------
    target : str
        What runs the code: "cpu" is one thread, "parallel" as many as `numba.set_num_threads` allows, "cuda" a GPU.
    fastmath : bool
        Allow vector mathematics, reassociated sums and products with reciprocals.
    boundscheck : bool
        Raise IndexError where an index is out of range.
    cache : bool
        Keep text and machine code on disk.
    memory : int, optional
        Bytes that recorded values may take before loops are checkpointed.
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
                meant = nearest(name, known) or f"; the options are {', '.join(known)}"
                raise TypeError(f"{caller}() got an unknown option {name!r}{meant}")
            if isinstance(known[name], bool) and not isinstance(value, bool):
                raise TypeError(f"{caller}() option {name!r} must be True or False, not {value!r}")
        options = cls(**{"check": os.environ.get("ADCOMPILER_CHECK", "0") not in ("", "0"), **given})
        if options.target not in TARGETS:
            raise ADCompilerError(
                f"target {options.target!r} is not available", None, f"choose one of: {', '.join(map(repr, TARGETS))}"
            )
        if options.memory is not None and (not isinstance(options.memory, int) or options.memory < 1):
            raise TypeError(f"{caller}() option 'memory' must be a number of bytes, not {options.memory!r}")
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
        Whether there are several directions at once, in a last axis of all that depends on seeds. The seed of a real
        entry is the direction in which it is one; a last parameter says how many there are.
    pattern : bool
        Whether it is found on which seeds each result depends, in place of the results.
    memory : int, optional
        Reverse mode: bytes that records may take before loops are checkpointed.
    """

    mode: Literal["primal", "reverse", "forward"]
    wrt: tuple[int, ...] = ()
    seeds: Literal["one", "given"] = "one"
    outputs: tuple[int, ...] | None = None
    second: bool = False
    lanes: bool = False
    pattern: bool = False
    memory: int | None = None

    def of(self, fn: Func) -> Func:
        """The function that computes it."""
        found = self._single(fn)
        count = len(fn.results) + (len(self.wrt) if self.second else 0)
        seeds, outs = range(len(fn.params), len(found.params)), range(count, len(found.results))
        if self.lanes:
            from adcompiler.ad.directions.lanes import widen

            # along a complex entry there are two directions
            ones = [k for k in seeds if not found.type(found.params[k]).is_complex]
            return widen(found, seeds, outs, ones)
        if self.pattern:
            from adcompiler.ad.directions.pattern import pattern

            return pattern(found, seeds, outs)
        return found

    def _single(self, fn: Func) -> Func:
        """The function for one direction."""
        # a call whose machine code is there differentiates nothing
        from adcompiler.ad.checkpoints.unmarked import opened
        from adcompiler.ad.forward import tangent
        from adcompiler.ad.mode import gradient_in_cheaper_mode

        if self.mode == "reverse":
            found = gradient_in_cheaper_mode(fn, self.wrt, self.seeds, self.outputs, self.memory)
            return tangent(found, self.wrt) if self.second else found
        fn = opened(fn)
        return tangent(fn, self.wrt) if self.mode == "forward" else fn
