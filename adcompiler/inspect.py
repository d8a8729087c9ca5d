"""Any stage of a compilation, for people: the Wengert list as a table and a graph, the text beside the user's lines."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adcompiler.ad.forward_gradient import is_ahead
from adcompiler.analysis.activity import active
from adcompiler.analysis.records import Record, records
from adcompiler.calls.instance import Instance
from adcompiler.calls.plan import Plan
from adcompiler.calls.subject import Subject
from adcompiler.errors import Span
from adcompiler.ir.show import show_line
from adcompiler.ir.walk import blocks, defines, operands
from adcompiler.ir.wengert import Assign, Block, Branch, Check, Draw, Func, Load, Loop, Stmt, Store, Var, While


class Text(str):
    """Text that a console shows as it is, without quotation marks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Printed(Text):
    """Text that has been printed: a console does not show it again."""

    __slots__ = ()

    def __repr__(self) -> str:
        return ""


# columns for the user's lines where generated ones stand beside them
_OWN = 72
_ORIGIN = re.compile(r"^\s*# \S+:(\d+): (.*)$")


@dataclass(frozen=True, slots=True)
class View:
    """What was compiled of a function for one signature.

    Parameters
    ----------
    subject : Subject
        The function.
    instance : Instance
        Its form for the signature.
    plan : Plan
        The derivative.
    """

    subject: Subject
    instance: Instance
    plan: Plan

    @property
    def primal(self) -> Func:
        """The Wengert list of the function."""
        return self.plan.compiled.stages["wengert"]

    @property
    def active(self) -> frozenset[Var]:
        """The names through which derivatives flow."""
        derivative = self.plan.compiled.derivative
        wrt = [self.primal.params[k] for k in derivative.wrt]
        return active(self.primal, wrt, derivative.outputs)

    @property
    def mode(self) -> str:
        """What runs: a gradient with respect to a few numbers may be one of forward mode."""
        derivative = self.plan.compiled.derivative
        ahead = derivative.mode == "reverse" and is_ahead(self.plan.compiled.stages["derivative"])
        return "forward" if ahead else derivative.mode

    @property
    def readable(self) -> Text:
        """The derivative as text that runs with NumPy alone."""
        return Text(self.plan.compiled.readable)

    @property
    def lowered(self) -> Text:
        """The text that Numba compiles."""
        return Text(self.plan.compiled.text)

    @property
    def records(self) -> list[Record]:
        """What the derivative records."""
        return list(records(self.primal, self.plan.compiled.stages["readable"]))

    @property
    def recorded(self) -> dict[str, str]:
        """The bytes recorded of each name, as a product of extents."""
        return {record.name: record.size for record in self.records}


