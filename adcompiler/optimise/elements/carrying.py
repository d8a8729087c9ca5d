"""A loop rewritten so that elements of arrays are scalars it carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from adcompiler.analysis.access import Access
from adcompiler.analysis.affine import Affine
from adcompiler.analysis.constraints import Form
from adcompiler.analysis.scope import Path
from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.types import Type
from adcompiler.ir.walk import map_operands, rename, rename_extents
from adcompiler.ir.wengert import Atom, Block, Branch, Carry, Const, Index, Load, Loop, Out, Stmt, Store, Var
from adcompiler.optimise.lines.constraints import Writer


@dataclass(frozen=True, slots=True)
class Use:
    """One access of an element in a loop."""

    stmt: Load | Store
    path: Path
    access: Access


@dataclass(slots=True)
class Element:
    """An element that a loop uses again and again; `guarded` where it is certain to exist only if the loop runs."""

    uses: list[Use]
    guarded: bool = False

    @property
    def stored(self) -> bool:
        """Whether the loop changes it."""
        return any(isinstance(use.stmt, Store) for use in self.uses)


@dataclass(slots=True)
class Carrying:
    """Writes the loop at `path` with its `elements` as scalars.

    `current` holds what each element is at the place being written, `names` what stands for targets of dropped loads.
    """

    b: Builder
    affine: Affine
    path: Path
    elements: Sequence[Element]
    current: list[Atom] = field(default_factory=list)
    names: dict[Var, Atom] = field(default_factory=dict)

    def loop(self, stmt: Loop, runs: Form | None) -> None:
        """Append the loads, the loop and the stores."""
        writer = Writer(self.b, self.affine, self.path)
        test = None if runs is None else writer.test(runs)
        places = [self.place(element, writer) for element in self.elements]
        inits = [self.load(e, p, test) for e, p in zip(self.elements, places, strict=True)]
        entries = [self.again(e) if e.stored else v for e, v in zip(self.elements, inits, strict=True)]
        self.current = list(entries)
        body = self.block(stmt.body, (*self.path, 0))
        carries = [
            Carry(entry, init, plain(now), self.again(e))
            for e, init, entry, now in zip(self.elements, inits, entries, self.current, strict=True)
            if e.stored
        ]
        loop = map_operands(replace(stmt, body=rename(body, self.names)), self.name)
        assert isinstance(loop, Loop)
        self.b.add(replace(loop, carried=(*loop.carried, *carries)))
        self.b.shapes.update(rename_extents(self.b.shapes, self.names))
        stored = [(e, p) for e, p in zip(self.elements, places, strict=True) if e.stored]
        for (element, place), carry in zip(stored, carries, strict=True):
            self.store(element, place, carry.out, test)

    # -- before and after ----------------------------------------------------------------------------------------

    def place(self, element: Element, writer: Writer) -> tuple[Var, Index]:
        """Array and index of an element as they can be written before the loop."""
        for use in element.uses:
            atoms = (use.stmt.array, *use.stmt.index)
            if not any(isinstance(a, Var) and writer.hidden(a) for a in atoms):
                return use.stmt.array, use.stmt.index
        access = element.uses[0].access
        return access.base, tuple(writer.value(axis) for axis in access.axes if axis is not None)

    def load(self, element: Element, place: tuple[Var, Index], test: Var | None) -> Var:
        """The element before the loop; anything where a guarded loop does not run."""
        array, index = place
        hint = hint_of(array, index)
        if not element.guarded:
            return self.b.load(array, index, hint)
        assert test is not None
        with self.b.block() as lines:
            value = self.b.load(array, index, hint)
        out = self.b.like(value, hint)
        self.b.add(Branch(test, tuple(lines), (), (Out(out, value, self.zero(array)),), self.b.span))
        return out

    def store(self, element: Element, place: tuple[Var, Index], value: Var, test: Var | None) -> None:
        """The element after the loop."""
        if not element.guarded:
            self.b.store(*place, value)
            return
        assert test is not None
        with self.b.block() as lines:
            self.b.store(*place, value)
        self.b.add(Branch(test, tuple(lines), (), (), self.b.span))

    def again(self, element: Element) -> Var:
        """Another name for what an element holds."""
        array, index = place_of(element)
        return self.b.var(hint_of(array, index), Type(self.b.type(array).dtype))

    def zero(self, array: Var) -> Const:
        """A zero of the element type."""
        return scalar(0.0, self.b.type(array).dtype)

    # -- the body ------------------------------------------------------------------------------------------------

    def block(self, block: Block, path: Path) -> Block:
        """A block in which the scalars stand for the elements."""
        with self.b.block() as lines:
            for position, stmt in enumerate(block):
                with self.b.at(getattr(stmt, "span", None)):
                    self.statement(map_operands(stmt, self.name), (*path, position))
        return tuple(lines)

    def name(self, atom: Atom) -> Atom:
        """What stands for an atom."""
        return self.names.get(atom, atom) if isinstance(atom, Var) else atom

    def statement(self, stmt: Stmt, path: Path) -> None:
        """One statement of the loop."""
        k = next((k for k, e in enumerate(self.elements) if any(use.path == path for use in e.uses)), None)
        match stmt:
            case Load(target=target) if k is not None:
                self.names[target] = self.current[k]
            case Store(array=array, value=value, add=add) if k is not None:
                hint = hint_of(*place_of(self.elements[k]))
                total = self.b.emit("add", self.current[k], value, hint=hint) if add else value
                self.current[k] = converted(self.b, total, Type(self.b.type(array).dtype))
            case Branch():
                self.branch(stmt, path)
            case _:
                self.b.add(stmt)

    def branch(self, stmt: Branch, path: Path) -> None:
        """A branch yields the elements that one of its arms changes."""
        before, ends, arms = self.current, list[list[Atom]](), list[Block]()
        for arm, nested in enumerate((stmt.then, stmt.other)):
            self.current = list(before)
            arms.append(self.block(nested, (*path, arm)))
            ends.append(self.current)
        self.current, outs = list(before), list(stmt.outs)
        for k, (then, other) in enumerate(zip(*ends, strict=True)):
            if then != other:
                out = self.again(self.elements[k])
                outs.append(Out(out, plain(then), plain(other)))
                self.current[k] = out
        self.b.add(Branch(stmt.test, arms[0], arms[1], tuple(outs), stmt.span))


def converted(b: Builder, value: Atom, element: Type) -> Atom:
    """A value as an array of these elements would hold it."""
    if isinstance(value, Const):
        return Const(element.numpy.type(value.value))
    if b.type(value) == element:
        return value
    return b.emit("cast", value, dtype=element.dtype, hint=value.name)


def plain(atom: Atom) -> Atom:
    """A literal as Python writes it where its element type is known from elsewhere."""
    if isinstance(atom, Const) and atom.type == Type("float64"):
        return scalar(float(str(atom.value)), "float64")
    return atom


def place_of(element: Element) -> tuple[Var, Index]:
    """Array and index of an element as one of its uses has them."""
    return element.uses[0].stmt.array, element.uses[0].stmt.index


def hint_of(array: Var, index: Index) -> str:
    """A name for an element: `a_bar_ik` for `a_bar[i, k]`."""
    letters = [str(item) for item in index]
    short = all(s.isidentifier() and len(s) < 3 for s in letters)
    return f"{array}_{''.join(letters)}" if short else f"{array}_element"


__all__ = ["Carrying", "Element", "Use"]
