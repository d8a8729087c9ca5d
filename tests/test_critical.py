"""Compiling is cut in two by nothing: not by Ctrl-C, not by a fork in another thread."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import adcompiler as ad
from adcompiler import compile
from adcompiler.backend.machine_code import MachineCode
from adcompiler.critical import critical_section
from adcompiler.options import Options


@pytest.fixture(autouse=True)
def own_handler() -> Iterator[None]:
    """Python's own handler of interrupts, whatever the tests run in has."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_is_heard_after_the_work() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):
        with critical_section(), critical_section():
            signal.raise_signal(signal.SIGINT)
            done.append(True)
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_interrupt_is_heard_at_once() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):
        with critical_section():
            signal.raise_signal(signal.SIGINT)
            done.append(1)
            signal.raise_signal(signal.SIGINT)
            done.append(2)
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_ignored_interrupt_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with critical_section():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_after_an_interrupt_of_the_compiler_the_next_call_works(monkeypatch: pytest.MonkeyPatch) -> None:
    def cube(x):
        return x * x * x

    g = ad.grad(cube, cache=False)
    lowered, interrupted = compile.lower, []

    def once(*args: Any) -> Any:
        if not interrupted:
            interrupted.append(True)
            signal.raise_signal(signal.SIGINT)
        return lowered(*args)

    monkeypatch.setattr(compile, "lower", once)
    with pytest.raises(KeyboardInterrupt):
        g(2.0)
    assert not g.subject.lowerings and not g.subject.instances
    assert g(2.0) == 12.0


def test_an_interrupt_while_numba_compiles_leaves_it_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    def fourth(x):
        return x * x * x * x

    g = ad.grad(fourth)
    monkeypatch.setattr(MachineCode, "save_overload", lambda *_: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        g(2.0)
    # once compiled, it is not compiled again
    monkeypatch.setattr(MachineCode, "save_overload", lambda *_: pytest.fail("compiled again"))
    assert g(2.0) == 32.0
    assert ad.grad(fourth).subject.options == Options()


FORKING = """
import os, threading, time
import adcompiler as ad
from adcompiler.backend import cpu
from adcompiler.critical import critical_section

def square(x):
    return x * x

begun, order = threading.Event(), []
compiling = cpu.specialise

def slowly(*args, **options):
    with critical_section(), cpu.global_compiler_lock:
        begun.set()
        time.sleep(0.2)
        order.append("compiled")
        compiling(*args, **options)

cpu.specialise = slowly
g = ad.grad(square, cache=False)
thread = threading.Thread(target=g, args=(1.0,))
thread.start()
begun.wait()
child = os.fork()
order.append("forked")
if not child:
    cpu.specialise = compiling
    found = g(3.0), ad.grad(lambda x: x * x * x, cache=False)(2.0), order
    os._exit(0 if found == (6.0, 12.0, ["compiled", "forked"]) else 1)
_, status = os.waitpid(child, 0)
thread.join()
assert status == 0 and g(2.0) == 4.0, status
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_fork_waits_for_the_compiler_of_another_thread(tmp_path: Path) -> None:
    script = tmp_path / "forking.py"
    script.write_text(FORKING, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(ad.__file__).parents[1]), "PYTHONWARNINGS": "ignore"}
    # one that hangs is ended
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
