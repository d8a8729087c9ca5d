"""Array temporaries that need no memory: each element is computed where it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adcompiler.ir.build import Builder
from adcompiler.ir.memory import Memory
from adcompiler.ir.ops import kind
from adcompiler.ir.types import Type
from adcompiler.ir.walk import blocks, operands, yields
from adcompiler.ir.wengert import Assign, Block, Func, Stmt, Store, Var

# cheap enough to compute again for every element they are broadcast to
_CHEAP = frozenset({"full", "arange"})


class Laziness:
    """Which array lines are computed inside the loop of their only reader, and who reads an array at all.

    `readers` maps an array to the statements that read it, None standing for a region's end or the results.
    """

    def __init__(self, fn: Func, memory: Memory) -> None:
        self.fn, self.memory = fn, memory
        self.b = Builder.of(fn)
        self.readers: dict[Var, list[Stmt | None]] = {}
        self.lazy: set[Var] = set()
        for result in fn.results:
            self._read(result, None)
        self._collect(fn.body)
        self._decide(fn.body)

    def _read(self, atom: object, stmt: Stmt | None) -> None:
        if isinstance(atom, Var) and self.fn.types[atom.name].rank:
            self.readers.setdefault(atom, []).append(stmt)

    def _collect(self, block: Block) -> None:
        for stmt in block:
            for atom in operands(stmt):
                self._read(atom, stmt)
            for atom in yields(stmt):
                self._read(atom, None)
            for nested in blocks(stmt):
                self._collect(nested)

    def _decide(self, block: Block) -> None:
        positions = {id(s): k for k, s in enumerate(block)}
        final: dict[Var, int] = {}
        for position in range(len(block) - 1, -1, -1):
            stmt = block[position]
            for nested in blocks(stmt):
                self._decide(nested)
            if (
                isinstance(stmt, Assign)
                and is_computed(stmt, self.fn.types)
                and (at := self._reader(stmt, positions)) is not None
            ):
                reader = block[at]
                at = final.get(reader.target, at) if isinstance(reader, Assign) else at
                if not self.memory.changed(_contents(stmt, self.fn), block[position + 1 : at]):
                    self.lazy.add(stmt.target)
                    final[stmt.target] = at

    def _reader(self, stmt: Assign, positions: dict[int, int]) -> int | None:
        """Where the only reader of a line stands, if it reads element by element."""
        readers = self.readers.get(stmt.target, [])
        if len(readers) != 1 or readers[0] is None or id(readers[0]) not in positions:
            return None
        reader = readers[0]
        match reader:
            case Assign(target=target) if is_computed(reader, self.fn.types):
                shape = self.b.shape(target)
            case Assign(op=op) if kind(op) == "reduce":
                shape = self.b.shape(stmt.target)
            case Store(array=array, index=index, value=value) if value == stmt.target:
                shape = self.b.view_type(array, index)[1]
            case _:
                return None
        fits = shape == self.b.shape(stmt.target) or stmt.op in _CHEAP
        return positions[id(reader)] if fits else None


def is_computed(stmt: Stmt, types: Mapping[str, Type]) -> bool:
    """Whether a line makes an array element by element."""
    if not isinstance(stmt, Assign) or not types[stmt.target.name].rank:
        return False
    return kind(stmt.op) in ("elementwise", "copy") or stmt.op in _CHEAP


def _contents(stmt: Assign, fn: Func) -> Iterator[Var]:
    return (a for a in stmt.args if isinstance(a, Var) and fn.types[a.name].rank)
