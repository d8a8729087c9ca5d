"""The search for wrong entries: one by one, or in groups that are split where a group disagrees."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from adcompiler.errors import GradcheckFailed
from adcompiler.tools.differences import (
    CONFIDENCE,
    DOUBLE,
    SINGLE,
    Estimate,
    Precision,
    Quotients,
    Verdict,
    entry_scales,
    relative,
    scales_of,
)
from adcompiler.tools.modes import Forward, Mode, Reverse, entry_label, not_finite
from adcompiler.tools.subject import Directions, Objective, Subject, noise_like, place_of
from adcompiler.tools.trees import is_active, leaves

#: Entries of an array that are looked at one by one; a larger array is looked at in as many groups.
GROUPS = 1000

#: Wrong entries of one array after which the search ends.
ENOUGH = 100

#: Random directions in which forward and reverse mode are compared.
DIRECTIONS = 3


@dataclass(frozen=True, slots=True)
class Mistake:
    """An entry whose derivative no difference supports."""

    entry: str
    mode: str
    derivative: float
    estimate: Estimate

    @property
    def difference(self) -> float:
        """The relative difference, by which mistakes are ordered."""
        return relative(self.derivative, self.estimate.value)

    @property
    def has_estimate(self) -> bool:
        """Whether some step to both sides stays inside the function's domain."""
        return math.isfinite(self.estimate.value)


@dataclass(slots=True)
class Findings:
    """What the search has seen of one array or number.

    Parameters
    ----------
    within_error, kinks : int
        Entries of these verdicts.
    worst : dict
        The largest relative difference among entries that agree, by mode.
    mistakes : list of Mistake
        The wrong entries.
    """

    within_error: int = 0
    kinks: int = 0
    worst: dict[str, float] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Search:
    """The comparison of an objective's derivatives with differences.

    Parameters
    ----------
    objective : Objective
        The real number to differentiate.
    modes : tuple of Mode
        The derivatives under test.
    precision : Precision
        Steps and tolerances.
    rtol : float
        The relative difference that counts as agreement.
    noise : float
        Standard deviation of the rounding in a value.
    rng : Generator
        The source of directions.
    """

    objective: Objective
    modes: tuple[Mode, ...]
    precision: Precision
    rtol: float
    noise: float
    rng: np.random.Generator

    def examine(self, number: int, count: int) -> Findings:
        """Compare that many entries of a leaf; the real and the imaginary part of a complex entry are two."""
        value = self.objective.subject.leaves[number].value
        findings = Findings(worst={mode.name: 0.0 for mode in self.modes})
        every = parts(value)
        # drawn apart from the directions, which do not depend on how many are compared
        chosen = np.arange(every) if count == every else np.random.default_rng(4).choice(every, count, replace=False)
        pending = np.array_split(np.sort(chosen), min(count, GROUPS)) if count else []
        while pending and len(findings.mistakes) < ENOUGH:
            group = pending.pop()
            if not self.group_passes(number, group, findings):
                pending += np.array_split(group, 2)
        findings.mistakes.sort(key=lambda mistake: mistake.difference, reverse=True)
        return findings

    def group_passes(self, number: int, group: np.ndarray, findings: Findings) -> bool:
        """Judge a group by one direction; a group that disagrees is left for splitting, an entry is final."""
        directions, quotients = self.line(number, group)
        derivatives = {mode.name: mode.along(directions) for mode in self.modes}
        verdicts = {name: quotients.judge(value, self.rtol) for name, value in derivatives.items()}
        worst = max(verdict for verdict, _ in verdicts.values())
        if worst > Verdict.WITHIN_ERROR and len(group) > 1:
            return False
        findings.within_error += len(group) * (worst == Verdict.WITHIN_ERROR)
        findings.kinks += worst == Verdict.KINK
        for name, (verdict, difference) in verdicts.items():
            if verdict == Verdict.AGREES:
                findings.worst[name] = max(findings.worst[name], difference)
            if verdict == Verdict.WRONG:
                findings.mistakes.append(self.mistake(number, int(group[0]), name, derivatives[name], quotients.best()))
        return True

    def line(self, number: int, group: np.ndarray) -> tuple[Directions, Quotients]:
        """The direction that moves a group of entries, each on its own scale, and the differences along it."""
        value = self.objective.subject.leaves[number].value
        scales = scales_of(value).ravel()
        entries, imaginary = group % value.size, group // value.size
        signs = self.rng.choice([-1.0, 1.0], len(group)) if len(group) > 1 else np.ones(1)
        weights = self.rng.uniform(0.5, 1.0, len(group)) * signs if len(group) > 1 else signs
        flat = np.zeros(value.size, np.result_type(value.dtype, np.float64))
        np.add.at(flat, entries, weights * scales[entries] * np.where(imaginary, 1j if imaginary.any() else 1.0, 1.0))
        size, scale = float(abs(value.flat[entries[0]])), float(scales[entries[0]])
        own = entry_scales(size, scale) if len(group) == 1 else (1.0,)
        directions = {number: flat.reshape(value.shape)}
        along = self.objective.along(directions)
        return directions, Quotients(along, self.objective.value, own, self.noise, self.precision)

    def mistake(self, number: int, entry: int, mode: str, derivative: float, best: Estimate) -> Mistake:
        """A wrong entry in the user's units: the line moves it by its scale, not by one."""
        leaf = self.objective.subject.leaves[number]
        index = np.unravel_index(entry % leaf.value.size, leaf.value.shape)
        scale = float(scales_of(leaf.value)[index])
        label = entry_label(leaf.label, tuple(int(i) for i in index))
        part = label + (" (imaginary part)" if entry >= leaf.value.size else "")
        return Mistake(
            part, mode, derivative / scale, Estimate(best.value / scale, best.step * scale, best.error / scale)
        )


