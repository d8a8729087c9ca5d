"""Which lines are printed, and which of these inside the expression that uses them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from adcompiler.emit.casts import OPERATORS
from adcompiler.emit.reads import contents, fixed, is_pure, shown, tails
from adcompiler.errors import Span
from adcompiler.ir.memory import memory_of
from adcompiler.ir.ops import STORED
from adcompiler.ir.walk import blocks, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Const, Func, Load, Loop, Stmt, Store, Var, While

WIDTH = 88
# Python fills a longer tuple from a list, which Numba reads only where none of the items branches
_AT_ONCE = 30
_TEMPORARY = frozenset(
    "t n a count differ failed first index last mask negative outside place row size stop stride where".split()
)
_NUMBER = re.compile(r"(_\d+)+$")
_SUFFIX = re.compile(r"(_bar|_dot|_\d+)+$")
# a name that a line may assign, not one that stands in an index or an argument
_ASSIGNED = r"(?<![\w.\[]){0}\s*(?::[^=]*|,[\w\s,.*()\[\]]*)?(?://|\*\*|[-+*/%@&|^])?=(?!=)|\bfor\b.*\b{0}\b.*\bin\b"


@dataclass(frozen=True, slots=True)
class Use:
    """Where a name is read: a block, the position in it (its length for its end), whether a name must stand there."""

    block: int
    position: int
    fixed: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What is printed how.

    Parameters
    ----------
    needed : frozenset of Var
        Targets of pure lines that something printed reads.
    folded : mapping of Var to Assign or Load
        Targets printed as an expression at their only use, with their line.
    """

    needed: frozenset[Var]
    folded: dict[Var, Assign | Load]

    def skips(self, stmt: Stmt) -> bool:
        """Whether a statement prints no line of its own."""
        if not isinstance(stmt, (Assign, Load)):
            return False
        return stmt.target not in self.needed or stmt.target in self.folded

    def names(self, atoms: Iterable[Atom]) -> frozenset[Var]:
        """The names that remain where the atoms are printed."""
        found: set[Var] = set()
        agenda = list(atoms)
        while agenda:
            atom = agenda.pop()
            if isinstance(atom, Const):
                continue
            if atom in self.folded:
                agenda.extend(shown(self.folded[atom]))
            else:
                found.add(atom)
        return frozenset(found)


def plan(fn: Func, *, early: bool = False) -> Plan:
    """Decide for every pure line of a function whether and where it is printed.

    `early` keeps what a loop hands on before the loop's stores: LLVM runs a loop with vectors in which an iteration
    reads a value of the one before only if that value is computed before it is read, and cannot move a store.
    """
    needed = _needed(fn)
    folder = _Folder(fn, needed, early)
    folder.block(fn.body, depth=1)
    return Plan(needed, folder.folded)


def _needed(fn: Func) -> frozenset[Var]:
    """Targets of pure lines that a printed statement reads, directly or through other lines."""
    lines: dict[Var, Stmt] = {}
    agenda: list[Atom] = [*fn.results]
    for stmt in walk(fn.body):
        if isinstance(stmt, (Assign, Load)):
            lines[stmt.target] = stmt
        else:
            agenda.extend(shown(stmt))
            agenda.extend(a for tail in tails(stmt) for a in tail)
    found: set[Var] = set()
    while agenda:
        atom = agenda.pop()
        if isinstance(atom, Var) and atom not in found:
            found.add(atom)
            if atom in lines:
                agenda.extend(shown(lines[atom]))
    return frozenset(v for v in found if v in lines)


