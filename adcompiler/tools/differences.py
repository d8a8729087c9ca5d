"""Difference quotients along a line, over many steps, and what they say about a derivative.

The steps depend on the arguments alone. A derivative is wrong only when no pair of steps that can be trusted
agrees with it, and the most trustworthy one, chosen without it, excludes it beyond its own error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

Along = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Precision:
    """What the arithmetic of a program resolves.

    Parameters
    ----------
    eps : float
        The rounding unit.
    steps : tuple of float
        Steps relative to the argument, the most promising first.
    rtol : float
        Relative difference between a derivative and a quotient that counts as agreement.
    identity : float
        Relative difference allowed between forward and reverse mode.
    kink : tuple of float
        The two steps whose slopes are compared to recognise a kink.
    """

    eps: float
    steps: tuple[float, ...]
    rtol: float
    identity: float
    kink: tuple[float, float]


DOUBLE = Precision(2.2e-16, (1e-4, 1e-3, 1e-5, 1e-6, 1e-2, 1e-7, 1e-8, 1e-9), 1e-6, 1e-10, (1e-6, 1e-5))
SINGLE = Precision(1.2e-7, (1e-2, 3e-2, 3e-3, 1e-3, 1e-1), 5e-3, 1e-4, (3e-3, 1e-2))

#: Standard deviations of the values' noise that a quotient may be off.
CONFIDENCE = 5.0


class Verdict(IntEnum):
    """What the quotients say about a derivative, from good to bad."""

    AGREES = 0
    WITHIN_ERROR = 1
    KINK = 2
    WRONG = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative from differences, the step behind it and how far it can be trusted."""

    value: float
    step: float
    error: float


@dataclass(slots=True)
class Quotients:
    """Central differences of `along(t)` at t = 0, computed as they are asked for.

    Parameters
    ----------
    along : callable
        The value at a distance along the line; NaN outside the function's domain.
    centre : float
        `along(0)`.
    scales : tuple of float
        What the steps are relative to.
    noise : float
        Standard deviation of the rounding in a value.
    precision : Precision
        Steps and tolerances.
    """

    along: Along
    centre: float
    scales: tuple[float, ...]
    noise: float
    precision: Precision
    sides: dict[float, tuple[float, float]] = field(default_factory=dict)

    def values(self, step: float) -> tuple[float, float]:
        """The values ahead and behind."""
        if step not in self.sides:
            self.sides[step] = self.along(step), self.along(-step)
        return self.sides[step]

    def slope(self, step: float) -> float:
        """The central difference."""
        ahead, behind = self.values(step)
        return (ahead - behind) / (2 * step)

    def jump(self, step: float) -> float:
        """The slope ahead less the slope behind."""
        ahead, behind = self.values(step)
        return (ahead - 2 * self.centre + behind) / step

    def estimates(self) -> Iterator[Estimate]:
        """Richardson's extrapolation of each pair of neighbouring steps."""
        for scale in self.scales:
            known: list[float] = []
            for step in (scale * relative for relative in self.precision.steps):
                for other in known:
                    if 1.5 < max(step / other, other / step) < 15.0:
                        yield self.extrapolated(min(step, other), max(step, other))
                known.append(step)

    def extrapolated(self, step: float, wider: float) -> Estimate:
        """The quotient of two steps together; its error is what the wider one changed, and the noise."""
        slope, ratio = self.slope(step), (wider / step) ** 2
        value = (ratio * slope - self.slope(wider)) / (ratio - 1)
        return Estimate(value, step, abs(value - slope) + CONFIDENCE * self.noise / step)

    def best(self) -> Estimate:
        """The estimate with the least error of its own, whatever the derivative under test.

        Errors are relative where some estimate is good, so that steps too wide for a quickly varying function, which
        give small numbers of small error, lose; where all are noise, the smallest noise wins.
        """
        finite = [estimate for estimate in self.estimates() if math.isfinite(estimate.value)]
        good = [estimate for estimate in finite if estimate.error <= 0.01 * abs(estimate.value)]
        if good:
            return min(good, key=lambda estimate: estimate.error / abs(estimate.value))
        return min(finite, key=lambda estimate: estimate.error, default=Estimate(math.nan, math.nan, math.inf))

    def judge(self, derivative: float, rtol: float) -> tuple[Verdict, float]:
        """The verdict, and the relative difference from the estimate that it rests on."""
        if derivative == 0.0 and self.slope(self.scales[0] * self.precision.steps[0]) == 0.0:
            return Verdict.AGREES, 0.0
        for estimate in self.estimates():
            difference = relative(derivative, estimate.value)
            if difference <= rtol and estimate.error <= rtol * abs(estimate.value):
                return Verdict.AGREES, difference
        best = self.best()
        difference = relative(derivative, best.value)
        if abs(derivative - best.value) <= best.error < math.inf:
            return Verdict.WITHIN_ERROR, difference
        return (Verdict.KINK if self.between_slopes(derivative, rtol) else Verdict.WRONG), difference

    def between_slopes(self, derivative: float, rtol: float) -> bool:
        """Whether the function has a kink here and the derivative lies between its one-sided slopes.

        The jump between the slopes on both sides shrinks with the step on a smooth function and stays at a kink.
        """
        near, far = (self.scales[0] * relative for relative in self.precision.kink)
        jump = abs(self.jump(near))
        if not abs(jump - abs(self.jump(far))) <= 0.1 * jump or jump <= 20 * CONFIDENCE * self.noise / near:
            return False
        return abs(derivative - self.slope(near)) <= (0.5 + rtol) * jump


def relative(a: float, b: float) -> float:
    """The relative difference; infinite where one of the numbers is not finite.

    >>> relative(2.0, 1.0), relative(0.0, math.nan)
    (0.5, inf)
    """
    if a == b:
        return 0.0
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    return abs(a - b) / max(abs(a), abs(b))


def noise_level(along: Along, centre: float, precision: Precision) -> float:
    """Standard deviation of the rounding in `along`, from a table of differences (Moré and Wild, 2011).

    Fourth differences at a tiny spacing contain nothing of a smooth function: what is left is its noise.
    """
    spacing = 64 * precision.eps
    fourth = np.diff([along(k * spacing) for k in range(-8, 8)], n=4)
    measured = math.sqrt(float(np.mean(fourth**2)) / 70)
    rounding = precision.eps * abs(centre)
    return max(measured, rounding) if math.isfinite(measured) else rounding


def scales_of(array: np.ndarray) -> np.ndarray:
    """For each entry the size on which it may be expected to vary: its own, or the array's where it is smaller."""
    sizes = np.where(np.isfinite(array), np.abs(array), 0.0)
    typical = float(np.median(sizes[sizes > 0])) if (sizes > 0).any() else 1.0
    return np.asarray(np.maximum(sizes, typical), float)


def entry_scales(size: float, scale: float) -> tuple[float, ...]:
    """Further scales for a single entry, relative to the first: unity, and its own size if much smaller.

    >>> entry_scales(1e-3, 1.0)
    (1.0, 0.001)
    """
    scales = [1.0]
    for other in (1.0 / scale, size / scale):
        if other > 0 and math.isfinite(other) and all(not 0.1 < other / known < 10 for known in scales):
            scales.append(other)
    return tuple(scales)
