"""Tables of the reports: drawn by rich where it is installed, aligned text otherwise."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec

WIDTH = 120


def render(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as text: the first column to the left, the others to the right."""
    return rich_table(title, columns, rows) if find_spec("rich") else plain_table(title, columns, rows)


def plain_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table in plain characters.

    >>> print(plain_table("times", ["what", "ms"], [["value", "1.5"], ["gradient", "12"]]))
    times
    what       ms
    -------------
    value     1.5
    gradient   12
    """
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        return "  ".join([first.lstrip().ljust(widths[0]), *others]).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([title, line(columns), rule, *map(line, rows)])


def rich_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table in box-drawing characters, without colours, which a log file would show as noise."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", title_style="")
    for i, column in enumerate(columns):
        table.add_column(Text(column), justify="right" if i else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().rstrip().splitlines())


def seconds(value: float) -> str:
    """A time with three digits and its unit.

    >>> seconds(0.00123), seconds(45.6)
    ('1.23 ms', '45.6 s')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def amount(size: float) -> str:
    """A number of bytes with its unit.

    >>> amount(0), amount(1_500_000)
    ('0 B', '1.43 MiB')
    """
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}"
    return f"{size:.0f} B"
