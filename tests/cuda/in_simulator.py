"""Run in a process of its own, in Numba's simulator: every case in every mode, one line of JSON for each."""

from __future__ import annotations

import ctypes
import gc
import json
import math
import sys
import traceback
import warnings
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from arrays import PROGRAMS
from items import CASES, Case
from numba import cuda
from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray
from numba.cuda.simulator.kernel import FakeCUDAKernel
from races import watched
from singles import singles
from standins import Cupy, Namespace, Offered, Stream, package

from adcompiler import (
    ADCompilerError,
    TypeProblem,
    UnsupportedSyntax,
    batched,
    checkpointed_range,
    grad,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from adcompiler.backend.gpu import streams
from adcompiler.cuda import on_stream


def flat(tree: Any) -> list[Any]:
    return [leaf for part in tree for leaf in flat(part)] if isinstance(tree, (tuple, list)) else [tree]


def plain(case: Case, args: tuple[Any, ...]) -> Any:
    """The values of all items as Python computes them."""
    items = next(np.shape(a)[k] for a, k in zip(args, case.axes, strict=True) if k is not None)

    def item(i: int) -> tuple[Any, ...]:
        return tuple(a if k is None else np.moveaxis(a, k, 0)[i] for a, k in zip(args, case.axes, strict=True))

    return np.array([case.function(*item(i)) for i in range(items)])


def moved(case: Case, directions: tuple[Any, ...], by: float) -> tuple[Any, ...]:
    args = list(case.args)
    for k, direction in zip(case.argnums, directions, strict=True):
        args[k] = args[k] + by * direction
    return tuple(args)


def differs(case: Case, directions: tuple[Any, ...]) -> Any:
    """The derivative of all items along a direction, by differences."""
    h = 1e-3 if case.args[0].dtype == np.float32 else 1e-6
    return (plain(case, moved(case, directions, h)) - plain(case, moved(case, directions, -h))) / (2 * h)


def check(case: Case, target: str) -> list[Any]:
    """All modes of one case, as numbers."""
    f = batched(case.function, case.axes, target=target)
    weights = np.cos(np.arange(5.0)).astype(case.args[0].dtype if case.args[0].dtype.kind == "f" else float)
    each = batched(value_and_grad(case.function, case.argnums), case.axes, target=target)

    def loss(*args: Any) -> Any:
        return np.mean(f(*args) ** 2)

    value, pullback = vjp(f, *case.args, argnums=case.argnums)
    directions = tuple(np.sin(np.asarray(case.args[k]) * 3) for k in case.argnums)
    tangents = tuple(d.astype(np.asarray(case.args[k]).dtype) for k, d in zip(case.argnums, directions, strict=True))
    return [
        f(*case.args),
        value,
        pullback(weights),
        each(*case.args),
        jvp(f, case.args, tangents, argnums=case.argnums)[1],
        value_and_grad(loss, case.argnums)(*case.args),
        grad(loss, case.argnums, fastmath=False)(*case.args),
    ]


def compare(name: str) -> None:
    """Compare the simulator with the CPU and with differences."""
    case = CASES[name]
    single = case.args[0].dtype == np.float32
    with watched() as races:
        here = check(case, "cuda")
    there = check(case, "cpu")
    assert not races, races[:5]
    for mine, other in zip(flat(here), flat(there), strict=True):
        assert type(mine) is type(other), (type(mine), type(other))
        if mine is not None:
            assert np.asarray(mine).dtype == np.asarray(other).dtype
            np.testing.assert_allclose(mine, other, rtol=1e-5 if single else 1e-11, atol=1e-6 if single else 1e-13)
    directions = tuple(np.sin(np.asarray(case.args[k]) * 3) for k in case.argnums)
    tolerance = 2e-2 if single else 1e-6
    np.testing.assert_allclose(here[0], plain(case, case.args), rtol=1e-5 if single else 1e-12)
    np.testing.assert_allclose(here[4], differs(case, directions), rtol=tolerance, atol=tolerance)


def whole(name: str) -> None:
    """Compare a program on whole arrays, with arrays of NumPy and of the device, with the CPU and with differences."""
    function, args, argnums = PROGRAMS[name]
    single = args[0].dtype == np.float32
    there = value_and_grad(function, argnums)(*args)
    g = value_and_grad(function, argnums, target="cuda")
    resident = tuple(cuda.to_device(a) if isinstance(a, np.ndarray) else a for a in args)
    for given in (args, resident):
        with watched() as races:
            here = g(*given)
        assert not races, races[:5]
        for mine, other, k in zip(here[1], there[1], argnums, strict=True):
            assert type(mine) is type(given[k]), (type(mine), type(given[k]))
            assert np.asarray(mine).dtype == np.asarray(other).dtype
            got = mine.copy_to_host() if isinstance(other, np.ndarray) and given is resident else mine
            np.testing.assert_allclose(got, other, rtol=1e-5 if single else 1e-11)
        np.testing.assert_allclose(here[0], there[0], rtol=1e-5 if single else 1e-12)
    directions = tuple(np.sin(np.asarray(args[k]) * 3).astype(np.asarray(args[k]).dtype) for k in argnums)
    slope = sum(float(np.sum(a * d)) for a, d in zip(there[1], directions, strict=True))
    np.testing.assert_allclose(jvp(function, args, directions, argnums=argnums, target="cuda")[1], slope, rtol=1e-5)


def in_single_precision(name: str) -> None:
    """Compare a program in single precision with the CPU."""
    (gradient, args), (other, _) = (singles(target)[name] for target in ("cuda", "cpu"))
    for mine, one in zip(flat(gradient(*args)), flat(other(*args)), strict=True):
        assert np.asarray(mine).dtype == np.asarray(one).dtype
        np.testing.assert_allclose(mine, one, rtol=1e-5, atol=1e-6)


# -- other properties --------------------------------------------------------------------------------------------------


def raised(error: type[Exception], function: Any, *args: Any) -> str:
    """What an exception says, with the place that its traceback ends at."""
    try:
        function(*args)
    except error as found:
        return f"{found} {traceback.extract_tb(found.__traceback__)[-1].line}"
    raise AssertionError(f"no {error.__name__}")


def picked(i, x):
    return x[i] ** 2


def scaled(x):
    for k in range(len(x)):
        x[k] = 2 * x[k]
    return x[0]


def printed(x):
    print(x)
    return x


def checkpointed(x):
    for _ in checkpointed_range(3):
        x = np.sin(x)
    return np.sum(x)


def said(x):
    print(np.sum(x))
    return np.sum(x)


# by what is said of them
REFUSED = {
    checkpointed: "checkpointed loops",
    said: "a print",
    lambda x: np.sum(np.linalg.solve(x, x)): "'lu' outside of a batched function",
    lambda x: np.linalg.det(x): "'det'",
    lambda x: np.sum(np.abs(np.fft.fft(x))): "'fft'",
    lambda x: np.sum(x + 1j).real: "complex numbers",
}


def np_inverse(x):
    return np.linalg.inv(x)[0, 1]


def running(x):
    for k in range(1, len(x)):
        x[k] = x[k] * x[k - 1]
    return np.sum(x)


def waiting(x):
    s = 1.0
    for k in range(len(x)):
        s = s * math.sin(x[k]) + 1.0
    return s


def handed_on(u, v):
    for _ in range(2):
        u[:] = u + v
    return np.sum(u * u)


def errors() -> None:
    """An index that is out of range is the CPU's IndexError; what cannot run is refused at its line."""
    x, i = np.arange(5.0), np.array([0, 7, -1, 9])
    for f in (picked, value_and_grad(picked, 1)):
        here, there = (raised(IndexError, batched(f, (0, None), target=t), i, x) for t in ("cuda", "cpu"))
        assert here == there == "index 7 is out of bounds for axis 0 with size 5 return x[i] ** 2", here
    rows = np.ones((3, 4))
    assert "store into argument 'x'" in raised(UnsupportedSyntax, batched(scaled, target="cuda"), rows)
    assert "it prints" in raised(UnsupportedSyntax, batched(printed, target="cuda"), x)
    assert "cannot run this loop" in raised(UnsupportedSyntax, grad(running, target="cuda"), x)
    assert "an iteration needs 's'" in raised(UnsupportedSyntax, lambda: jvp(waiting, (x,), (x,), target="cuda"))
    singular = np.stack([np.eye(2), np.ones((2, 2))])
    assert "Singular matrix" in raised(np.linalg.LinAlgError, batched(np_inverse, target="cuda"), singular)
    for function, why in REFUSED.items():
        assert f"does not run {why}" in raised(UnsupportedSyntax, grad(function, target="cuda"), np.eye(3)), why
    assert "no jacobian" in raised(ADCompilerError, jacobian(batched(picked, (0, None), target="cuda"), 1), i[:1], x)
    assert "no Numba function" in raised(
        ADCompilerError, batched(picked, (0, None), target="cuda").dispatcher, i[:1], x
    )


def more_items_than_threads() -> None:
    """Each thread then takes several items, and adds up what they give to what they share."""
    import adcompiler.backend.gpu.memory as device

    case = CASES["network"]
    f, xs = batched(case.function, case.axes), np.sin(np.arange(210.0)).reshape(70, 3)

    def loss(x: Any, w: Any, b: Any, v: Any) -> Any:
        return np.mean(f(x, w, b, v) ** 2)

    before, device._MOST_THREADS = device._MOST_THREADS, 32
    try:
        here = value_and_grad(loss, case.argnums, target="cuda")(xs, *case.args[1:])
    finally:
        device._MOST_THREADS = before
    there = value_and_grad(loss, case.argnums)(xs, *case.args[1:])
    for mine, other in zip(flat(here), flat(there), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12)


def settled(x, p):
    while x < p[0]:
        x = x + p[1] * math.sin(x)
    return x * x


def atomic_additions() -> None:
    """Where threads have no room for copies of what they add to, they add to it atomically, also when started again."""
    import adcompiler.backend.gpu.device as device

    room, device._BUDGET = device._BUDGET, 0
    rows, device._FIRST_ROWS = device._FIRST_ROWS, 2
    try:
        for name in ("scatter", "gather", "product"):
            whole(name)
        compare("network")
        x, p = np.linspace(0.5, 1.5, 5), np.array([2.5, 0.3])
        g = value_and_grad(lambda x, p: np.mean(batched(settled, (0, None))(x, p)), (0, 1), target="cuda")
        assert "device.add_to(p_bar, 1, " in g.lowered_source(x, p)
        here, there = g(x, p), value_and_grad(lambda x, p: np.mean([settled(v, p) for v in x]), (0, 1))(x, p)
        for mine, other in zip(flat(here), flat(there), strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-12)
    finally:
        device._BUDGET, device._FIRST_ROWS = room, rows


def no_memory() -> None:
    """Where a GPU has no more memory, the exception says how much was asked for, and for what."""
    from adcompiler.cuda import kernel

    class Full(Exception):
        code = 2

    @kernel(active=("x",), outputs=("y",))
    def powers(x, y, n):
        i = cuda.grid(1)
        if i < x.shape[0]:
            v = x[i]
            for _ in range(n):
                v = v * math.sin(v)
            y[i] = v

    def full(*args: Any, **options: Any) -> Any:
        raise Full

    x, array, copy = np.ones(5), cuda.device_array, cuda.to_device
    resident = [cuda.to_device(a) for a in (x, x, x, x)]
    g = value_and_grad(lambda x: np.mean(batched(settled, (0, None))(x, np.array([2.5, 0.3]))), target="cuda")
    g(x)
    cuda.device_array = full
    try:
        said = raised(
            MemoryError, lambda: powers.adjoint[2, 4](*resident[:2], 9, bar={"x": resident[2], "y": resident[3]})
        )
        assert "no 576 bytes for what 8 threads of powers_adjoint() record: 9 x 8 numbers of float64" in said, said
        assert "no 40 bytes for an array: 5 numbers of float64" in raised(MemoryError, g, resident[0])
        cuda.to_device = full
        assert "no 40 bytes for an argument: 5 numbers of float64" in raised(MemoryError, g, x)
        Full.code = 700
        raised(Full, g, x)
    finally:
        cuda.device_array, cuda.to_device = array, copy


def misfit(x, w):
    return np.mean(np.tanh(x * w) ** 2)


def dense(x, w, b, v):
    return np.mean(np.tanh(np.tanh(x @ w + b) @ v[1:]) ** 2) + np.sum(x.T @ x)


def in_a_loop(x, w):
    for _ in range(2):
        x = np.tanh(x @ w)
    return np.sum((x @ w) ** 2)


def by_a_library() -> None:
    """Where there is CuPy, products of matrices are its, in the stream that is in use; those in loops are kernels."""
    import adcompiler.backend.gpu.cublas as library
    from adcompiler.cuda import on_stream

    cupy = sys.modules["cupy"] = Cupy()
    library.simulated = lambda: False
    try:
        for dtype, rtol in ((np.float64, 1e-12), (np.float32, 1e-5)):
            x, w, b, v = (
                np.sin(np.arange(n * m) + 1.0).reshape(n, m).astype(dtype) for n, m in ((6, 5), (5, 7), (1, 7), (8, 3))
            )
            there = value_and_grad(dense, (0, 1, 2, 3))(x, w, b[0], v)
            cupy.asked.clear()
            for given in ((x, w, b[0], v), tuple(map(cuda.to_device, (x, w, b[0], v)))):
                here = value_and_grad(dense, (0, 1, 2, 3), target="cuda")(*given)
                for mine, other in zip(flat(here), flat(there), strict=True):
                    got = mine.copy_to_host() if hasattr(mine, "copy_to_host") else mine
                    np.testing.assert_allclose(got, other, rtol=rtol, atol=rtol)
            assert len(cupy.asked) == 18 and {asked[0] for asked in cupy.asked} == {0}, cupy.asked
            assert {asked[3] for asked in cupy.asked} == {np.dtype(dtype)}
            slopes = [jvp(dense, (x, w, b[0], v), (x, w, b[0], v), target=t)[1] for t in ("cuda", "cpu")]
            np.testing.assert_allclose(*slopes, rtol=10 * rtol)
        text = value_and_grad(dense, (0, 1, 2, 3), target="cuda").lowered_source(x, w, b[0], v)
        assert "device.product(" in text and "device.Transposed(" in text, text
        cupy.asked.clear()
        with on_stream(Stream(7)):
            mine = value_and_grad(in_a_loop, (0, 1), target="cuda")(x, np.ones((5, 5), dtype))
        other = value_and_grad(in_a_loop, (0, 1))(x, np.ones((5, 5), dtype))
        for one, two in zip(flat(mine), flat(other), strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)
        assert len(cupy.asked) == 3 and {asked[0] for asked in cupy.asked} == {7}, cupy.asked
    finally:
        del sys.modules["cupy"]
        library.simulated = lambda: True


def host_loop() -> None:
    """A program around batched functions: kernels in a loop of the host, an element read by it."""
    x = np.linspace(0.1, 1.0, 6)

    def steps(x: Any, rate: float) -> Any:
        moved = x
        for _ in range(3):
            moved = moved - rate * batched(grad(lambda v: v**4 + math.sin(v)))(moved)
        return np.sum(moved * moved) + moved[2]

    here, there = (value_and_grad(steps, (0, 1), target=t)(x, 0.1) for t in ("cuda", "cpu"))
    for mine, other in zip(flat(here), flat(there), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12)


def shifted(x):
    y = x * x
    y[1:] += x[:-1] ** 3
    y[:-2] -= np.sin(x[2:])
    # a row that changes is read before it does, and one nest begins where another one ends
    y[3:] *= y[0] + 1.0
    return np.sum(y * y) + np.sum(y[:1])


def on_a_square(u, c, steps):
    for _ in range(steps):
        v = u.copy()
        v[1:-1, 2:] = u[1:-1, 2:] * c + u[:-2, 2:] * u[2:, 1:-1] - u[1:-1, :-2]
        u = v
    return np.sum(u * u)


def united_loops() -> None:
    """Loops that begin and end at other elements of one array are one kernel, also where some of them are empty."""
    programs = (
        (shifted, (), [(1,), (2,), (3,), (4,), (7,)]),
        (on_a_square, (0.7, 2), [(1, 4), (2, 2), (2, 3), (3, 2), (3, 3), (5, 4)]),
    )
    for function, rest, shapes in programs:
        here, there = (value_and_grad(function, target=t) for t in ("cuda", "cpu"))
        for shape in shapes:
            x = 0.3 + np.cos(np.arange(float(np.prod(shape)))).reshape(shape)
            args = (x, *rest)
            with watched() as races:
                mine, other = here(*args), there(*args)
            assert not races, races[:5]
            np.testing.assert_allclose(mine[0], other[0], rtol=1e-12)
            np.testing.assert_allclose(mine[1], other[1], rtol=1e-12, atol=1e-12)
    # a copy, and two kernels a step, of which one hands on; the adjoint's are as many; a sum in between
    assert here.lowered_source(*args).count("_kernel(") <= 6


def nothing() -> None:
    """No items at all."""
    case = CASES["network"]
    for t in ("cuda", "cpu"):
        value, pullback = vjp(batched(case.function, case.axes, target=t), np.ones((0, 3)), *case.args[1:])
        assert value.shape == (0,) and not any(np.any(g) for g in pullback(value))


def both_kinds() -> None:
    """A program is for a GPU where it calls a function for one; results are NumPy's."""
    f = batched(picked, (0, None), target="cuda")
    g = grad(lambda i, x: np.sum(f(i, x)), 1)
    i, x = np.array([1, 1, 2]), np.arange(5.0)
    assert "cuda.jit" in g.lowered_source(i, x)
    np.testing.assert_array_equal(g(i, x), [0, 4, 4, 0, 0])
    assert type(g(i, x)) is np.ndarray


def device_arrays() -> None:
    """Arrays of a GPU stay there, with results, cotangents and tangents; the CPU does not take them."""

    def wave(x):
        return np.sin(x) * 2.0

    x = cuda.to_device(np.arange(4.0))
    ones = cuda.to_device(np.ones(4))
    out, pullback = vjp(wave, x, target="cuda")
    assert type(out) is type(x)
    expected = 2.0 * np.cos(np.arange(4.0))
    for cotangent in (np.ones(4), ones):
        np.testing.assert_allclose(pullback(cotangent)[0].copy_to_host(), expected, rtol=1e-14)
    np.testing.assert_allclose(jvp(wave, (x,), (ones,), target="cuda")[1].copy_to_host(), expected, rtol=1e-14)
    kept = pullback(ones)[0]
    kept[0] = 7.0
    np.testing.assert_array_equal(ones.copy_to_host(), np.ones(4))
    _, same = vjp(lambda x: x, x, target="cuda")
    mine = same(ones)[0]
    mine[0] = 7.0
    assert ones[0] == 1.0, "a gradient shares memory with a cotangent"
    rows = cuda.to_device(np.arange(6.0).reshape(2, 3))
    assert "share memory" in raised(ADCompilerError, grad(handed_on, target="cuda"), rows[0], rows[0])
    given = grad(handed_on, target="cuda")(rows[0], rows[1])
    np.testing.assert_allclose(given.copy_to_host(), 2 * (np.arange(3.0) + 2 * np.arange(3.0, 6.0)), rtol=1e-14)
    np.testing.assert_array_equal(rows.copy_to_host(), np.arange(6.0).reshape(2, 3))
    assert "'x' is an array of a GPU" in raised(TypeProblem, grad(lambda x: np.sum(x)), x)
    transposed = cuda.to_device(np.ones((2, 3))).T
    assert "argument 'x': an array of a GPU must be contig" in raised(
        TypeProblem, grad(lambda x: np.sum(x), target="cuda"), transposed
    )
    assert "has float64" in raised(TypeProblem, pullback, cuda.to_device(np.ones(4, np.float32)))
    assert "has shape (4,)" in raised(TypeProblem, pullback, cuda.to_device(np.ones(5)))


def of_other_packages() -> None:
    """Arrays are taken where they lie; results are of the same package, and its streams are waited for if need be."""
    waits = list[bool]()

    def taken(array: Any, sync: bool) -> Any:
        waits.append(sync)
        return FakeCUDAArray(array.array)

    before, cuda.as_cuda_array = getattr(cuda, "as_cuda_array", None), taken
    x, w = np.linspace(0.1, 1.0, 6).reshape(3, 2), np.array([0.5, -2.0])
    there = value_and_grad(misfit, (0, 1))(x, w)
    try:
        for name in ("cupy", "torch", "jaxlib"):
            kind, sys.modules[name] = package(name)
            for dtype in (np.float64, np.float32):
                given = kind(x.astype(dtype)), kind(w.astype(dtype), stream=5)
                value, slopes = value_and_grad(misfit, (0, 1), target="cuda")(*given)
                np.testing.assert_allclose(value, there[0], rtol=1e-5)
                for mine, other in zip(slopes, there[1], strict=True):
                    assert type(mine) is (FakeCUDAArray if name == "jaxlib" else kind), type(mine)
                    got = mine.copy_to_host() if name == "jaxlib" else mine.array
                    assert got.dtype == dtype
                    np.testing.assert_allclose(got, other, rtol=1e-5)
            assert waits == [False, True] * 2, waits
            waits.clear()
            with on_stream(Stream(5)):
                grad(misfit, target="cuda")(*given)
            assert waits == [False, False], waits
            waits.clear()
            assert "must be contiguous" in raised(TypeProblem, grad(misfit, target="cuda"), kind(x.T[:2]), kind(w))
            del sys.modules[name]
    finally:
        cuda.as_cuda_array = before
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for _ in range(2):
            grad(misfit, target="cuda")(x, w)
    assert [str(w.message)[:23] for w in said] == ["arrays of NumPy are cop"], [str(w.message) for w in said]


def placed(found: Any, sync: bool) -> Any:
    """What stands in for Numba's array of the memory that another package tells of."""
    assert not sync
    described = found.__cuda_array_interface__
    size = math.prod(described["shape"]) * np.dtype(described["typestr"]).itemsize
    memory = (ctypes.c_byte * size).from_address(described["data"][0])
    memory.owner = found
    return FakeCUDAArray(np.frombuffer(memory, described["typestr"]).reshape(described["shape"]))


def by_dlpack() -> None:
    """Arrays that offer DLPack alone are taken by it, for the stream in use, and results are given back by it."""
    from adcompiler.dlpack import _lent

    kind: Any = type("Array", (Offered,), {"__module__": "another.arrays"})
    space = Namespace(kind, 9)
    kind.__array_namespace__ = lambda self: space
    waited = list[Any]()
    done = [True]
    event = SimpleNamespace(record=waited.append, wait=waited.append, query=lambda: done[0])
    replaced = {"as_cuda_array": placed, "event": lambda timing: event, "external_stream": lambda n: f"stream {n}"}
    before = {name: getattr(cuda, name, None) for name in replaced}
    vars(cuda).update(replaced)
    x, w = np.linspace(0.1, 1.0, 6).reshape(3, 2), np.array([0.5, -2.0])
    there = value_and_grad(misfit, (0, 1))(x, w)
    try:
        for dtype, versions in ((np.float64, True), (np.float32, False)):
            given = kind(x.astype(dtype), versions=versions), kind(w.astype(dtype), versions=versions)
            slopes = taken_and_given(kind, given, there)
            assert space.found == [(2, 3)] * 2 and [g.asked for g in given] == [[1]] * 2
            assert waited == [0, "stream 9"] * 2 + [0], waited
            space.found.clear(), waited.clear()
        assert len(_lent) == 2
        with on_stream(Stream(9)):
            _, pullback = vjp(lambda x: np.sin(x), given[1], target="cuda")
            (mine,) = pullback(kind(np.ones(2, np.float32)))
        np.testing.assert_allclose(mine.array, np.cos(w), rtol=1e-5)
        assert given[1].asked == [1, 9, 9] and waited == [9, 9], (given[1].asked, waited)
        del mine, slopes, pullback, _
        gc.collect()
        assert not _lent, "memory is kept that nobody has"
        assert not streams._kept
        # memory that is lent is kept while it may be read
        done[0] = False
        vjp(lambda x: np.sin(x), given[1], target="cuda")
        assert [len(held) for _, held in streams._kept] == [1]
        done[0] = True
        # what nobody takes over is let go of
        kind.__array_namespace__ = lambda self: SimpleNamespace(from_dlpack=lambda lender: lender.__dlpack__() and 7)
        assert vjp(lambda x: np.sin(x), given[1], target="cuda")[0] == 7
        assert not _lent and not streams._kept
        of_dlpack_refused(kind, x, w)
    finally:
        vars(cuda).update(before)


def taken_and_given(kind: Any, given: tuple[Any, ...], there: Any) -> Any:
    """The gradient for arrays of a package, which are of that package, and as those of the CPU."""
    value, slopes = value_and_grad(misfit, (0, 1), target="cuda")(*given)
    np.testing.assert_allclose(value, there[0], rtol=1e-5)
    for mine, other in zip(slopes, there[1], strict=True):
        assert type(mine) is kind and mine.array.dtype == given[0].array.dtype
        np.testing.assert_allclose(mine.array, other, rtol=1e-5)
    return slopes


def of_dlpack_refused(kind: Any, x: Any, w: Any) -> None:
    """Arrays of the machine, in several places, or in another order; and those that a kernel would write."""
    from adcompiler.cuda import kernel

    slope = grad(misfit, target="cuda")
    for device in (1, 3, -1):
        assert "'w': a Array that is not on one GPU" in raised(TypeProblem, slope, kind(x), kind(w, device))
    assert "must be contiguous" in raised(TypeProblem, slope, kind(x.T[:2]), kind(w))
    assert "'x' is an array of a GPU" in raised(TypeProblem, grad(lambda x: np.sum(x)), kind(x))
    half = kind(w.astype(np.float16))
    assert "arrays of float16 are outside" in raised(TypeProblem, grad(lambda x: np.sum(x), target="cuda"), half)

    @kernel(active=("x",), outputs=("y",))
    def squares(x, y):
        i = cuda.grid(1)
        if i < x.shape[0]:
            y[i] = x[i] * x[i]

    y, y_bar, x_bar = np.zeros(2), np.ones(2), np.zeros(2)
    squares.forward[1, 2](kind(w), y)
    squares.adjoint[1, 2](kind(w), y, bar={"x": x_bar, "y": y_bar})
    np.testing.assert_array_equal([y, x_bar], [w * w, 2 * w])
    assert "'y' is written" in raised(TypeProblem, squares.forward[1, 2], kind(w), kind(y))
    bars = {"x": kind(x_bar), "y": y_bar}
    assert "'bar of x' is written" in raised(TypeProblem, lambda: squares.adjoint[1, 2](w, y, bar=bars))
    assert "not on one GPU" in raised(TypeProblem, squares.forward[1, 2], kind(w, 1), y)


def in_streams() -> None:
    """All work is put into the stream that is asked for, and nothing waits but for numbers and reports."""
    used, stream = list[Any](), cuda.stream()
    stream.synchronize = lambda: used.append("waits")
    get, fetch = FakeCUDAKernel.__getitem__, FakeCUDAArray.copy_to_host

    def launching(self: Any, configuration: Any) -> Any:
        used.append(configuration[2])
        return get(self, configuration)

    def fetching(self: Any, ary: Any = None, stream: Any = 0) -> Any:
        used.append(stream)
        return fetch(self, ary)

    FakeCUDAKernel.__getitem__, FakeCUDAArray.copy_to_host = launching, fetching
    try:
        programs_in(stream, used)
        kernels_in(stream, used)
    finally:
        FakeCUDAKernel.__getitem__, FakeCUDAArray.copy_to_host = get, fetch
    streams_of_others()


def programs_in(stream: Any, used: list[Any]) -> None:
    """Programs wait for numbers that they give, or read."""
    x, ones = cuda.to_device(np.arange(4.0)), cuda.to_device(np.ones(4))

    def ends_set(x: Any) -> Any:
        y = x * 2.0
        for _ in range(2):
            y = np.sin(y)
            y[0] = y[1] * 2.0
        return y

    with on_stream(stream):
        _, pullback = vjp(lambda x: np.sin(x) * 2.0, x, target="cuda")
        pullback(ones)
        assert used and set(used) == {stream}, used
        vjp(ends_set, x, target="cuda")[1](ones)
        assert set(used) == {stream}, used
        value_and_grad(lambda x: np.sum(np.sin(x)), target="cuda")(x)
        assert set(used) == {stream, "waits"}, used
    assert streams.current() == 0


def kernels_in(stream: Any, used: list[Any]) -> None:
    """A kernel's adjoint waits for nothing."""
    from adcompiler.cuda import kernel

    @kernel(active=("x", "p"), outputs=("y",), deterministic=True)
    def scaled(x, p, y):
        i = cuda.grid(1)
        if i < x.shape[0]:
            y[i] = p[0] * x[i] * x[i]

    x, ones = cuda.to_device(np.arange(4.0)), cuda.to_device(np.ones(4))
    p, out, x_bar, p_bar = (cuda.to_device(np.full(n, v)) for n, v in ((1, 1.0), (4, 0.0), (4, 0.0), (1, 0.0)))
    used.clear()
    scaled.adjoint[1, 4, stream](x, p, out, bar={"x": x_bar, "p": p_bar, "y": ones})
    assert len(used) > 3 and set(used) == {stream}, used
    assert p_bar.copy_to_host()[0] == 14.0


def streams_of_others() -> None:
    """A stream of another package is used by its number, and waited for if an array tells of it."""
    external, cuda.external_stream = getattr(cuda, "external_stream", None), lambda pointer: f"stream {pointer}"
    with on_stream(SimpleNamespace(cuda_stream=5)):
        assert streams.current() == "stream 5"
    cuda.external_stream = external
    with on_stream(7):
        given = [{}, {"stream": None}, {"stream": 1}, {"stream": 7}]
        assert [streams.waits_for(g) for g in given] == [False, False, True, False]
    assert not streams.waits_for({"stream": 1}) and streams.waits_for({"stream": 7})


OTHERS = [
    by_a_library,
    of_other_packages,
    by_dlpack,
    no_memory,
    united_loops,
    in_streams,
    atomic_additions,
    errors,
    device_arrays,
    more_items_than_threads,
    host_loop,
    nothing,
    both_kinds,
]

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    checks = {name: partial(compare, name) for name in CASES} | {name: partial(whole, name) for name in PROGRAMS}
    checks |= {name: partial(in_single_precision, name) for name in singles("cuda")}
    checks |= {f.__name__: f for f in OTHERS}
    for name in sys.argv[1:] or checks:
        try:
            checks[name]()
            said = ""
        except Exception:
            said = traceback.format_exc()
        print(json.dumps([name, said]), flush=True)
