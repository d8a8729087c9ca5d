"""Adjoints of kernels written for `numba.cuda`: in the simulator against differences, and what is refused."""

from __future__ import annotations

import importlib.util
import math
import re
import subprocess
import sys

import numpy as np
import pytest

if importlib.util.find_spec("numba.cuda") is None:
    pytest.skip("Numba has no simulator", allow_module_level=True)

from numba import cuda, float64

import adcompiler.cuda
from adcompiler import ADCompilerError
from tests.cuda.test_simulator import lines

X, PLACES = np.ones(5), np.arange(5)


def test_in_the_simulator() -> None:
    said = dict(lines("in_kernels.py", NUMBA_ENABLE_CUDASIM="1", ADCOMPILER_CHECK="1"))
    assert len(said) > 18
    wrong = {name: trace for name, trace in said.items() if trace}
    assert not wrong, "\n".join(wrong.values())


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_every_kernel_in_every_form_compiles_for_a_gpu(part: int) -> None:
    if importlib.util.find_spec("numba_cuda") is None:
        pytest.skip("needs numba-cuda")
    found = lines("to_sass.py", str(part), "4", NUMBA_ENABLE_CUDASIM="0")
    assert len(found) > 50
    for name, kernel, dtype, fast, capability, taken, wide in found:
        # a thread's share where a multiprocessor has 409 of them; 273 that each factorise a matrix
        most = 240 if name in ("systems", "elimination") else 160
        assert 0 < taken["registers"] <= most and not taken["spilled"], (kernel, dtype, fast, capability, taken)
        # sines of large numbers where arithmetic is exact
        assert set(wide) <= (set() if fast else {"mul.f64"}), (name, dtype, fast, wide)


def test_the_package_does_not_import_numba_cuda() -> None:
    code = "import sys, adcompiler; assert 'numba.cuda' not in sys.modules; import adcompiler.cuda"
    subprocess.run([sys.executable, "-c", code], check=True)


# -- what is proven ----------------------------------------------------------------------------------------------------


def neighbours(x, p, y, n):
    i = cuda.grid(1)
    if i < n:
        for k in range(4):
            y[i] += p[k] * x[i] * x[(i + k) % n]


def test_additions_are_atomic_only_where_threads_meet() -> None:
    made = adcompiler.cuda.kernel(active=("x", "p"), outputs=("y",))(neighbours)
    text = made.specialise(2, 4, X, X, X, 5).source()
    assert "cuda.atomic.add(x_bar," in text and "cuda.atomic.add(p_bar," in text
    passive = adcompiler.cuda.kernel(active=("y",), outputs=("y",))(neighbours).specialise(2, 4, X, X, X, 5)
    assert "atomic" not in passive.source()


def test_what_threads_record_is_what_they_cannot_compute_again() -> None:
    def settle(x, p, y, n):
        i = cuda.grid(1)
        if i < x.shape[0]:
            v = x[i]
            for _ in range(n):
                v = v + 0.1 * (p[0] * math.sin(v) + p[1] * math.exp(-v * v))
            y[i] = v

    made = adcompiler.cuda.kernel(active=("x", "p"), outputs=("y",))(settle)
    text = made.specialise(2, 4, X, X, X, 5).source()
    assert re.findall(r"(\w+) = \w+s\[:, thread\]", text) == ["v_tape_work"], text


def own(x, y):
    i = cuda.grid(1)
    if i < x.shape[0]:
        y[i] = x[i] * x[i]


def test_a_launch_of_one_axis_proves_more() -> None:
    made = adcompiler.cuda.kernel(active=("x",), outputs=("y",))(own)
    assert "x_bar[grid_x] +=" in made.specialise(2, 4, X, X).source()
    with pytest.raises(ADCompilerError, match="no other thread may write an element of 'y'"):
        made.specialise((2, 2), (4, 4), X, X)


def halved(x, y):
    i = cuda.grid(1)
    if i < x.shape[0]:
        y[i] = math.sqrt(x[i]) * math.sin(0.5 * x[i])


def test_single_precision_stays_so() -> None:
    single = X.astype(np.float32)
    made = adcompiler.cuda.kernel(active=("x",), outputs=("y",))(halved)
    assert "float64" not in made.specialise(2, 4, single, single).source()


# -- what is refused ---------------------------------------------------------------------------------------------------


def one_for_all(x, y):
    y[0] = x[cuda.grid(1)]


def two_for_each(x, y):
    i = cuda.grid(1)
    y[i] = x[i]
    y[i + 1] = x[i]


def two_of_each_block(x, y):
    i = cuda.grid(1)
    if cuda.threadIdx.x < 2:
        y[cuda.blockIdx.x] = x[i]


def same_of_each_block(x, y):
    y[cuda.threadIdx.x] = x[cuda.grid(1)]


def one_end_of_several(x, y, n):
    i = cuda.grid(1)
    if i < n[0]:
        y[n[i] - 1 - i] = x[i]