class _Folder:
    """Folds single-use temporaries, users before what they use."""

    def __init__(self, fn: Func, needed: frozenset[Var], early: bool) -> None:
        self.fn, self.needed, self.early = fn, needed, early
        self.memory = memory_of(fn)
        self.folded: dict[Var, Assign | Load] = {}
        self.uses: dict[Var, list[Use]] = {}
        self._collect(fn.body, ())
        self._record(fn.results, Use(id(fn.body), len(fn.body), len(fn.results) > _AT_ONCE))

    def _collect(self, block: Block, tail: Iterable[Atom]) -> None:
        key = id(block)
        for position, stmt in enumerate(block):
            if is_pure(stmt) and not self._is_needed(stmt):
                continue
            self._record(shown(stmt), Use(key, position, False))
            self._record(fixed(stmt), Use(key, position, True))
            for inner, end in zip(blocks(stmt), tails(stmt), strict=True):
                self._collect(inner, end)
        self._record(tail, Use(key, len(block), False))

    def _record(self, atoms: Iterable[Atom], use: Use) -> None:
        for atom in atoms:
            if isinstance(atom, Var):
                self.uses.setdefault(atom, []).append(use)

    def _is_needed(self, stmt: Stmt) -> bool:
        return isinstance(stmt, (Assign, Load)) and stmt.target in self.needed

    def block(self, block: Block, depth: int) -> None:
        """Fold within one block, then within the blocks it contains."""
        place: dict[Var, int] = {}
        room = [WIDTH - 4 * depth - _width(s) for s in block] + [WIDTH - 4 * depth]
        for position in range(len(block) - 1, -1, -1):
            stmt = block[position]
            for inner in blocks(stmt):
                self.block(inner, depth + 1)
            if isinstance(stmt, (Assign, Load)) and stmt.target in self.needed:
                final = self._final(block, position, stmt, place)
                cost = _width(stmt) - len(stmt.target.name)
                if final is not None and (room[final] >= cost or _is_stored(stmt)):
                    room[final] -= cost
                    place[stmt.target] = final
                    self.folded[stmt.target] = stmt

    def _final(self, block: Block, position: int, stmt: Assign | Load, place: dict[Var, int]) -> int | None:
        """The position to which a line can move as part of an expression, if it can."""
        uses = self.uses.get(stmt.target, [])
        if len(uses) != 1 or uses[0].fixed or uses[0].block != id(block):
            return None
        final = uses[0].position
        named = not (_is_stored(stmt) or is_temporary(stmt.target, stmt.span))
        if named and not (final < len(block) and _is_term(stmt, block[final])):
            return None
        if final < len(block):
            user = block[final]
            if isinstance(user, (Assign, Load)) and user.target in place:
                final = place[user.target]
        if self.early and final == len(block) and any(isinstance(s, Store) for s in block[position + 1 :]):
            return None
        if self.memory.changed(contents(stmt, self.fn, self.memory), block[position + 1 : final]):
            return None
        return final


def _is_stored(stmt: Assign | Load) -> bool:
    """Whether a line is printed with the store of what it computes."""
    return isinstance(stmt, Assign) and STORED in stmt.params


def is_temporary(var: Var, span: Span | None) -> bool:
    """Whether a name is the compiler's own: it stands neither in the user's line nor for what stands there.

    The usual names of temporaries may be names of the user's too. Then they are the user's where a line assigns them.
    """
    base = _SUFFIX.sub("", var.name)
    text = span.text if span else ""
    if not text:
        return base in _TEMPORARY
    ours = base in _TEMPORARY and _NUMBER.sub("", var.name) == base
    return re.search((_ASSIGNED if ours else r"\b{}(_\d+)*\b").format(re.escape(base)), text) is None


def _is_term(stmt: Assign | Load, user: Stmt) -> bool:
    """Whether a line is one term of the derivative that its only user adds up: `x_bar += term`."""
    base = _NUMBER.sub("", stmt.target.name)
    if not base.endswith(("_bar", "_dot")) or not isinstance(user, Assign) or user.op not in ("add", "sub"):
        return False
    parts = stmt.args if isinstance(stmt, Assign) and stmt.op in ("add", "sub") else ()
    return _NUMBER.sub("", user.target.name) == base and all(_NUMBER.sub("", str(a)) != base for a in parts)


def _width(stmt: Stmt) -> int:
    """About how many characters the line of a statement takes."""
    atoms = list(shown(stmt)) if not isinstance(stmt, (Loop, While)) else []
    return sum(min(len(str(a)), 20) + 3 for a in atoms) + (_frame(stmt) if isinstance(stmt, Assign) else 4)


def _frame(line: Assign) -> int:
    """About how many characters a line takes besides its arguments."""
    if line.op in OPERATORS:
        return 0
    return len(line.op) + 5 + sum(8 if k == "axes" else 15 for k, v in line.params if v)
