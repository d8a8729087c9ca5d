"""The documentation's examples run and print what it says; the generated pages are what the code gives."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import generate
from docs.pages import ROOT, pages, run


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_examples_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    for block, printed in run(page, tmp_path):
        if block["output"] is not None:
            assert printed == block["output"], f"{page.name}: run `make generate`\n{block['code']}"


@pytest.mark.parametrize("name", ["rules.md", "errors.md"])
def test_generated_pages_are_up_to_date(name: str) -> None:
    text = {"rules.md": generate.rules_page, "errors.md": generate.errors_page}[name]()
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, "run `make generate`"


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert all(f": {page.name}\n" in navigation for page in (ROOT / "docs").glob("*.md"))


def files() -> Iterator[str]:
    """Every file and folder of the repository's own, from its root on."""
    for folder in ("adcompiler", "benchmarks", "docs", "examples", "tests"):
        yield f"/{folder}"
        for path in (ROOT / folder).rglob("*"):
            yield f"/{path.relative_to(ROOT).as_posix()}"


def test_files_that_pages_name_are_there() -> None:
    """Written in full, or from any folder on: `ad/reverse.py`."""
    there = "\n".join(files()) + "\n"
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"`([\w*]+(?:/[\w*.]+)+/?|\w+\.py)`", text):
            pattern = fnmatch.translate(name.rstrip("/")).removesuffix("\\Z").replace(".*", "[^/\\n]*")
            assert re.search(rf"/{pattern}\n", there), f"{page.name} names {name}"


def test_no_paragraph_of_an_introduction_stands_twice() -> None:
    for page in sorted((ROOT / "docs").glob("*.md")):
        first = page.read_text(encoding="utf-8").partition("\n## ")[0]
        begun = re.findall(r"^- ([^:.]+):", first, re.MULTILINE)
        assert len(set(begun)) == len(begun), page.name


def test_the_figures_of_the_readme_are_those_of_the_benchmarks() -> None:
    """Means of the tables of programs, of other tools and of first calls, the largest ratio to hand-written ones."""
    measured = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    tables = {head: [row.strip("|").split("|") for row in rows.splitlines()] for head, rows in _tables(measured)}
    programs, jax, first = tables["Programs"], tables["Beside JAX"], tables["First calls"]
    tapes = tables["Loop programs beside PyTorch and autograd"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    introduction = " ".join(readme.partition("\n## ")[0].split())
    assert f"{_mean(programs)[4]} of the time of an adjoint written by hand" in introduction
    assert f"JAX takes {_mean(jax)[5]} times as long" in introduction
    section = readme.partition("## How fast")[2].partition("\n## ")[0]
    for figure in (
        f"the {len(programs) - 3} loop programs",
        f"{_mean(programs)[4]} of the time of an adjoint written by hand",
        f"{max(float(row[4]) for row in programs[2:-1])} in the slowest",
        f"{_mean(programs)[6]} times the time of the function",
        f"JAX takes {_mean(jax)[5]} times",
        f"the {len(jax) - 4} programs that it can express",
        f"PyTorch takes {_mean(tapes)[6]} times",
        f"{_mean(tapes, 'of whole arrays')[6]} times where a program can be written as whole arrays",
        f"{_mean(tapes, 'from step to step')[6]} times where each step",
        f"first call takes {_mean(first)[4]} times",
    ):
        assert figure in section, f"README.md does not say: {figure}"


def _tables(page: str) -> Iterator[tuple[str, str]]:
    """The first table of programs of each section, with its heading."""
    for section in page.split("\n## ")[1:]:
        for table in re.findall(r"^\| program \|.*?(?=\n\n|\n?\Z)", section, re.MULTILINE | re.DOTALL)[:1]:
            yield section.partition("\n")[0], table


def _mean(table: list[list[str]], title: str = "geometric mean") -> list[str]:
    """The row of geometric means, of all programs or of a kind."""
    return next([cell.strip() for cell in row] for row in table if row[0].strip() == title)