def parts(value: np.ndarray) -> int:
    """The real numbers in an array."""
    return value.size * (2 if np.iscomplexobj(value) else 1)


def precision_of(of: Objective) -> Precision:
    """Single precision as soon as one number is."""
    numbers = [leaf.value for leaf in of.subject.leaves] + [leaf for _, leaf in leaves(of.out) if is_active(leaf)]
    return SINGLE if any(np.finfo(np.asarray(number).dtype).eps > 1e-10 for number in numbers) else DOUBLE


def anywhere(subject: Subject, rng: np.random.Generator) -> Directions:
    """A direction in which every entry of every leaf moves on its own scale."""
    return {number: scales_of(leaf.value) * noise_like(leaf.value, rng) for number, leaf in enumerate(subject.leaves)}


def adjoint_identity(search: Search, backward: Reverse, forward: Forward) -> float:
    """The largest relative gap between `<cotangent, J direction>` and `<J^T cotangent, direction>`.

    A sum that cancels is measured against its terms, a derivative that is all rounding against the value's noise.
    """
    of, precision = search.objective, search.precision
    rng, worst = np.random.default_rng(3), 0.0
    floor = max(CONFIDENCE * search.noise / precision.identity, np.finfo(float).tiny)
    for _ in range(DIRECTIONS):
        directions = anywhere(of.subject, rng)
        ahead, behind = forward.along(directions), backward.along(directions)
        if not np.isfinite(ahead):
            raise not_finite(of.subject, "a directional derivative", ahead)
        terms = sum(float(np.abs(backward.gradients[i] * array).sum()) for i, array in directions.items())
        worst = max(worst, abs(ahead - behind) / max(terms, abs(ahead), floor))
    if worst > precision.identity:
        entry, here, there = widest_gap(of, backward, forward)
        raise GradcheckFailed(
            f"forward and reverse mode of {of.subject.name} differ by {worst:.1e}, most with respect to {entry}: "
            f"{there!r} forward, {here!r} reverse",
            place_of(of.subject.plain),
            "make the rules of both modes agree where the function uses custom ones",
        )
    return worst


def widest_gap(of: Objective, backward: Reverse, forward: Forward) -> tuple[str, float, float]:
    """The entry in which both modes differ most, with its two derivatives."""
    found = [(entry, backward.along(unit), forward.along(unit)) for entry, unit in units(of.subject)]
    return max(found, key=lambda item: abs(item[1] - item[2]))


def units(subject: Subject) -> Iterator[tuple[str, Directions]]:
    """A unit direction for the entries of each leaf, up to a number of them."""
    for number, leaf in enumerate(subject.leaves):
        for entry in range(min(leaf.value.size, GROUPS)):
            unit = np.zeros(leaf.value.size)
            unit[entry] = 1.0
            index: Sequence[np.intp] = np.unravel_index(entry, leaf.value.shape)
            yield entry_label(leaf.label, tuple(int(i) for i in index)), {number: unit.reshape(leaf.value.shape)}
