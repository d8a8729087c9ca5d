"""Measures gradients on a GPU; where there is none, it says so and ends.

With `--toy` it compares the contenders at a size that Numba's simulator can run, and measures nothing.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numba import cuda
from numba.cuda.cudadrv.driver import CudaAPIError

from adcompiler.backend.gpu.cuda import simulated
from benchmarks import report
from benchmarks.cuda import bodies, elementwise, fits, heat
from benchmarks.cuda.case import BY_HAND, Case, to_numpy
from benchmarks.cuda.rates import Rates, least, measured

CASES: dict[str, Callable[[bool, Any], Case]] = {
    "elementwise": elementwise.case,
    "bodies": bodies.case,
    "linear_heat": partial(heat.case, curved=False),
    "nonlinear_heat": partial(heat.case, curved=True),
    "fits": fits.case,
}


def numbers(found: Sequence[Any]) -> list[np.ndarray]:
    """Value and gradients of a contender as NumPy has them; the values of many items as their sum."""
    value, *slopes = found if not isinstance(found[1], tuple) else [found[0], *found[1]]
    return [np.sum(to_numpy(value)), *map(to_numpy, slopes)]


def difference(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float:
    """The largest difference, by the largest number of each array."""
    return max(float(np.max(np.abs(a - b)) / np.max(np.abs(b))) for a, b in zip(found, expected, strict=True))


def rows(case: Case, rates: Rates | None) -> list[list[str]]:
    """What the contenders of a case need, and how far they are from the hand-written kernels."""
    found, expected, hand = [], None, None
    for name, make in case.makers.items():
        try:
            contender = make()
            if contender is None:
                continue
            got = numbers(contender())
            seconds = None if rates is None else least(contender)
        except (RuntimeError, CudaAPIError) as error:
            # a package whose arrays do not fit says so in words of its own
            if name == BY_HAND or "memory" not in str(error).lower():
                raise
            found.append([case.name, case.size, name, "no memory", "", "", "", ""])
            continue
        expected = expected or got
        hand = hand or seconds
        found.append([case.name, case.size, name, *figures(case, seconds, hand, rates)])
        found[-1].append(f"{difference(got, expected):.1e}")
    return found


def figures(case: Case, seconds: float | None, hand: float | None, rates: Rates | None) -> list[str]:
    """A time, its ratio to that of the hand-written kernels, and shares of the device's rates."""
    if seconds is None or hand is None or rates is None:
        return ["", "", "", ""]
    traffic, work = case.traffic / seconds / rates.bytes, case.operations / seconds / rates.operations
    return [f"{1e3 * seconds:.2f} ms", f"{seconds / hand:.2f}", f"{traffic:.0%}", f"{work:.0%}"]


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cuda", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CASES))
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--toy", action="store_true", help="compare at a small size, in Numba's simulator or not")
    options = parser.parse_args()
    if unknown := set(options.names) - {*CASES}:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if not cuda.is_available() or (simulated() and not options.toy):
        print("skipped: numba.cuda finds no GPU")
        return
    dtype = np.dtype(options.dtype)
    rates = None if options.toy else measured(dtype)
    if rates is not None:
        name = cuda.get_current_device().name
        name = name.decode() if isinstance(name, bytes) else name
        print(
            f"{name}, {dtype}: a copy moves {rates.bytes / 1e9:.0f} GB/s, multiply-adds do "
            f"{rates.operations / 1e12:.1f} TFLOP/s\n"
        )
    head = ["", "size", "contender", "time", "by hand", "bandwidth", "arithmetic", "difference"]
    found = [row for name in options.names or CASES for row in rows(CASES[name](options.toy, dtype), rates)]
    print(report.text((head, found)))


if __name__ == "__main__":
    main()