def reads_its_neighbour(x, y):
    i = cuda.grid(1)
    if i > 0:
        x[i] = x[i - 1] * 2.0
    y[i] = x[i]


def rows_that_overlap(x, y, n, m):
    i, j = cuda.grid(2)
    if i < n and j <= m:
        y[i * m + j] = x[i]


def rows_of_any_length(x, y, n, m):
    i, j = cuda.grid(2)
    if i < n and j < m[i]:
        y[i * m[i] + j] = x[i]


def permuted(x, y, p):
    y[p[cuda.grid(1)]] = x[0]


def adds_and_stores(x, y):
    i = cuda.grid(1)
    cuda.atomic.add(y, 0, x[i])
    y[i] = x[i]


def adds_in_two_ways(x, y):
    i = cuda.grid(1)
    cuda.atomic.add(y, 0, x[i])
    y[i] += x[i]


def steps_beside_each_other(x, y):
    for i in range(cuda.grid(1), x.shape[0] - 1, cuda.gridsize(1)):
        y[i] = x[i]
    for i in range(cuda.grid(1), x.shape[0] - 1, cuda.gridsize(1)):
        y[i + 1] = x[i]


def steps_from_the_next(x, y):
    for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
        y[i] = x[i]
    for i in range(cuda.grid(1) + 1, x.shape[0], cuda.gridsize(1)):
        y[i] = x[i] * x[i]


def steps_of_a_block(x, y):
    for i in range(cuda.grid(1), x.shape[0], cuda.blockDim.x):
        y[i] = x[i]
    y[cuda.grid(1)] = x[0]


def leaves_before_a_barrier(x, y):
    part = cuda.shared.array(4, float64)
    i = cuda.grid(1)
    if i >= x.shape[0]:
        return
    part[cuda.threadIdx.x] = x[i]
    cuda.syncthreads()
    y[i] = part[3 - cuda.threadIdx.x]


def turns_of_its_own(x, y):
    part = cuda.shared.array(4, float64)
    v = x[cuda.grid(1)]
    while v < 2.0:
        v = v * 1.3 + 1.0 + math.sin(v)
    part[cuda.threadIdx.x] = v
    cuda.syncthreads()
    y[cuda.grid(1)] = part[3 - cuda.threadIdx.x] * v


def elements_of_all_blocks(x, y):
    for k in range(cuda.threadIdx.x, x.shape[0], cuda.blockDim.x):
        y[k] = x[k] * x[k]


def elements_of_all_threads(x, y):
    for k in range(cuda.blockIdx.x, x.shape[0], cuda.gridDim.x):
        y[k] = x[k] * x[k]


def takes_too_much(x, y):
    part = cuda.shared.array((64, 64), float64)
    part[cuda.threadIdx.x, 0] = x[0]
    cuda.syncthreads()
    y[cuda.grid(1)] = part[0, 0]


def sized_at_the_launch(x, y):
    part = cuda.shared.array(0, float64)
    y[cuda.grid(1)] = part[0]


def through_global_memory(x, y):
    # a barrier orders threads of a block, and says nothing of other blocks
    i = cuda.grid(1)
    y[i] = x[i]
    cuda.syncthreads()
    x[i] = y[i + 1]


def greatest(x, y):
    cuda.atomic.max(y, 0, x[cuda.grid(1)])


def slots(x, y, count):
    k = cuda.atomic.add(count, 0, 1)
    y[k] = x[0]


def whole(x, y):
    y[cuda.grid(1)] = np.sum(x * x)


def several(x, y):
    y[:] = x[0]


def imaginary(x, y):
    y[cuda.grid(1)] = (x[cuda.grid(1)] * (1 + 2j)).real


def says(x, y):
    i = cuda.grid(1)
    print(i)
    y[i] = x[i]


def through(x, y, t):
    i = cuda.grid(1)
    t[i] = x[i] * x[i]
    cuda.atomic.add(y, 0, t[i] * t[i])


def keeps_records_of_items(x, y):
    for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
        v = x[i]
        while v < 5.0:
            v = v * 1.5 + math.sin(v)
        y[i] = v * v


