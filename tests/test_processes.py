"""What holds in processes of their own: on a file system that takes no files, in pools, and over a million calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.backend import cpu
from tests.support.processes import place

__all__ = ["place"]

CUBES = """
import json, sys
import numpy as np
import adcompiler as ad

def cubes(x):
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i] ** 3
    return total

g = ad.value_and_grad(cubes)
"""


def run(folder: Path, text: str, *options: str) -> Any:
    """What a fresh process prints."""
    script = folder / "script.py"
    if not script.exists() or script.read_text(encoding="utf-8") != text:
        script.write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(ad.__file__).parents[1])}
    command = [sys.executable, *options, str(script)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# also a superuser, whom no mode of a folder stops, is told that the file system takes no files
READ_ONLY = """
import os

def refused(*args, **options):
    raise OSError(30, "Read-only file system")

opened = os.open

def open_to_read(path, flags, *args, **options):
    if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        refused()
    return opened(path, flags, *args, **options)

if {read_only}:
    os.open = open_to_read
    os.replace = os.rename = os.mkdir = os.makedirs = os.utime = os.chmod = os.unlink = os.remove = refused
"""
CALLED = """
import warnings
with warnings.catch_warnings(record=True) as found:
    warnings.simplefilter("always")
    value, slope = g(np.array([1.0, 2.0]))
    ad.grad(lambda x: x * x)(3.0)
code = g.view(np.ones(2)).plan.compiled.dispatcher
hits = sum(code.stats.cache_hits.values())
print(json.dumps([value, slope.tolist(), hits, [str(w.message) for w in found]]))
"""


def test_a_folder_on_a_file_system_that_takes_no_files(place: Path) -> None:
    kept = Path(os.environ["ADCOMPILER_CACHE_DIR"])

    def program(read_only: bool) -> str:
        # the lines of the function stand where they stood
        return CUBES + READ_ONLY.replace("{read_only}", str(read_only).ljust(5)) + CALLED

    answer = [9.0, [3.0, 12.0]]
    *found, hits, warned = run(place, program(True))
    assert (found, hits) == (answer, 0) and not kept.exists()
    # it says once that nothing is kept
    assert len(warned) == 1 and str(kept) in warned[0]
    assert run(place, program(False)) == [*answer, 0, []]
    before = sorted(path.name for path in kept.iterdir())
    assert run(place, program(True)) == [*answer, 1, []]
    assert sorted(path.name for path in kept.iterdir()) == before


POOLS = (
    CUBES
    + """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, get_all_start_methods

if __name__ == "__main__":
    xs = [np.arange(3.0) + k for k in range(8)]
    g(xs[0])
    found = {}
    for method in ("fork", "spawn"):
        if method in get_all_start_methods():
            with ProcessPoolExecutor(2, mp_context=get_context(method)) as pool:
                found[method] = [[v, slope.tolist()] for v, slope in pool.map(g, xs)]
    print(json.dumps(found))
"""
)


def test_pools_of_processes_that_are_forked_and_spawned(place: Path) -> None:
    # Python warns of any fork beside threads
    found = run(place, POOLS, "-W", "ignore")
    assert found
    for answers in found.values():
        for k, (value, slope) in enumerate(answers):
            x = np.arange(3.0) + k
            np.testing.assert_allclose(value, np.sum(x**3))
            np.testing.assert_allclose(slope, 3 * x**2)


SENT = """
import cloudpickle
made = cloudpickle.dumps((g, ad.hessian(cubes), ad.grad(lambda x: cubes(x) * g.primal(x))))
print(json.dumps(made.hex()))
"""
RECEIVED = """
import json, pickle
import numpy as np

g, hessian, squared = pickle.loads(bytes.fromhex({hex!r}))
x = np.array([1.0, 2.0])
print(json.dumps([g(x)[1].tolist(), hessian(x).tolist(), squared(x).tolist()]))
"""


def test_cloudpickle_takes_functions_of_main_to_a_process_without_them(place: Path) -> None:
    pytest.importorskip("cloudpickle")
    made = run(place, CUBES + SENT)
    assert run(place, RECEIVED.format(hex=made)) == [[3.0, 12.0], [[6.0, 0.0], [0.0, 12.0]], [54.0, 216.0]]


MILLION = """
import json, gc
import numpy as np
import adcompiler as ad
from adcompiler.tools.measure import resident, return_free_memory

@ad.value_and_grad
def product(x, y):
    return x * y

@ad.grad
def recurrence(x, n):
    states = np.empty(n)
    for i in range(n):
        states[i] = x
        x = np.sin(x) + states[i // 2]
    return x

def grown(call, count):
    for _ in range(count // 10):
        call()
    gc.collect()
    return_free_memory()
    before = resident("VmRSS")
    for _ in range(count):
        call()
    gc.collect()
    return_free_memory()
    return resident("VmRSS") - before

print(json.dumps([grown(lambda: product(2.0, 3.0), 10**6), grown(lambda: recurrence(0.5, 1000), 10**4)]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of memory")
def test_a_million_calls_take_no_memory(place: Path) -> None:
    # a result of 32 bytes kept by each call would be 32 MB, a tape of 8 kB each 80 MB
    assert max(run(place, MILLION)) < 2_000_000


def test_eight_threads_compile_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def folded(x, n):
        total = 0.0
        for i in range(n):
            total += np.cos(x * i)
        return total

    compiled, compiling, barrier = [], cpu.specialise, threading.Barrier(8)

    def counted(*args: Any, **options: Any) -> Any:
        compiled.append(threading.get_ident())
        return compiling(*args, **options)

    monkeypatch.setattr(cpu, "specialise", counted)
    g = ad.grad(folded)

    def work(k: int) -> float:
        barrier.wait()
        return g(0.1 * k, 30)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(8)))
    i = np.arange(30)
    np.testing.assert_allclose(found, [np.sum(-i * np.sin(0.1 * k * i)) for k in range(8)], rtol=1e-11, atol=1e-12)
    assert len(compiled) == 1
