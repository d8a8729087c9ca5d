"""Check a derivative against differences and against the adjoint identity, and name the worst entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adcompiler.api import grad
from adcompiler.errors import GradcheckFailed, NotDifferentiable
from adcompiler.tools.differences import noise_level
from adcompiler.tools.modes import Forward, Options, check_finite, check_untouched, check_value, reverse
from adcompiler.tools.search import Mistake, Search, adjoint_identity, anywhere, parts, precision_of
from adcompiler.tools.subject import (
    Argnums,
    Function,
    Objective,
    is_real_number,
    objective,
    place_of,
    subject,
    subject_of,
)
from adcompiler.tools.table import render
from adcompiler.tools.trees import fresh

MODES = ("reverse", "forward")


@dataclass(frozen=True, slots=True)
class Row:
    """What was found for one array or number.

    Parameters
    ----------
    order : int
        1 for the gradient, 2 for the derivative of the gradient.
    label, shape, dtype : str, tuple, dtype
        What it is.
    entries : int
        Derivatives that were compared: an imaginary part is one of its own.
    total : int
        Derivatives that there are.
    within_error : int
        Those of them that agree only within the error of the differences, as a tiny entry does.
    kinks : int
        Those where the function has a kink and the derivative lies between the one-sided slopes.
    worst : mapping
        The largest relative difference from a difference quotient, by mode.
    """

    order: int
    label: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    entries: int
    total: int
    within_error: int
    kinks: int
    worst: Mapping[str, float]

    @property
    def compared(self) -> str:
        """How many entries were compared, of how many if not all."""
        return f"{self.entries}" if self.entries == self.total else f"{self.entries} of {self.total}"


@dataclass(frozen=True, slots=True, repr=False)
class GradcheckReport:
    """The comparison that `gradcheck` made, one row for each array or number; prints as a table.

    Parameters
    ----------
    name : str
        The function.
    modes : tuple of str
        What was compared.
    rows : tuple of Row
        The results.
    identities : tuple of float
        For each order, the relative difference between both modes; empty unless both were checked.
    """

    name: str
    modes: tuple[str, ...]
    rows: tuple[Row, ...]
    identities: tuple[float, ...]

    def __str__(self) -> str:
        columns = ["argument", "order", "shape", "dtype", "entries", "within error", "kinks", *self.modes]
        rows = [
            [
                *map(str, (row.label, row.order, row.shape, row.dtype, row.compared, row.within_error, row.kinks)),
                *(f"{row.worst[mode]:.1e}" for mode in self.modes),
            ]
            for row in self.rows
        ]
        title = f"gradcheck of {self.name}: relative difference from central differences"
        identity = [f"forward against reverse: {gap:.1e} (order {i})" for i, gap in enumerate(self.identities, 1)]
        return "\n".join([render(title, columns, rows), *identity])

    __repr__ = __str__


def gradcheck(
    f: Function,
    *args: Any,
    argnums: Argnums = None,
    order: int = 1,
    rtol: float | None = None,
    modes: Sequence[str] = MODES,
    entries: int | None = None,
    **options: Any,
) -> GradcheckReport:
    """Compare the derivatives of a function with differences of its plain Python values.

    Every entry is compared with central differences over several steps, which depend on the argument alone; it is
    wrong only if no step agrees. Forward and reverse mode are compared with each other to rounding. The function
    may change its arguments: every call gets a copy.

    Parameters
    ----------
    f : callable
        A plain function, or one decorated with `grad`, which stands for the function it differentiates.
        An array result is reduced to a number by a random cotangent.
    *args
        The point at which to check.
    argnums : int, str or tuple of them, optional
        The arguments to check; by default all that are floating-point.
    order : {1, 2}
        2 also checks the derivative of the gradient, by differences of gradients.
    rtol : float, optional
        Relative difference that counts as agreement: 1e-6 by default, 5e-3 where float32 takes part.
    modes : tuple of {"reverse", "forward"}
        What to check.
    entries : int, optional
        Compare that many entries of each array with differences, drawn at random but the same ones every time; by
        default all. Forward and reverse mode are compared with each other over all of them in any case.
    **options
        Options of the compiler, as for `grad`.

    Returns
    -------
    GradcheckReport
        A table, when printed.

    Raises
    ------
    GradcheckFailed
        Naming the worst entry, its derivative and the difference quotient.

    Examples
    --------
    >>> import adcompiler as ad
    >>> report = ad.gradcheck(lambda x, y: x * y + x, 2.0, 3.0)
    >>> [(row.label, row.entries) for row in report.rows]
    [('x', 1), ('y', 1)]
    """
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, not {order!r}")
    if not modes or not set(modes) <= set(MODES):
        raise ValueError(f"modes must be among {MODES}, not {modes!r}")
    if entries is not None and entries < 1:
        raise ValueError(f"entries must be positive, not {entries!r}")
    first = objective(subject(f, args, argnums), np.random.default_rng(0))
    results = [check(first, 1, tuple(modes), rtol, entries, options)]
    if order == 2:
        results.append(check(second(first, options), 2, tuple(modes), rtol, entries, options))
    rows = tuple(row for rows, _ in results for row in rows)
    return GradcheckReport(first.subject.name, tuple(modes), rows, tuple(gap for _, gaps in results for gap in gaps))


def second(first: Objective, options: Options) -> Objective:
    """The gradient of an objective as an objective of its own."""
    of = first.subject
    function = of.function
    if not is_real_number(first.out):
        if not isinstance(first.out, np.ndarray) or not np.issubdtype(first.out.dtype, np.floating):
            what = f"the second derivative of {of.name} is checked for a number or one real array as result"
            raise NotDifferentiable(what, place_of(of.plain), "return one number, or one array")
        function = projected(function, first.cotangent)
    gradient = grad(function, argnums=of.positions, **options)
    return objective(subject_of(gradient, gradient, of.args, of.positions), np.random.default_rng(1))


def projected(function: Function, weights: np.ndarray) -> Function:
    """A function's array result as a number."""

    def weighted(*args):  # type: ignore[no-untyped-def]
        return np.sum(weights * function(*args))

    return weighted


