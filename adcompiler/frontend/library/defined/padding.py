"""Arrays made larger at their ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.library.definitions import means, refuse


def pair(value: Any, k: int) -> Any:
    """The numbers before and after axis `k` of one number, one pair, or a pair for each axis."""
    if not isinstance(value, (tuple, list)):
        return value, value
    if isinstance(value[0], (tuple, list)):
        one = value[k] if len(value) > 1 else value[0]
        return one[0], one[len(one) - 1]
    return value[0], value[len(value) - 1]


def mirrored(rows: Any, before: int, after: int, period: int, turn: int) -> Any:
    """Rows that repeat with a period, whose second half runs backwards from row `turn`."""
    out = np.empty((before + len(rows) + after, *rows.shape[1:]), rows.dtype)
    for i in range(before + len(rows) + after):
        place = (i - before) % period
        out[i] = rows[place if place < len(rows) else turn - place]
    return out


def padded(rows: Any, before: int, after: int, mode: str, values: Any) -> Any:
    """The first axis made longer."""
    n = len(rows)
    if mode == "reflect":
        return mirrored(rows, before, after, max(2 * n - 2, 1), 2 * n - 2)
    if mode == "symmetric":
        return mirrored(rows, before, after, 2 * n, 2 * n - 1)
    if mode == "wrap":
        return mirrored(rows, before, after, n, 0)
    if mode in ("linear_ramp", "mean", "median"):
        only_floats(rows, mode)
    out = np.empty((before + n + after, *rows.shape[1:]), rows.dtype)
    out[before : before + n] = rows
    if mode == "constant":
        out[:before] = values[0]
        out[before + n :] = values[1]
    elif mode == "edge":
        out[:before] = rows[0]
        out[before + n :] = rows[n - 1]
    elif mode == "linear_ramp":
        for i in range(before):
            out[i] = values[0] + (rows[0] - values[0]) * (i / before)
        for i in range(after):
            out[before + n + after - 1 - i] = values[1] + (rows[n - 1] - values[1]) * (i / after)
    elif mode in ("mean", "median", "maximum", "minimum"):
        out[:before] = of_rows(rows, mode)
        out[before + n :] = of_rows(rows, mode)
    else:
        refuse(f"np.pad in the mode {mode!r}", "use 'constant', 'edge', 'linear_ramp', 'mean', 'reflect' or 'wrap'")
    return out


def of_rows(rows: Any, mode: str) -> Any:
    """What stands at both ends in a mode that is named after a statistic."""
    if mode == "mean":
        return np.mean(rows, axis=0)
    if mode == "median":
        return np.median(rows, axis=0)
    return np.max(rows, axis=0) if mode == "maximum" else np.min(rows, axis=0)


def only_floats(rows: Any, mode: str) -> None:
    """Refuse integers where NumPy rounds."""
    if rows.dtype.kind != "f":
        refuse(f"np.pad of integers in the mode {mode!r}", "make the array one of floats")


@means(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", *, constant_values: Any = 0, end_values: Any = 0) -> Any:
    """Each axis made longer at both ends."""
    out = np.asarray(array)
    values = end_values if mode == "linear_ramp" else constant_values
    for k in tuple(range(out.ndim)):
        before, after = pair(pad_width, k)
        rows = padded(np.moveaxis(out, k, 0), before, after, mode, pair(values, k))
        out = np.moveaxis(rows, 0, k)
    return out
