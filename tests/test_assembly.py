"""The machine code of a dozen kernels: the loops of value and adjoint compute several numbers at once."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import llvmlite.binding
import numpy as np
import pytest

import adcompiler as ad
from adcompiler.backend import cpu
from benchmarks.programs import cholesky_logdet, lattice_field, n_body
from tests.test_vector_mathematics import has_libmvec

FEATURES = llvmlite.binding.get_host_cpu_features()
ROOT = re.compile(r"^\s+v?sqrtp[sd]\s", re.MULTILINE)
PACKED = re.compile(r"^\s+v?(?:add|sub|mul|div|max|min|sqrt|fn?m\w+)p[sd]\s", re.MULTILINE)
#: A call of a vector function: by its kind of vectors, their length, and its name.
CALL = re.compile(r"\$_ZGV([bde])N(\d+)v+_(\w+)")
LABEL = re.compile(r"^(\.LBB\w+):")
JUMP = re.compile(r"^\s+j\w+\s+(\.LBB\w+)")

KERNELS: dict[str, Kernel] = {}


@dataclass(frozen=True)
class Kernel:
    """A function with its arguments, those it is differentiated by, and the vector functions its gradient calls."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    argnums: tuple[int, ...]
    calls: frozenset[str]


def kernel(*args: Any, argnums: tuple[int, ...] = (0,), calls: str = "") -> Callable[[Any], Any]:
    """Add a function to the kernels."""

    def add(function: Any) -> Any:
        KERNELS[function.__name__] = Kernel(function, args, argnums, frozenset(calls.split()))
        return function

    return add


X, Y, A = np.linspace(0.1, 1.0, 64), np.linspace(-1.0, 1.0, 64), np.linspace(0.1, 0.9, 64 * 64).reshape(64, 64)


@kernel(X, calls="sin cos exp")
def wave_packet(x):
    return np.sum(np.sin(x) * np.exp(-x * x))


@kernel(X.astype(np.float32), calls="sinf cosf expf")
def wave_packet_in_single_precision(x):
    return np.sum(np.sin(x) * np.exp(-x * x))


@kernel(2.0, X, Y, argnums=(0, 1, 2))
def distance(a, x, y):
    total = 0.0
    for i in range(x.shape[0]):
        total += (a * x[i] - y[i]) ** 2
    return total


@kernel(X, 0.1, argnums=(0, 1))
def diffusion(u, c):
    new = np.empty(u.shape[0])
    new[0], new[-1] = 0.0, 0.0
    for i in range(1, u.shape[0] - 1):
        new[i] = u[i] + c * (u[i + 1] - 2.0 * u[i] + u[i - 1]) - u[i] ** 3
    return np.sum(new**2)


@kernel(A)
def lattice(u):
    total = 0.0
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            total += u[i, j] * (u[i + 1, j] + u[i, j + 1]) + u[i, j] ** 4
    return total


@kernel(A, X, argnums=(0, 1))
def matrix_vector(a, x):
    total = 0.0
    for i in range(a.shape[0]):
        s = 0.0
        for j in range(a.shape[1]):
            s += a[i, j] * x[j]
        total += s**3
    return total


@kernel(A, X, argnums=(0, 1))
def down_the_columns(a, x):
    total = 0.0
    for j in range(a.shape[1]):
        s = 0.0
        for i in range(a.shape[0]):
            s += a[i, j] * x[i]
        total += s**3
    return total


@kernel(A, X, A.T.copy(), argnums=(0, 1), calls="tanh")
def layer(w, b, x):
    return np.sum(np.tanh(x @ w + b))


@kernel(Y, np.where(np.arange(64) % 3, 1.0, -1.0), calls="exp log1p")
def logistic(score, label):
    return np.mean(np.log1p(np.exp(-label * score)))


@kernel(A, calls="exp")
def softmax(a):
    shifted = np.exp(a - np.max(a, axis=1, keepdims=True))
    return np.sum((shifted / np.sum(shifted, axis=1, keepdims=True)) ** 2)


@kernel(X + 1.0, X, argnums=(0, 1), calls="log exp erf")
def options(spot, strike):
    d = np.log(spot / strike)
    total = 0.0
    for i in range(d.shape[0]):
        total += spot[i] * (1.0 + math.erf(d[i])) - strike[i] * (1.0 + math.erf(d[i] - 0.2))
    return total


@kernel(X, Y, argnums=(0, 1), calls="pow log")
def powers(x, y):
    return np.sum(x**y)


@kernel(A)
def layer_norm(a):
    centred = a - np.mean(a, axis=1, keepdims=True)
    return np.sum(centred**3 / np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + 1e-5))


