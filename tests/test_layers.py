"""Imports point down the layer table, and stay inside the package by absolute names."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import adcompiler

ROOT = Path(adcompiler.__file__).parent
LAYERS = [
    {"errors", "undivided"},
    {"source"},
    {"ir"},
    {"gpu_arrays"},
    {"signature"},
    {"outside", "handlers"},
    {"rules"},
    {"analysis", "emit", "cache"},
    {"frontend", "ad", "optimise", "backend"},
    {"options"},
    {"compile"},
    {"device"},
    {"calls"},
    {"inspect"},
    {"explain"},
    {"export", "report"},
    {"transformed"},
    {"api", "batching", "matrices", "products", "custom", "custom_rules"},
    {"inside"},
    {"tools", "interop", "cuda"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
FILES = [path for path in sorted(ROOT.rglob("*.py")) if path.parent != ROOT or path.name != "__init__.py"]


def imports(path: Path) -> set[str]:
    """The parts of this package that a file imports, at any depth of nesting."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names):
                found |= {name.name for name in names}
            case ast.ImportFrom(module, names):
                found |= {f"{module}.{name.name}" for name in names}
    return {name.split(".")[1] for name in found if name.startswith("adcompiler.")}


def part(path: Path) -> str:
    """The part of the package to which a file belongs."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    here = part(path)
    assert here in RANK, f"{here} has no layer"
    for there in imports(path) - {here, "__version__"}:
        assert there in RANK, f"{path.name} imports {there}, which has no layer"
        assert RANK[there] < RANK[here], f"{path.name}: {here} may not import {there}"


def test_the_table_sees_nested_imports(tmp_path: Path) -> None:
    path = tmp_path / "example.py"
    path.write_text("def f():\n    from adcompiler import api\n    import adcompiler.ir.walk\n")
    assert imports(path) == {"api", "ir"}
