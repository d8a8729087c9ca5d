"""Errors of the mathematical functions that loops call for several numbers at once, against mpmath.

Each function of the C library runs for one number at a time and, where `libmvec` has it, for vectors of 128, 256 and
512 bits, as far as the processor has them: over all of its domain, by size and by exponent, and on special values.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import mpmath
import numpy as np

from adcompiler.emit.vector_functions import C_NAMES
from benchmarks.report import Table

#: By the letter of the C library, what the processor needs, and the bits of a vector.
VECTORS = {"b": ("sse2", 128), "d": ("avx2", 256), "e": ("avx512f", 512)}
TYPES = {"float64": "double", "float32": "float"}
POINTS = 500
DIGITS = 60
SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan)

EXACT: dict[str, Callable[..., Any]] = {
    **{op: getattr(mpmath, op) for op in "sin cos tan sinh cosh tanh exp expm1 log log10 log1p hypot erf erfc".split()},
    **{f"arc{op}": getattr(mpmath, f"a{op}") for op in "sin cos tan sinh cosh tanh tan2".split()},
    "exp2": lambda x: mpmath.power(2, x),
    "log2": lambda x: mpmath.log(x, 2),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "pow": mpmath.power,
}
PAIRS = ("arctan2", "hypot", "pow")


@dataclass(frozen=True, slots=True)
class Errors:
    """What was found of one function.

    Parameters
    ----------
    op
        The function.
    units
        By type and bits of a vector (0 for one number at a time), the largest error in units in the last place.
    special
        The special values at which some vector function gives another result than the one for one number.
    """

    op: str
    units: dict[tuple[str, int], float]
    special: tuple[str, ...]


def run(ops: Sequence[str] = tuple(EXACT), points: int = POINTS) -> Iterator[Errors]:
    """Measure each function in turn."""
    for op in ops:
        units: dict[tuple[str, int], float] = {}
        special = dict[str, None]()
        for dtype in TYPES:
            args = arguments(2 if op in PAIRS else 1, dtype, points)
            exact = [exactly(op, one) for one in zip(*args, strict=True)]
            alone, *several = ((bits, call) for bits in (0, 128, 256, 512) if (call := function(op, dtype, bits)))
            units |= {(dtype, bits): largest(call(*args), exact) for bits, call in (alone, *several)}
            at = specials(len(args), dtype)
            for _, call in several:
                found, expected = call(*at), alone[1](*at)
                differs = ~((found == expected) & (np.signbit(found) == np.signbit(expected)))
                differs &= ~(np.isnan(found) & np.isnan(expected))
                special |= dict.fromkeys(", ".join(f"{a[k]:g}" for a in at) for k in np.flatnonzero(differs))
        yield Errors(op, units, tuple(special))


def table(found: Sequence[Errors]) -> Table:
    """A row for each function, and the largest error of all vector functions of a kind."""
    kinds = [(dtype, bits) for dtype in TYPES for bits in (0, 128, 256, 512)]
    head = ("function", *(f"{dtype}, {f'{bits} bits' if bits else 'one'}" for dtype, bits in kinds), "special values")
    rows = [
        [
            one.op,
            *(f"{one.units[kind]:.2f}" if kind in one.units else "" for kind in kinds),
            "; ".join(one.special) or "the same",
        ]
        for one in found
    ]
    most = [max((one.units[kind] for one in found if kind in one.units), default=None) for kind in kinds]
    return head, [*rows, ["largest", *("" if m is None else f"{m:.2f}" for m in most), ""]]


def arguments(count: int, dtype: str, points: int) -> list[np.ndarray]:
    """Numbers of every size and of every exponent, in pairs for functions of two."""
    rng, info = np.random.default_rng(0), np.finfo(dtype)
    ends = np.log2(info.smallest_subnormal, dtype="float64"), np.log2(info.max, dtype="float64")
    found = []
    for _ in range(count):
        exponents = 2.0 ** rng.uniform(*ends, points) * rng.choice([-1.0, 1.0], points)
        sizes = [rng.uniform(-top, top, points) for top in (1.0, 10.0, ends[1])]
        found.append(rng.permutation(np.concatenate([exponents, *sizes])).astype(dtype))
    return found


def specials(count: int, dtype: str) -> list[np.ndarray]:
    """Special values, in all pairs for functions of two."""
    return [part.ravel().astype(dtype) for part in np.meshgrid(*[np.array(SPECIAL)] * count)]


def exactly(op: str, args: tuple[float, ...]) -> Any:
    """The result to many digits; None where it is no finite real number."""
    with mpmath.workdps(DIGITS):
        try:
            found = EXACT[op](*(mpmath.mpf(float(a)) for a in args))
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
        return found if isinstance(found, mpmath.mpf) and mpmath.isfinite(found) else None


def largest(found: np.ndarray, exact: Sequence[Any]) -> float:
    """The largest error in units in the last place of the exact result."""
    top, worst = float(np.finfo(found.dtype).max), 0.0
    with mpmath.workdps(DIGITS):
        for one, truth in zip(found, exact, strict=True):
            if truth is None or (np.isinf(one) and abs(truth) >= top):
                continue
            unit = np.spacing(found.dtype.type(min(abs(float(truth)), top)))
            worst = max(worst, float(abs(mpmath.mpf(float(one)) - truth) / float(unit)) if np.isfinite(one) else np.inf)
    return worst


@cache
def function(op: str, dtype: str, bits: int) -> Callable[..., np.ndarray] | None:
    """A function of arrays that calls the C library with vectors of these bits; None where there is none."""
    args = "v" * (2 if op in PAIRS else 1)
    symbol = C_NAMES[op] + ("" if dtype == "float64" else "f")
    lanes = max(1, bits // (8 * np.dtype(dtype).itemsize))
    if bits:
        letter, feature = next((letter, need) for letter, (need, width) in VECTORS.items() if width == bits)
        symbol = f"_ZGV{letter}N{lanes}{args}_{symbol}"
        if not llvm.get_host_cpu_features().get(feature):
            return None
    library()
    if not llvm.address_of_symbol(symbol):
        return None
    engine, address = compiled(symbol, len(args), lanes, TYPES[dtype])
    each = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (len(args) + 1), ctypes.c_int64)(address)

    def call(*arrays: np.ndarray) -> np.ndarray:
        assert engine is not None
        size = len(arrays[0])
        # ones fill the last vector
        padded = [np.concatenate([a, np.ones(-size % lanes, dtype)]) for a in arrays]
        result = np.empty_like(padded[0])
        each(*(a.ctypes.data for a in padded), result.ctypes.data, len(result))
        return result[:size]

    return call


@cache
def library() -> None:
    """Let LLVM find the functions, and make code for this processor."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    for name in ("libm.so.6", "libmvec.so.1"):
        try:
            llvm.load_library_permanently(name)
        except RuntimeError:
            continue


def compiled(symbol: str, count: int, lanes: int, number: str) -> tuple[Any, int]:
    """Machine code of a loop that calls `symbol` for `lanes` numbers at once, and its address."""
    vector = number if lanes == 1 else f"<{lanes} x {number}>"
    size = 4 if number == "float" else 8
    names = [f"x{k}" for k in range(count)]
    loads = "\n".join(
        f"  %p{n} = getelementptr {number}, ptr %{n}, i64 %i\n  %v{n} = load {vector}, ptr %p{n}, align {size}"
        for n in names
    )
    text = f"""
declare {vector} @{symbol}({", ".join([vector] * count)})
define void @each({", ".join(f"ptr %{n}" for n in names)}, ptr %y, i64 %n) "frame-pointer"="all" {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
{loads}
  %r = call {vector} @{symbol}({", ".join(f"{vector} %v{n}" for n in names)})
  %py = getelementptr {number}, ptr %y, i64 %i
  store {vector} %r, ptr %py, align {size}
  %next = add i64 %i, {lanes}
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""
    target = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
    )
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), target)
    engine.finalize_object()
    return engine, engine.get_function_address("each")
