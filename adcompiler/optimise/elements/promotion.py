"""Elements of arrays that a loop works on become scalars while it runs."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace

from adcompiler.analysis.conditions import negated
from adcompiler.analysis.constraints import Form, symbol
from adcompiler.analysis.lifting import Lifting
from adcompiler.analysis.scope import Frame, Path, sites
from adcompiler.analysis.surroundings import Surroundings
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import blocks, operands
from adcompiler.ir.wengert import (
    Assign,
    Check,
    Func,
    Grow,
    Load,
    Loop,
    Print,
    Store,
    Var,
    is_element,
)
from adcompiler.optimise.elements.carrying import Carrying, Element, Use
from adcompiler.optimise.elements.sharing import Elements, share_loads
from adcompiler.optimise.lines.rewritten_loops import with_loops_anew


@dataclass(slots=True)
class Promotion(Surroundings):
    """Finds the elements to promote, in innermost loops first."""

    elements: Elements = field(init=False)
    found: dict[Path, list[Element]] = field(default_factory=dict)
    tests: dict[Path, Form] = field(default_factory=dict)
    shared: frozenset[Var] = frozenset()

    def loop(self, stmt: Loop, path: Path) -> None:
        """Visit a loop: it is looked at itself where nothing was found within it."""
        Surroundings.loop(self, stmt, path)
        if stmt.parallel or any(p[: len(path)] == path for p in self.found):
            return
        uses, whole = self.collect(stmt, path)
        groups: dict[Hashable, list[Use]] = {}
        for use in uses:
            if is_element(use.stmt.index):
                groups.setdefault(self.elements.key(use.stmt.array, use.stmt.index, use.access), []).append(use)
        frame = Frame(path, stmt, 0)
        chosen = [Element(group) for group in groups.values() if self.fits(group, uses, whole, frame)]
        chosen = [e for e in chosen if self.exists(e, frame)]
        if chosen:
            self.found[path] = chosen

    def collect(self, stmt: Loop, path: Path) -> tuple[list[Use], set[Var]]:
        """The accesses in a loop, and the arrays of which a line reads all elements."""
        uses, whole = list[Use](), set[Var]()
        for s, here, frames in sites(stmt.body, (*path, 0), (*self.frames, Frame(path, stmt, 0))):
            match s:
                case Load(target=target) if not self.fn.types[target.name].rank:
                    uses.append(Use(s, here, self.elements.over.accesses.access(s.array, s.index, here, frames)))
                case Store():
                    uses.append(Use(s, here, self.elements.over.accesses.access(s.array, s.index, here, frames)))
                    whole |= self.arrays([s.value])
                case Assign(op=op, args=args) if kind(op) not in ("view", "shape"):
                    whole |= self.arrays(args)
                case Grow(array=array):
                    whole.add(array)
                case Print():
                    whole |= self.arrays(operands(s))
                case _:
                    pass
        return uses, whole

    def arrays(self, atoms: object) -> set[Var]:
        """The arrays among atoms."""
        return {a for a in atoms if isinstance(a, Var) and self.fn.types[a.name].rank}  # type: ignore[attr-defined]

    # -- which elements ------------------------------------------------------------------------------------------

    def fits(self, group: list[Use], uses: list[Use], whole: set[Var], frame: Frame) -> bool:
        """Whether an element is the same in all iterations and touched in no other way."""
        if group[0].access.base in self.shared:
            return False
        if not self.invariant(group[0], frame) or not all(self.reachable(use, frame) for use in group):
            return False
        stored = any(isinstance(use.stmt, Store) for use in group)
        first = group[0].stmt.array
        if stored and any(self.elements.memory.overlap(first, array) for array in whole):
            return False
        # before the loop no test in it has been passed
        before = replace(group[0].access, limits=(), cases=(), path=frame.path, frames=tuple(self.frames))
        others = [use for use in uses if all(use is not mine for mine in group)]
        return not any(
            (stored or isinstance(use.stmt, Store)) and self.elements.meet(first, before, use.stmt.array, use.access)
            for use in others
        )

    def invariant(self, use: Use, frame: Frame) -> bool:
        """Whether an element can be named before the loop."""
        lifting, access = Lifting(self.known), use.access
        if lifting.inside(access.base, frame):
            return False
        if None in access.axes:
            names = [a for a in (use.stmt.array, *use.stmt.index) if isinstance(a, Var)]
            return not any(lifting.inside(name, frame) for name in names)
        return all(lifting.available(s, frame) for axis in access.axes if axis for s, _ in axis.terms)

    def reachable(self, use: Use, frame: Frame) -> bool:
        """Whether only branches lie between the loop and an access."""
        return not any(f.is_loop for f in use.access.frames[len(self.frames) + 1 :])

    def exists(self, element: Element, frame: Frame) -> bool:
        """Whether the element may be loaded before the loop; `guarded` where only if the loop runs."""
        axes = list(zip(element.uses[0].access.axes, element.uses[0].access.extents, strict=True))
        if all(axis is not None and self.surely(axis) and self.surely(size.shift(-1) - axis) for axis, size in axes):
            return True
        first = any(len(use.path) == len(frame.path) + 2 for use in element.uses)
        runs = self.runs(frame)
        if not first or runs is None or self.awaits_check(frame):
            return False
        element.guarded = not self.surely(runs)
        if element.guarded:
            self.tests[frame.path] = runs
        # a load alone is not worth a test
        return element.stored or not element.guarded

    def surely(self, form: Form) -> bool:
        """Whether a form is proven not to be negative."""
        return self.known.impossible(frozenset({negated(form)}))

    def runs(self, frame: Frame) -> Form | None:
        """A form that is not negative just when the loop runs at all."""
        loop, form = frame.region, self.known.affine.form
        assert isinstance(loop, Loop)
        step = form(loop.step)
        if step.terms or not step.constant:
            return None
        ahead = form(loop.stop) - form(loop.start)
        return (ahead if step.constant > 0 else ahead.times(-1)).shift(-1)

    def write(self, b: Builder, stmt: Loop, path: Path) -> None:
        """Append a loop in which elements were found."""
        Carrying(b, self.known.affine, path, self.found[path]).loop(stmt, self.tests.get(path))

    def awaits_check(self, frame: Frame) -> bool:
        """Whether the loop itself may find an index that does not change to be out of bounds."""
        lifting = Lifting(self.known)
        for s, _, _ in sites(blocks(frame.region)[0]):
            if isinstance(s, Check) and s.exception == "IndexError":
                cases = self.known.conditions.exactly(s.failed)
                index = symbol(frame.region.index) if isinstance(frame.region, Loop) else None
                names = [name for case in cases or [] for form in case for name, _ in form.terms]
                if cases is None or index is None or all(lifting.available(name, frame) for name in names):
                    return True
        return False


def promote(fn: Func, shared: frozenset[Var] = frozenset(), apart: bool = False) -> Func:
    """Keep an element that a counted loop addresses by what does not change in it in a scalar, and store it once.

    To the arrays `shared` others add at the same time: their elements stay in memory. No two parameters share memory
    where `apart` is true.

    Before:  for j in range(n): a_bar[i, k] += x[j]
    After:   a_bar_ik = a_bar[i, k]; for j in range(n): a_bar_ik += x[j]; a_bar[i, k] = a_bar_ik
    """
    while True:
        promotion = Promotion.of(fn)
        promotion.shared, promotion.elements = shared, Elements.of(fn, apart)
        promotion.visit()
        if not promotion.found:
            return fn
        b = Builder.of(fn)
        body = with_loops_anew(b, fn.body, promotion.found, promotion.write)
        fn = with_body(fn, body, b)


__all__ = ["promote", "share_loads"]
