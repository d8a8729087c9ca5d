"""A page of HTML: the user's code beside its adjoint, the report of the compiler, and the Wengert list."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from adcompiler.explain import explain
from adcompiler.inspect import View, paired, wengert

_STYLE = """\
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em; color: #1f2328; background: #fff; }
table { border-collapse: collapse; font: 13px/1.45 ui-monospace, monospace; }
td, th { padding: 0 1em 0 0.4em; text-align: left; vertical-align: top; white-space: pre; }
tr.own td { border-top: 1px solid #d8dee4; padding-top: 0.3em; }
td.own, td.active { color: #0550ae; }
pre { font: 13px/1.45 ui-monospace, monospace; }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117; } tr.own td { border-color: #30363d; }
  td.own, td.active { color: #79c0ff; }
}"""


def page(view: View) -> str:
    """The report of a view, as one file that needs nothing else."""
    title = escape(f"{view.subject.binder.name}: {view.mode}")
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            f"<style>\n{_STYLE}\n</style></head><body>",
            f"<h1>{title}</h1>",
            "<h2>The function beside its derivative</h2>",
            _table([_pair(*row) for row in paired(view)]),
            "<h2>What the compiler did</h2>",
            f"<pre>{escape(explain(view))}</pre>",
            "<h2>Wengert list</h2>",
            _table([_head("name", "operation", "arguments", "", "recorded", "line"), *_lines(view)]),
            "</body></html>\n",
        ]
    )


def _table(rows: Sequence[str]) -> str:
    return "\n".join(["<table>", *rows, "</table>"])


def _head(*titles: str) -> str:
    return f"<tr>{''.join(f'<th>{title}</th>' for title in titles)}</tr>"


def _pair(own: str, made: str) -> str:
    """A stretch of the derivative, and the user's line it comes from where a new one begins."""
    first = ' class="own"' if own else ""
    return f'<tr{first}><td class="own">{escape(own)}</td><td>{escape(made)}</td></tr>'


def _lines(view: View) -> list[str]:
    rows = []
    for row in wengert(view).rows:
        lively = ' class="active"' if row.active else ""
        rows.append(f"<tr>{''.join(f'<td{lively}>{escape(cell)}</td>' for cell in row.cells)}</tr>")
    return rows
