"""What is known of a loop whose iterations run again in the reverse sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adcompiler.ad.checkpoints.steps import Step
from adcompiler.ir.wengert import Atom, Carry, Func, Var


@dataclass(frozen=True, slots=True)
class Stored:
    """Where kept states lie.

    Parameters
    ----------
    count : Var or Const
        How many there may be.
    places : Var
        The iterations before which each is the state.
    slots : mapping
        The arrays of the values, by the carried name or the array.
    used : Var, optional
        How many the primal has kept.
    """

    count: Atom
    places: Var
    slots: Mapping[Var, Var]
    used: Var | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """The parts of a checkpointed loop.

    Parameters
    ----------
    step : Step
        Its iteration.
    advance : Func
        The iteration as it runs again: its results are the next values of `state`, then `kept`.
    turn : Func
        The reversed iteration.
    state : tuple of Carry
        The carried values that a kept state holds.
    kept : tuple of Var
        The arrays from outside that the iterations write, and that they need when they run again.
    carries, scalars, arrays
        The carried values, scalars and arrays from outside that have adjoints.
    bars : mapping
        The parameter of `turn` that is the adjoint of each of these.
    contents : mapping
        Copies, made before the loop, of arrays whose contents are lost later.
    stored : Stored, optional
        The states that the primal keeps; without, the reverse sweep starts from the state before the loop.
    """

    step: Step
    advance: Func
    turn: Func
    state: tuple[Carry, ...]
    kept: tuple[Var, ...]
    carries: tuple[Carry, ...]
    scalars: tuple[Var, ...]
    arrays: tuple[Var, ...]
    bars: Mapping[Var, Var]
    contents: Mapping[Var, Var] = field(default_factory=dict)
    stored: Stored | None = None

    @property
    def names(self) -> list[Var]:
        """What a kept state holds: carried names, then arrays from outside."""
        return [*(c.var for c in self.state), *(v for v in self.kept if v not in self.step.passing)]