@pytest.mark.parametrize(
    ("function", "args", "what"),
    [
        (one_for_all, (), "no other thread may write an element of 'y'"),
        (two_for_each, (), "no other thread may write an element of 'y'"),
        (two_of_each_block, (), "no other thread may write an element of 'y'"),
        (same_of_each_block, (), "no other thread may write an element of 'y'"),
        (one_end_of_several, (PLACES,), "no other thread may write an element of 'y'"),
        (reads_its_neighbour, (), "no other thread may read an element of 'x'"),
        (permuted, (PLACES,), "no other thread may write an element of 'y'"),
        (adds_and_stores, (), "an element of 'y', to which threads add, is used in another way"),
        (adds_in_two_ways, (), "an element of 'y', to which threads add, is used in another way"),
        (steps_beside_each_other, (), "no other thread may write an element of 'y'"),
        (steps_from_the_next, (), "no other thread may write an element of 'y'"),
        (steps_of_a_block, (), "no other thread may write an element of 'y'"),
        (leaves_before_a_barrier, (), "not proven that all threads of a block reach it"),
        (turns_of_its_own, (), "a loop whose length differs from thread to thread"),
        (elements_of_all_blocks, (), "no other thread may write an element of 'y'"),
        (elements_of_all_threads, (), "no other thread may write an element of 'y'"),
        (takes_too_much, (), "take 65536 bytes of shared memory"),
        (sized_at_the_launch, (), "shared memory of a size given at the launch"),
        (through_global_memory, (), "no other thread may read an element of 'y'"),
        (greatest, (), "cuda.atomic.max in a differentiated kernel"),
        (slots, (PLACES,), "depends on the order in which threads add"),
        (whole, (), "an operation on a whole array"),
        (several, (), "a store into several elements of 'y'"),
        (imaginary, (), "complex numbers in a differentiated kernel"),
        (says, (), "a print in a differentiated kernel"),
        (keeps_records_of_items, (), "for several items of a thread, what no count tells"),
    ],
)
def test_refused(function, args, what: str) -> None:
    made = adcompiler.cuda.kernel(active=("x",), outputs=("y",))(function)
    with pytest.raises(ADCompilerError, match=what) as caught:
        made.specialise(2, 4, X, X, *args)
    assert caught.value.filename == __file__ and caught.value.lineno and caught.value.fix


def every_other(x, y, first):
    i = cuda.grid(1)
    k = 2 * i + first
    if k < x.shape[0]:
        y[k] = x[k] * x[k]


def every_other_of_the_first(x, y, first):
    i = cuda.grid(1)
    k = 2 * i + first
    if 0 <= k and k < x.shape[0]:
        y[k] = x[k] * x[k]


def test_an_index_that_may_be_negative_is_told() -> None:
    made = adcompiler.cuda.kernel(active=("x",), outputs=("y",))
    with pytest.raises(ADCompilerError, match="no other thread may write an element of 'y'") as caught:
        made(every_other).specialise(2, 4, X, X, 1)
    assert "test for 0 <= k" in str(caught.value.fix)
    assert "y_bar[k] = 0.0" in made(every_other_of_the_first).specialise(2, 4, X, X, 1).source()


@pytest.mark.parametrize(("function", "m"), [(rows_that_overlap, 3), (rows_of_any_length, PLACES)])
def test_rows_of_a_flattened_array_are_as_long_as_they_are_apart(function, m) -> None:
    made = adcompiler.cuda.kernel(active=("x",), outputs=("y",))(function)
    with pytest.raises(ADCompilerError, match="no other thread may write an element of 'y'"):
        made.specialise((2, 2), (4, 4), X, X, 5, m)


def test_no_additions_without_an_order() -> None:
    made = adcompiler.cuda.kernel(active=("x", "p"), outputs=("y",), deterministic=True)(neighbours)
    with pytest.raises(ADCompilerError, match="threads add to elements of 'x_bar' in no fixed order"):
        made.specialise(2, 4, X, X, X, 5)


def test_an_array_between_is_followed_within_a_thread() -> None:
    made = adcompiler.cuda.kernel(active=("x",), outputs=("y",))(through).specialise(2, 4, X, X, X)
    assert "t[grid_x]" not in made.source()


@pytest.mark.parametrize(
    ("blocks", "block", "what"),
    [
        (1, 2048, "1 to 1024 threads of a block along axis x, not 2048"),
        ((1, 1), (64, 32), "a block has at most 1024 threads, not 2048"),
        (1, (1, 1, 128), "1 to 64 threads of a block along axis z, not 128"),
        ((1, 70000), 1, "1 to 65535 blocks along axis y, not 70000"),
        (0, 32, "1 to 2147483647 blocks along axis x, not 0"),
    ],
)
def test_launches_have_limits(blocks, block, what: str) -> None:
    made = adcompiler.cuda.kernel(active=("x",), outputs=("y",))(own)
    with pytest.raises(ValueError, match=what):
        made.adjoint[blocks, block]
    with pytest.raises(ValueError, match=what):
        made.specialise(blocks, block, X, X)


def test_wrong_names_and_types() -> None:
    with pytest.raises(TypeError, match="no argument 'z'"):
        adcompiler.cuda.kernel(active=("z",), outputs=("y",))(own)
    made = adcompiler.cuda.kernel(active=("x",), outputs=("y",))(own)
    with pytest.raises(ADCompilerError, match="'x' is not an array of"):
        made.specialise(1, 4, PLACES, X)
    with pytest.raises(ADCompilerError, match="not known yet"):
        made.source()
    with pytest.raises(ADCompilerError, match=r"cuda.grid outside of a kernel"):
        adcompiler.grad(lambda x: x[cuda.grid(1)])(X)
