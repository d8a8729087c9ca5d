"""The Fourier transform of rows: its matrix is symmetric, so that it is its own transpose."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from adcompiler.ir.build import Builder
from adcompiler.ir.wengert import Assign, Atom
from adcompiler.rules.rule import Rule, register


def _pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    return {0: b.emit("fft", y_bar, inverse=dict(stmt.params)["inverse"])} if 0 in wanted else {}


def _push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    if dots[0] is None:
        return None
    return b.emit("fft", dots[0], hint=f"{stmt.target}_dot", inverse=dict(stmt.params)["inverse"])


register(Rule("fft", "fft(x)", ("x",), _pull, _push, {"x": "fft(y_bar)"}))