def check(
    of: Objective, order: int, modes: tuple[str, ...], rtol: float | None, entries: int | None, options: Options
) -> tuple[list[Row], list[float]]:
    """Check one order of differentiation: the rows, and the gap between the modes if both are there."""
    check_finite(of.subject, of.out)
    precision, rng = precision_of(of), np.random.default_rng(2)
    noise = noise_level(of.along(anywhere(of.subject, rng)), of.value, precision)
    before = fresh(of.subject.args)
    backward = reverse(of, options) if "reverse" in modes else None
    forward = Forward(of, options) if "forward" in modes else None
    for out in ([backward.out] if backward else []) + ([forward.result()] if forward else []):
        check_value(of, out, precision.rtol / 10, noise)
    check_untouched(of.subject, before)
    found = tuple(mode for mode in (backward, forward) if mode)
    search = Search(of, found, precision, precision.rtol if rtol is None else rtol, noise, rng)
    rows, mistakes = compared(search, order, entries)
    if mistakes:
        raise failure(of, order, mistakes, sum(row.entries for row in rows))
    return rows, [adjoint_identity(search, backward, forward)] if backward and forward else []


def compared(search: Search, order: int, entries: int | None) -> tuple[list[Row], list[Mistake]]:
    """A row for each leaf, and every wrong entry."""
    rows, mistakes = [], []
    for number, leaf in enumerate(search.objective.subject.leaves):
        total = parts(leaf.value)
        count = total if entries is None else min(entries, total)
        findings = search.examine(number, count)
        mistakes += findings.mistakes
        found = (findings.within_error, findings.kinks, findings.worst)
        rows.append(Row(order, leaf.label, leaf.value.shape, leaf.value.dtype, count, total, *found))
    return rows, mistakes


def failure(of: Objective, order: int, mistakes: list[Mistake], entries: int) -> GradcheckFailed:
    """The error that names the worst of the wrong entries, or one that differences say nothing about."""
    wrong = [mistake for mistake in mistakes if mistake.has_estimate]
    if not wrong:
        return without_differences(of, mistakes[0])
    worst = max(wrong, key=lambda mistake: mistake.difference)
    count = len({mistake.entry for mistake in wrong})
    what = "gradient" if order == 1 else "derivative of the gradient"
    return GradcheckFailed(
        f"wrong {what} of {of.subject.name} with respect to {worst.entry}: "
        f"{worst.derivative!r} by {worst.mode} mode, {worst.estimate.value!r} by central differences "
        f"(step {worst.estimate.step:.0e}, relative difference {worst.difference:.1e}); "
        f"{count} of {entries} entries found wrong",
        place_of(of.subject.plain),
        "correct the custom rules that the function uses, or check at a point where it is differentiable",
    )


def without_differences(of: Objective, mistake: Mistake) -> GradcheckFailed:
    """The error where no step to both sides of an entry stays inside the domain."""
    return GradcheckFailed(
        f"differences of {of.subject.name} cannot be taken with respect to {mistake.entry}: "
        "its value is not finite on both sides of the point",
        place_of(of.subject.plain),
        "check at a point inside of its domain",
    )
