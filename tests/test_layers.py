"""Imports point down the layer table, and stay inside the package by absolute names."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path

import pytest

import adcompiler

ROOT = Path(adcompiler.__file__).parent
LAYERS = [
    {"errors", "critical", "garbage_collector"},
    {"source"},
    {"ir"},
    {"dlpack"},
    {"gpu_arrays"},
    {"signature"},
    {"outside", "handlers"},
    {"rules"},
    {"analysis", "emit", "cache"},
    {"frontend", "ad", "optimise", "backend"},
    {"options"},
    {"compile", "systems"},
    {"device"},
    {"calls"},
    {"inspect"},
    {"explain"},
    {"export", "report"},
    {"transformed"},
    {"api", "batching", "matrices", "products", "custom", "custom_rules"},
    {"inside"},
    {"tools", "cuda"},
    {"__main__"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
#: The parts of the larger folders, lowest first.
INNER = {
    "frontend": [
        {"refused"},
        {"state"},
        {"arrays"},
        {"lists", "library"},
        {"flow"},
        {"language"},
        {"builtins", "expressions"},
        {"calls"},
        {"statements"},
        {"batches"},
        {"lower"},
    ],
    "optimise": [{"lines"}, {"elements", "lowering"}, {"machine"}, {"parallel"}],
    "backend": [
        {"runtime", "llvm", "function_pickler", "exact_dispatcher"},
        {"passes"},
        {"machine_code"},
        {"cpu"},
        {"gpu"},
    ],
}
INNER_RANK = {
    f"{folder}.{name}": rank for folder in INNER for rank, names in enumerate(INNER[folder]) for name in names
}
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
    return {name.removeprefix("adcompiler.") for name in found if name.startswith("adcompiler.")}


def part(name: str, depth: int = 1) -> str:
    """The part of the package, or of one of its folders, to which a module belongs."""
    return ".".join(name.split(".")[:depth])


def module(path: Path) -> str:
    """The name of a module below the package."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    here, named = part(module(path)), imports(path) - {"__version__"}
    assert here in RANK, f"{here} has no layer"
    for there in {part(name) for name in named} - {here}:
        assert there in RANK, f"{path.name} imports {there}, which has no layer"
        assert RANK[there] < RANK[here], f"{path.name}: {here} may not import {there}"
    if here in INNER and path.name != "__init__.py":
        below(module(path), {name for name in named if part(name) == here})


def below(name: str, named: set[str]) -> None:
    """Fail where a module of a folder with parts imports from a part that is not below its own."""
    here = part(name, 2)
    assert here in INNER_RANK, f"{here} has no layer"
    for there in {part(other, 2) for other in named} - {here}:
        assert INNER_RANK[there] < INNER_RANK[here], f"{name}: {here} may not import {there}"


def test_the_page_on_the_architecture_has_the_same_table() -> None:
    text = (ROOT.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("| layer | parts |")[2].partition("\n\n")[0]
    ranks = [[RANK[name] for name in re.findall(r"`(\w+)`", row)] for row in table.splitlines()[2:]]
    assert all(min(higher) > max(lower) for higher, lower in itertools.pairwise(ranks))
    assert {name for name in RANK if name != "__main__"} == set(re.findall(r"`(\w+)`", table))


def test_every_package_and_module_says_what_it_is_for() -> None:
    for path in FILES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


def test_the_table_sees_nested_imports(tmp_path: Path) -> None:
    path = tmp_path / "example.py"
    path.write_text("def f():\n    from adcompiler import api\n    import adcompiler.ir.walk\n")
    assert imports(path) == {"api", "ir.walk"}
