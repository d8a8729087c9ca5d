"""Modules of a text, imported from a file as a user's are."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def imported(folder: Path, text: str, name: str = "example") -> ModuleType:
    """A module with this text in a file of a folder."""
    file = folder / f"{name}.py"
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made
