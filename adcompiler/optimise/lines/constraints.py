"""Lines that test linear constraints: the text of what an analysis has found."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from adcompiler.analysis.affine import Affine
from adcompiler.analysis.conditions import Conj
from adcompiler.analysis.constraints import Form
from adcompiler.analysis.scope import Path
from adcompiler.ir.build import ZERO, Builder
from adcompiler.ir.wengert import Assign, Atom, Check, Const, Var


def check_lines(b: Builder, affine: Affine, case: Conj, check: Check, place: Path) -> None:
    """Raise what `check` raises where `case` holds, before the statement at `place`."""
    writer = Writer(b, affine, place)
    failed: Atom | None = None
    for form in sorted(case, key=lambda f: (-len(f.terms), str(f))):
        test = writer.test(form)
        failed = test if failed is None else b.emit("logical_and", failed, test, hint="outside")
    values = [v for v in check.values if not (isinstance(v, Var) and writer.hidden(v))]
    b.check(Const(True) if failed is None else failed, check.exception, check.message, *values)


@dataclass(slots=True)
class Writer:
    """Writes forms as lines before the statement at `place`."""

    b: Builder
    affine: Affine
    place: Path

    def test(self, form: Form) -> Var:
        """A line that is true where the form is not negative."""
        more = Form(tuple((s, c) for s, c in form.terms if c > 0), 0)
        less = Form(tuple((s, -c) for s, c in form.terms if c < 0), 0)
        k = form.constant
        if not more.terms:
            return self.compare("lt", less, more) if k == -1 else self.compare("le", less, more.shift(k))
        if k == -1:
            return self.compare("gt", more, less)
        return self.compare("ge", more.shift(max(k, 0)), less.shift(max(-k, 0)))

    def compare(self, op: str, left: Form, right: Form) -> Var:
        """A line that compares two forms."""
        return self.b.emit(op, self.value(left), self.value(right), hint="outside")

    def value(self, form: Form) -> Atom:
        """Lines that compute a form."""
        total: Atom = ZERO
        for name, c in sorted(form.terms, key=lambda t: -t[1]):
            part = self.b.int("mul", self.name(name), Const(abs(c)))
            total = self.b.int("add" if c > 0 else "sub", total, part)
        op = "add" if form.constant >= 0 else "sub"
        return self.b.int(op, total, Const(abs(form.constant)))

    def name(self, name: Hashable) -> Atom:
        """The atom, or lines, for one symbol."""
        if isinstance(name, tuple) and name[0] == "last":
            _, start, stop, step = name
            reach = self.value((stop.shift(-1) if step > 0 else stop.shift(1)) - start)
            steps = self.b.int("floordiv", reach, Const(step))
            return self.b.int("add", self.value(start), self.b.int("mul", steps, Const(step)), hint="last")
        if isinstance(name, tuple):
            array, axis = Var(name[1]), name[2]
            extent = self.affine.fn.shape(array)[axis]
            if self.affine.form(extent).terms == ((name, 1),):
                return extent
            return self.b.emit("dim", array, axis=axis, hint=f"n_{array}")
        assert isinstance(name, Var)
        return self.product(name) if self.hidden(name) else name

    def hidden(self, name: Var) -> bool:
        """Whether a name is defined in a block that is not open here."""
        d = self.affine.defs.get(name)
        return d is not None and any(f.path == self.place or f.path != self.place[: len(f.path)] for f in d.frames)

    def product(self, name: Var) -> Atom:
        """A product that the region computes for itself, computed once more."""
        line = self.affine.defs[name].stmt
        assert isinstance(line, Assign) and line.op == "mul"
        a, b = (self.value(self.affine.form(arg)) for arg in line.args)
        return self.b.int("mul", a, b, hint=name.name)
