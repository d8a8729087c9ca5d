"""The Python blocks of a page, run in order, and the outputs that follow them."""

import ast
import contextlib
import io
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ("rules.md", "errors.md")
FENCE = re.compile(r"^```python\n(?P<code>.*?)^```\n(?:\n```output\n(?P<output>.*?)^```\n)?", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """The pages with Python blocks."""
    every = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [page for page in every if FENCE.search(page.read_text(encoding="utf-8"))]


def run(page: Path, folder: Path) -> Iterator[tuple[re.Match[str], str]]:
    """Run a page's blocks in one namespace; each with what it prints.

    The compiler reads source files: the blocks stand in a module in `folder`, on the lines they have in the page.
    """
    text = page.read_text(encoding="utf-8")
    blocks = list(FENCE.finditer(text))
    lines = ["" for _ in text.splitlines()]
    for block in blocks:
        first = text.count("\n", 0, block.start("code"))
        code = block["code"].splitlines()
        lines[first : first + len(code)] = code
    module = types.ModuleType(re.sub(r"\W", "_", page.stem) + "_page")
    module.__file__ = str(folder / f"{module.__name__}.py")
    Path(module.__file__).write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.modules[module.__name__] = module
    tree = ast.parse("\n".join(lines))
    # Python compiles a call of an imported module's function in another way: each block has the imports of the page
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    for block in blocks:
        first, last = (text.count("\n", 0, block.start("code")), text.count("\n", 0, block.end("code")))
        body = [node for node in tree.body if first < node.lineno <= last and node not in imports]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(ast.Module([*imports, *body], []), module.__file__, "exec"), vars(module))
        yield block, printed.getvalue()


def with_outputs(page: Path, folder: Path) -> str:
    """The page with the outputs that its blocks print now."""
    text, pieces, end = page.read_text(encoding="utf-8"), [], 0
    for block, printed in run(page, folder):
        if block["output"] is not None:
            pieces += [text[end : block.start("output")], printed]
            end = block.end("output")
    return "".join([*pieces, text[end:]])
