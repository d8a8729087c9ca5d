"""The cache folder: who may use it, what lies in it, and what a second process is spared."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import adcompiler as ad
from adcompiler import cache
from adcompiler.backend import cpu

TEXT = "def triple(x):\n    return 3.0 * x\n"

PROGRAM = """
import json, sys
import adcompiler as ad

def loss(x, n):
    total = 0.0
    for i in range(n):
        total += x * x * i
    return total

g = ad.grad(loss)
value = g(3.0, 4)
code = g.view().plan.compiled.dispatcher
print(json.dumps({
    "value": value,
    "hits": sum(code.stats.cache_hits.values()),
    "misses": sum(code.stats.cache_misses.values()),
    "differentiated": "adcompiler.ad.gradient" in sys.modules,
}))
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of this test's own."""
    path = tmp_path / "kept"
    monkeypatch.setenv("ADCOMPILER_CACHE_DIR", str(path))
    forget()
    yield path
    forget()
    cache._usable.cache_clear()


def folder() -> cache.Folder:
    found = cache.folder()
    assert found is not None
    return found


def started(script: Path, program: str = PROGRAM, **environment: str) -> subprocess.Popen[str]:
    """A fresh process."""
    script.parent.mkdir(exist_ok=True)
    if not script.exists() or script.read_text(encoding="utf-8") != program:
        # another process may be reading it
        script.write_text(program, encoding="utf-8")
    path = str(Path(ad.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def reported(process: subprocess.Popen[str]) -> dict[str, object]:
    """What a process reports at its end."""
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    return dict(json.loads(out))


def run(script: Path, program: str = PROGRAM, **environment: str) -> dict[str, object]:
    """What a fresh process reports."""
    return reported(started(script, program, **environment))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_and_files_are_the_users_alone(place: Path) -> None:
    assert cpu.numba_function(TEXT, "triple")(2.0) == 6.0
    assert mode(place) == 0o700
    kinds = sorted(path.suffix for path in place.iterdir())
    assert kinds == [".bin", ".py"]
    assert {mode(path) for path in place.iterdir()} == {0o600}


def test_names_are_stable_and_tell_texts_apart(place: Path) -> None:
    cpu.python_function(TEXT, "triple")
    first = {path.name for path in place.iterdir()}
    cpu.python_function(TEXT, "triple")
    assert {path.name for path in place.iterdir()} == first
    cpu.python_function(TEXT.replace("3.0", "4.0"), "triple")
    assert len(list(place.iterdir())) == 2


def test_a_second_process_neither_differentiates_nor_compiles(place: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "numba"
    cold = run(tmp_path / "program.py", NUMBA_CACHE_DIR=str(elsewhere))
    assert cold == {"value": 36.0, "hits": 0, "misses": 1, "differentiated": True}
    warm = run(tmp_path / "program.py", NUMBA_CACHE_DIR=str(elsewhere))
    assert warm == {"value": 36.0, "hits": 1, "misses": 0, "differentiated": False}
    assert not elsewhere.exists()
    # another program under the same name shares nothing
    other = run(tmp_path / "other" / "program.py", PROGRAM.replace("x * x * i", "x * i"))
    assert other["value"] == 6.0
    assert other["differentiated"]


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [flipped, lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"somebody else's"],
    ids=["flipped", "truncated", "empty", "foreign"],
)
@pytest.mark.parametrize("suffix", [".bin", ".json", ".py", ".calls"])
def test_damaged_files_are_rebuilt(place: Path, suffix: str, damage: Callable[[bytes], bytes]) -> None:
    def square(x):
        return x * x

    assert ad.grad(square)(3.0) == 6.0
    (damaged,) = [path for path in place.iterdir() if path.suffix == suffix]
    before = damaged.read_bytes()
    damaged.write_bytes(damage(before))
    # the same function again, as a new process would meet it
    forget()
    assert ad.grad(square)(3.0) == 6.0
    if suffix != ".bin":
        assert damaged.read_bytes() == before
    else:
        assert folder().load(damaged.name) is not None


def forget() -> None:
    from adcompiler.calls import subject

    subject._shared.cache_clear()
    cpu._kept.cache_clear()


def test_content_that_numba_cannot_read_is_ignored(place: Path) -> None:
    assert cpu.numba_function(TEXT, "triple")(2.0) == 6.0
    (kept,) = place.glob("*.bin")
    assert folder().store(kept.name, b"no pickle")
    forget()
    assert cpu.numba_function(TEXT, "triple")(2.0) == 6.0
    assert folder().load(kept.name) != b"no pickle"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
@pytest.mark.parametrize("bits", [0o777, 0o770, 0o720])
def test_a_folder_others_may_write_to_is_not_used(place: Path, bits: int) -> None:
    place.mkdir()
    place.chmod(bits)
    with pytest.warns(RuntimeWarning, match="others may write"):
        assert cache.folder() is None
    assert cache.folder() is None, "warns once"
    assert cpu.numba_function(TEXT, "triple")(2.0) == 6.0
    assert list(place.iterdir()) == []


def test_a_file_others_may_write_to_is_not_read(place: Path) -> None:
    assert folder().store("a.bin", b"content")
    assert folder().load("a.bin") == b"content"
    (place / "a.bin").chmod(0o666)
    assert folder().load("a.bin") is None


def test_a_place_that_is_no_folder(place: Path) -> None:
    place.write_text("a file", encoding="utf-8")
    with pytest.warns(RuntimeWarning, match="is not used"):
        assert cache.folder() is None
    function = cpu.python_function("def boom(x):\n    return x.absent\n", "boom")
    with pytest.raises(AttributeError) as caught:
        function(1.0)
    # without a file, tracebacks still show the line
    assert "return x.absent" in str(caught.getrepr())


@pytest.mark.skipif(not hasattr(os, "symlink") or sys.platform == "win32", reason="needs links")
def test_a_link_to_a_folder_is_not_used(place: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.warns(RuntimeWarning, match="is a link"):
        assert cache.folder() is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_what_is_no_file_is_not_read(place: Path, tmp_path: Path) -> None:
    found = folder()
    os.mkfifo(place / "pipe.bin")
    (place / "folder.bin").mkdir()
    assert found.store("there.bin", b"content")
    (place / "link.bin").symlink_to(place / "there.bin")
    (place / "dangling.bin").symlink_to(tmp_path / "nowhere")
    assert [found.load(f"{name}.bin") for name in ("pipe", "folder", "link", "dangling", "there")] == [
        *[None] * 4,
        b"content",
    ]
    assert found.store("pipe.bin", b"new") and found.load("pipe.bin") == b"new"
    assert not found.store("folder.bin", b"new")
    # a name that cannot be had leaves nothing behind
    assert not [path for path in place.iterdir() if path.name.startswith(".")]


def test_a_folder_that_is_removed_is_done_without(place: Path) -> None:
    found = folder()
    place.rmdir()
    assert not found.store("a.bin", b"content")
    assert (found.prune(), found.size()) == (0, (0, 0))
    assert cpu.numba_function(TEXT, "triple")(2.0) == 6.0


ENDED = """
import os, signal
replaced = os.replace

def ended(source, target):
    if str(target).endswith(".bin"):
        os.kill(os.getpid(), signal.SIGKILL)
    replaced(source, target)

os.replace = ended
"""
LIMITED = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals and limits")
def test_what_a_process_could_not_write_is_made_again(place: Path, tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    process = started(script, ENDED + PROGRAM)
    process.communicate()
    assert process.returncode == -9
    (half,) = [path for path in place.iterdir() if path.name.startswith(".")]
    limited = run(script, LIMITED + PROGRAM)
    assert (limited["value"], limited["misses"]) == (36.0, 1)
    assert not list(place.glob("*.bin"))
    # another place of the lines, which the killed process has not kept
    assert run(script, "\n" + PROGRAM)["misses"] == 1
    assert run(script, "\n" + PROGRAM)["hits"] == 1
    os.utime(half, (0, 0))
    assert folder().prune() == 1
    assert not half.exists()


def test_four_processes_at_once(place: Path, tmp_path: Path) -> None:
    processes = [started(tmp_path / "program.py") for _ in range(4)]
    assert [reported(process)["value"] for process in processes] == [36.0] * 4
    assert run(tmp_path / "program.py")["hits"] == 1
    assert not [path for path in place.iterdir() if path.name.startswith(".")]


def test_a_full_disk_is_done_without(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = folder()

    def full(*_: object, **__: object) -> tuple[int, str]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    assert not found.store("a.bin", b"content")
    assert found.module("a.py", TEXT) is None
    assert cpu.numba_function(TEXT, "triple")(2.0) == 6.0
    assert list(place.iterdir()) == []


def test_cache_option_leaves_no_files(place: Path) -> None:
    def square(x):
        return x * x

    assert ad.grad(square, cache=False)(3.0) == 6.0
    assert not place.exists() or not list(place.iterdir())


def test_prune_removes_the_oldest_and_nothing_else(place: Path) -> None:
    found = folder()
    for k, name in enumerate(["a.bin", "b.bin", "c.bin"]):
        assert found.store(name, b"x" * 1000)
        os.utime(place / name, (k, k))
    (place / "notes.txt").write_text("mine", encoding="utf-8")
    assert found.load("a.bin") == b"x" * 1000
    # what was just read is not the oldest any more
    assert found.prune(limit=2500) == 1
    assert {path.name for path in place.iterdir()} == {"a.bin", "c.bin", "notes.txt"}
    assert found.clear() == 2
    assert [path.name for path in place.iterdir()] == ["notes.txt"]


def test_the_default_lies_in_the_users_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADCOMPILER_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert folder().path == tmp_path / "xdg" / "adcompiler"


def test_a_changed_compiler_has_other_keys() -> None:
    assert ad.__version__ in cache.versions()
    assert cache.key(cache.versions(), "f") != cache.key(cache.versions() + " ", "f")


SOLVING = """
import json, sys
import numpy as np
import adcompiler as ad

def loss(a, b):
    return np.sum(np.linalg.solve(a, b) ** 2)

a, b = np.array([[2.0, 1.0], [0.5, 3.0]]), np.array([1.0, 2.0])
g = ad.grad(loss)
code = g.view(a, b).plan.compiled.dispatcher
value = g(a, b).tolist()
try:
    g(np.zeros((2, 2)), b)
    said = ""
except np.linalg.LinAlgError as error:
    said = str(error)
llvm = code.inspect_llvm(code.signatures[0]) if not code.stats.cache_hits else ""
print(json.dumps({
    "value": value,
    "said": said,
    "hits": sum(code.stats.cache_hits.values()),
    "copied": [line for line in llvm.splitlines() if line.startswith("define") and "lu_solve" in line],
}))
"""


def test_factorisations_are_compiled_once_for_all_programs(place: Path, tmp_path: Path) -> None:
    script = tmp_path / "program" / "solve.py"
    first = run(script, SOLVING)
    assert (first["hits"], first["copied"], first["said"]) == (0, [], "Singular matrix")
    apart = [path for path in place.glob("_lu_*.bin")]
    assert apart
    assert run(script, SOLVING) == {**first, "hits": 1}
    # machine code that calls what is gone is compiled again, and with it what it calls
    for path in apart:
        path.unlink()
    assert run(script, SOLVING) == first
    assert all(path.exists() for path in apart)
    # another program finds the factorisation
    again = SOLVING.replace("** 2", "** 3")
    before = {path: path.stat().st_mtime_ns for path in place.glob("_*.bin")}
    assert run(tmp_path / "program" / "cubes.py", again)["hits"] == 0
    assert {path: path.stat().st_mtime_ns for path in place.glob("_*.bin")} == before
