"""Memory that is not there is a MemoryError before anything is allocated."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adcompiler import grad
from adcompiler.backend.runtime import free_memory

FREE = 100 * 2**20


def recurrence(x, n):
    y = x.copy()
    for _ in range(n):
        for j in range(len(y)):
            y[j] = np.sin(y[j]) * y[j - 1]
    return y.sum()


def matrix(x, n):
    table = np.zeros((n, n))
    table[0] = x
    return table.sum()


def growing(x):
    s, k = x[0], 0
    while s < 3.0:
        s = s * 1.00000001 + 1e-8 * np.sin(s * x[k % 7])
        k += 1
    return s


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_memory, "free", lambda: FREE)


@pytest.mark.usefixtures("little")
@pytest.mark.parametrize("interpreted", [False, True])
def test_what_does_not_fit_is_an_error_at_the_users_line(monkeypatch: pytest.MonkeyPatch, interpreted: bool) -> None:
    if interpreted:
        monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    cases: list[tuple[Any, tuple[Any, ...], str, str]] = [
        (recurrence, (np.ones(10), 10**7), "for _ in range(n):", "'y'"),
        (matrix, (2.0, 10**5), "table = np.zeros((n, n))", "'table'"),
    ]
    for function, args, line, name in cases:
        gradient = grad(function)
        with pytest.raises(MemoryError) as caught:
            gradient(*args)
        assert traceback.extract_tb(caught.value.__traceback__)[-1].line == line
        message = str(caught.value)
        assert message.startswith("not enough memory for ") and name in message
        assert f"bytes are needed, {FREE} are free" in message
        assert ("checkpoint()" in message) == (function is recurrence)
        # of as many bytes as are free the last is still to be had
        assert np.all(np.isfinite(gradient(args[0], 5)))


@pytest.mark.usefixtures("little")
def test_a_tape_that_grows_too_long() -> None:
    gradient = grad(growing)
    with pytest.raises(MemoryError, match=r"records of .*: \d+ bytes are needed, \d+ are free; checkpoint"):
        gradient(np.ones(7))
    assert np.isfinite(gradient(np.full(7, 2.9999))).all()


def test_machine_code_from_the_cache_asks_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADCOMPILER_CACHE_DIR", str(tmp_path))
    grad(recurrence)(np.ones(3), 4)
    monkeypatch.setattr(free_memory, "free", lambda: FREE)
    with pytest.raises(MemoryError, match="are free"):
        grad(recurrence)(np.ones(3), 10**8)


def test_an_exported_module_does_without_the_package(tmp_path: Path) -> None:
    gradient = grad(recurrence)
    gradient.export(tmp_path / "made.py", np.ones(3), 4)
    text = (tmp_path / "made.py").read_text()
    assert "_short" in text and "adcompiler_short" not in text
    scope: dict[str, Any] = {}
    exec(compile(text, "made.py", "exec"), scope)
    np.testing.assert_allclose(scope["grad"](np.ones(3), 4), gradient(np.ones(3), 4))


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_least_of_all_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_memory, "_of_limits", lambda: iter(()))
    monkeypatch.setattr(free_memory, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(free_memory, "_CGROUPS", tmp_path / "groups")
    assert free_memory.free() is None
    written(tmp_path / "proc", {"meminfo": "MemTotal: 99 kB\nMemAvailable: 50 kB\nSwapFree: 1 kB\n"})
    assert free_memory.free() == 51 * 1024
    second = {"a/memory.max": "max", "a/memory.current": "7", "memory.max": "9000", "memory.current": "6000"}
    written(tmp_path / "groups", {**second, "memory.stat": "anon 5\ninactive_file 500\n"})
    written(tmp_path / "proc", {"self/cgroup": "0::/a/b\n"})
    assert free_memory.free() == 3500
    first = {"memory/memory.limit_in_bytes": "4000", "memory/memory.usage_in_bytes": "1000"}
    written(tmp_path / "groups", first)
    written(tmp_path / "proc", {"self/cgroup": "3:cpu,memory:/docker/7\n2:cpuset:/\n"})
    assert free_memory.free() == 3000


def test_a_limit_of_the_process_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (2**40, 2**40))
    limits = list(free_memory._of_limits())
    assert len(limits) == 2 and all(0 < left < 2**40 for left in limits)
