"""Programs run as new processes would run them, over a cache folder of their own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from adcompiler import cache, compile
from adcompiler.backend import cpu
from adcompiler.calls import subject
from adcompiler.frontend import lower

HEAD = "import math\nimport functools\nimport enum\nimport numpy as np\nimport numba\nimport adcompiler as ad\n\n"


def forget() -> None:
    """Forget what this process has compiled."""
    subject._shared.cache_clear()
    cpu._kept.cache_clear()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of this test's own."""
    monkeypatch.setenv("ADCOMPILER_CACHE_DIR", str(tmp_path / "kept"))
    monkeypatch.delenv("ADCOMPILER_CHECK", raising=False)
    forget()
    yield tmp_path
    forget()
    cache._usable.cache_clear()


class Process:
    """Runs programs as new processes would, apart from what the process itself has imported."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place, self.monkeypatch, self.compiled, self.number = place, monkeypatch, 0, 0
        lowered = lower.lower

        def counted(*args: Any) -> Any:
            self.compiled += 1
            return lowered(*args)

        for module in (lower, compile):
            monkeypatch.setattr(module, "lower", counted)

    def module(self, text: str, name: str = "model") -> ModuleType:
        """A module of this text under this name."""
        self.number += 1
        # another folder each time: Python keeps the code of a file by the second of its last change
        path = self.place / str(self.number) / "model.py"
        path.parent.mkdir()
        path.write_text(HEAD + text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        made = importlib.util.module_from_spec(spec)
        self.monkeypatch.setitem(sys.modules, name, made)
        spec.loader.exec_module(made)
        return made

    def run(self, text: str, call: str = "ad.grad(f)(1.5)") -> tuple[Any, bool]:
        """The value of an expression in a program, and whether anything was compiled for it."""
        forget()
        before = self.compiled
        module = self.module(text)
        value = eval(call, module.__dict__)
        return value, self.compiled > before


@pytest.fixture
def process(place: Path, monkeypatch: pytest.MonkeyPatch) -> Process:
    """A cache folder, and what counts how often the front end runs."""
    return Process(place, monkeypatch)