@kernel(Y, X, argnums=(0, 1))
def rectified(x, y):
    total = 0.0
    for i in range(x.shape[0]):
        total += max(x[i], 0.0) * y[i] + abs(x[i] - y[i])
    return total


def machine_code(of: Kernel) -> tuple[str, str]:
    """What Numba is given for value and gradient, and what it makes of that."""
    text = ad.value_and_grad(of.function, of.argnums).lowered_source(*of.args)
    names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    dispatcher = cpu.numba_function(text, names[-1], keep=False)
    dispatcher(*of.args)
    (assembly,) = dispatcher.inspect_asm().values()
    return text, assembly


def innermost(assembly: str) -> Iterator[str]:
    """The loops that have no loop in them: from a label to a jump back to it."""
    lines = assembly.splitlines()
    labels = {found[1]: k for k, line in enumerate(lines) if (found := LABEL.match(line))}
    back = [(labels[found[1]], k) for k, line in enumerate(lines) if (found := JUMP.match(line))]
    loops = {(first, last) for first, last in back if first < last}
    for first, last in sorted(loops):
        if not any((a, b) != (first, last) and first <= a and b <= last for a, b in loops):
            yield "\n".join(lines[first : last + 1])


def loops_of_text(text: str) -> int:
    """The innermost loops of the generated function, the last of its text, that compute."""
    function = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)][-1]
    loops = [node for node in ast.walk(function) if isinstance(node, ast.For)]
    inner = [one for one in loops if not any(isinstance(n, ast.For) for s in one.body for n in ast.walk(s))]
    return sum(any(isinstance(n, ast.BinOp | ast.AugAssign) for s in one.body for n in ast.walk(s)) for one in inner)


@pytest.mark.skipif(not (has_libmvec() and FEATURES.get("avx2")), reason="no such processor or C library")
@pytest.mark.parametrize("name", KERNELS)
def test_loops_compute_several_numbers_at_once(name: str) -> None:
    of = KERNELS[name]
    text, assembly = machine_code(of)
    packed = [loop for loop in innermost(assembly) if PACKED.search(loop)]
    assert len(packed) >= loops_of_text(text) >= 1
    # addresses may be loaded before the loops
    calls = list(CALL.finditer(assembly))
    assert {found[3] for found in calls} >= of.calls
    bits = 32 if np.asarray(of.args[0]).dtype == np.float32 else 64
    assert not of.calls or max(int(found[2]) * bits for found in calls) in (256, 512)


def test_there_are_a_dozen_kernels() -> None:
    assert len(KERNELS) >= 12


def sequential(x):
    for _ in range(100):
        x = math.sin(x)
    return x


def test_a_chain_computes_one_number_at_a_time() -> None:
    _, assembly = machine_code(Kernel(sequential, (0.5,), (0,), frozenset()))
    assert not any(PACKED.search(loop) for loop in innermost(assembly)) and not CALL.search(assembly)


@pytest.mark.skipif(not FEATURES.get("avx2"), reason="no such processor")
def test_forces_and_their_adjoint_are_computed_for_several_pairs_at_once() -> None:
    """Bodies are rows of three numbers: of the arguments, of arrays that the program makes, and of the gradients."""
    of = Kernel(n_body.n_body, n_body.PROGRAM.arguments(n_body.PROGRAM.small), (0, 1), frozenset())
    _, assembly = machine_code(of)
    assert sum(bool(ROOT.search(loop)) for loop in innermost(assembly)) == 2


@pytest.mark.skipif(not FEATURES.get("avx512f"), reason="no such processor")
@pytest.mark.parametrize(("of", "expected"), [(cholesky_logdet, 3), (lattice_field, 5)])
def test_loops_that_read_and_write_several_rows_compute_several_numbers_at_once(of: Any, expected: int) -> None:
    """Two rows of one matrix are updated together: LLVM has to see where each begins and how it goes on."""
    program = of.PROGRAM
    _, assembly = machine_code(Kernel(program.function, program.arguments(program.small), (0,), frozenset()))
    assert sum(bool(PACKED.search(loop)) for loop in innermost(assembly)) >= expected


def filled(x, y):
    n, m = x.shape[0], y.shape[0]
    table = np.full((n + 1, m + 1), 1e10)
    table[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            table[i + 1, j + 1] = min(table[i, j], table[i, j + 1], table[i + 1, j]) + (x[i] - y[j]) ** 2
    return table[n, m]


@pytest.mark.skipif(not FEATURES.get("avx512f"), reason="no such processor")
def test_indices_that_count_from_zero_are_not_taken_for_negative_ones() -> None:
    """A store at an index that may be negative is one for each element, at an address that is computed for it."""
    _, assembly = machine_code(Kernel(filled, (X, Y), (0, 1), frozenset()))
    assert "scatter" not in assembly
