"""Weights that NumPy knows by a name: windows of signals, and the points of Gauss's rules."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.library.creation import array
from adcompiler.frontend.library.defined.norms import floats
from adcompiler.frontend.library.definitions import means
from adcompiler.frontend.library.primitives import i0
from adcompiler.frontend.library.registry import implements, title
from adcompiler.frontend.state.values import Seq, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.wengert import Const


def phases(M: Any) -> Any:
    """The angles of a window's points, from minus to plus pi."""
    if M < 1:
        return np.zeros(0)
    return np.zeros(1) if M == 1 else np.pi * np.arange(1 - M, M, 2) / (M - 1)


@means(np.hanning)
def hanning(M: Any) -> Any:
    """A raised cosine."""
    return 0.5 + 0.5 * np.cos(phases(M))


@means(np.hamming)
def hamming(M: Any) -> Any:
    """A raised cosine that does not end at zero."""
    return 0.54 + 0.46 * np.cos(phases(M))


@means(np.blackman)
def blackman(M: Any) -> Any:
    """Two cosines."""
    angle = phases(M)
    return 0.42 + 0.5 * np.cos(angle) + 0.08 * np.cos(2.0 * angle)


@means(np.bartlett)
def bartlett(M: Any) -> Any:
    """A triangle."""
    return 1.0 - np.abs(phases(M)) / math.pi


@means(np.kaiser)
def kaiser(M: Any, beta: Any) -> Any:
    """A window of Bessel functions."""
    return i0(beta * np.sqrt(1.0 - (phases(M) / math.pi) ** 2)) / i0(floats(beta))


def _gauss(*rules: Any) -> None:
    """Enter rules of quadrature: points and weights for a number of points that is known."""

    def enter(rule: Any) -> None:
        @implements(rule)
        def points(b: Builder, deg: Value) -> Value:
            if not isinstance(deg, Const) or not isinstance(deg.value, int) or not 0 < deg.value <= 100:
                fix = "give the number, at most 100, or pass points and weights as arguments"
                raise TypeProblem(f"{title(rule)} of a number of points that is not known", b.span, fix)
            found = rule(deg.value)
            return Seq(tuple(array(b, Seq(tuple(Const(float(v)) for v in part), "list")) for part in found))

    for rule in rules:
        enter(rule)


_gauss(
    np.polynomial.legendre.leggauss,
    np.polynomial.hermite.hermgauss,
    np.polynomial.hermite_e.hermegauss,
    np.polynomial.laguerre.laggauss,
    np.polynomial.chebyshev.chebgauss,
)