# -- the Wengert list --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the Wengert list: the names it defines, their types, what it does, and what becomes of it."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    operation: str
    arguments: str
    active: bool
    recorded: str
    line: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The columns of the table."""
        names = ", ".join(f"{name}: {type}" for name, type in zip(self.names, self.types, strict=True))
        return names, self.operation, self.arguments, "active" if self.active else "", self.recorded, self.line


@dataclass(frozen=True, slots=True, repr=False)
class WengertTable:
    """The Wengert list of a function; prints as a table.

    Parameters
    ----------
    rows : tuple of Row
        Its lines, those of a loop or branch under it.
    edges : tuple of pairs of str
        Names with the names computed from them.
    """

    rows: tuple[Row, ...]
    edges: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        head = ("name", "operation", "arguments", "", "recorded", "line")
        return "\n".join(aligned([head, *(row.cells for row in self.rows)]))

    __repr__ = __str__

    def graph(self) -> Any:
        """The lines as a `networkx.DiGraph`: an edge leads from a name to one computed from it."""
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph()
        for row in self.rows:
            for name, type in zip(row.names, row.types, strict=True):
                graph.add_node(name, type=type, operation=row.operation.strip(), active=row.active)
        graph.add_edges_from(edge for edge in self.edges if set(edge) <= set(graph))
        return graph

    def draw(self, path: str | os.PathLike[str]) -> None:
        """Draw the graph into a file of any kind that matplotlib writes, arguments on the left; needs matplotlib."""
        import networkx as nx
        from matplotlib.figure import Figure

        graph = self.graph()
        # a name carried around a loop depends on itself: the layers are those of what depends on each other
        layers = nx.condensation(graph)
        for layer, members in enumerate(nx.topological_generations(layers)):
            for member in members:
                for name in layers.nodes[member]["members"]:
                    graph.nodes[name]["layer"] = layer
        figure = Figure(figsize=(12, 6))
        nx.draw_networkx(
            graph,
            nx.multipartite_layout(graph, subset_key="layer"),
            labels={name: f"{name}\n{data['operation']}" for name, data in graph.nodes.items()},
            node_color=["#f2b134" if data["active"] else "#d9d9d9" for data in graph.nodes.values()],
            node_size=1200,
            font_size=7,
            ax=figure.add_subplot(frameon=False),
        )
        figure.savefig(path)


def wengert(view: View) -> WengertTable:
    """The Wengert list with types, activity and what is recorded."""
    fn, lively, recorded = view.primal, view.active, view.recorded
    rows = [Row((str(p),), (str(fn.types[p.name]),), "argument", "", p in lively, "", "") for p in fn.params]
    edges = list[tuple[str, str]]()
    for stmt, depth in nested(fn.body):
        made = list(defines(stmt))
        flows = any(v in lively for v in made) or (isinstance(stmt, Store) and stmt.array in lively)
        operation, arguments = _operation(stmt)
        rows.append(
            Row(
                tuple(map(str, made)),
                tuple(str(fn.types[v.name]) for v in made),
                "  " * depth + operation,
                arguments,
                flows,
                "; ".join(recorded[v.name] for v in made if v.name in recorded),
                text_of(getattr(stmt, "span", None)),
            )
        )
        edges += [(str(a), str(v)) for v in made for a in operands(stmt) if isinstance(a, Var)]
    rows.append(Row((), (), "return", f"({', '.join(map(str, fn.results))})", False, "", ""))
    return WengertTable(tuple(rows), tuple(edges))


def nested(block: Block, depth: int = 0) -> Iterator[tuple[Stmt, int]]:
    """Every statement with the number of regions around it."""
    for stmt in block:
        yield stmt, depth
        for inner in blocks(stmt):
            yield from nested(inner, depth + 1)


def _operation(stmt: Stmt) -> tuple[str, str]:
    """What a statement does, and to what."""
    match stmt:
        case Assign(op=op, args=args, params=params):
            return op, f"({', '.join([*map(str, args), *(f'{key}={value}' for key, value in params)])})"
        case Loop(index=index, start=start, stop=stop, step=step):
            return "for", f"{index} in range({start}, {stop}, {step})"
        case While():
            return "while", ""
        case Branch(test=test):
            return "if", str(test)
        case Check(failed=failed, exception=exception):
            return "raise", f"{exception} if {failed}"
        case Draw(generator=generator):
            return "draw", show_line(stmt).partition(" = ")[2].removeprefix(f"{generator}.")
    written = show_line(stmt)
    head, _, tail = written.partition(" = ")
    return ("load", tail) if isinstance(stmt, Load) else ("store", written) if isinstance(stmt, Store) else (head, tail)


def text_of(span: Span | None) -> str:
    """A line of the user's with its number."""
    return f"{span.line}: {span.text.strip()}" if span is not None and span.text else ""


# -- the user's code beside its adjoint --------------------------------------------------------------------------------


def side_by_side(view: View) -> str:
    """The readable text, with each stretch of it beside the line of the user's program it comes from."""
    return "\n".join(aligned([(_cut(own), made) for own, made in paired(view)]))


def _cut(own: str) -> str:
    """A line of the user's that leaves room for what stands beside it."""
    return own if len(own) <= _OWN else f"{own[: _OWN - 1].rstrip()}…"


def paired(view: View) -> list[tuple[str, str]]:
    """The lines of the readable text, each with the line of the user's program that a stretch begins with."""
    rows: list[tuple[str, str]] = []
    for text in view.plan.compiled.readable.splitlines():
        origin = _ORIGIN.match(text)
        if origin is not None:
            number = int(origin[1])
            lines = view.subject.source.lines
            own = lines[number - 1].rstrip() if number <= len(lines) else origin[2]
            rows.append((f"{number:>4} | {own}", ""))
        elif text and rows and rows[-1][0] and not rows[-1][1]:
            # a place and the first line that comes from it stand on one row
            rows[-1] = rows[-1][0], text
        else:
            rows.append(("", text))
    return rows


def aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows with their columns under each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)] if rows else []
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
