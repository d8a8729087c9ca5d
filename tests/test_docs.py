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
