"""What loops have in common, and those that run as long as a test says."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from adcompiler.frontend.flow.branching import branch
from adcompiler.frontend.flow.looping import Loops
from adcompiler.frontend.language.blocks import run_block, stays_out
from adcompiler.frontend.language.truth import negated
from adcompiler.frontend.lists import growing
from adcompiler.frontend.state.context import Lowering, State
from adcompiler.frontend.state.forms import same_value
from adcompiler.frontend.state.list_growth import Around
from adcompiler.frontend.state.liveness import BROKEN, RETURNED, has
from adcompiler.frontend.state.loop_parts import Built, Head
from adcompiler.frontend.state.restarts import TestChanges
from adcompiler.ir.wengert import Atom, Carry, Const, Var, While

LoopNode = ast.For | ast.While


def head(
    low: Lowering,
    node: LoopNode,
    length: Atom | None,
    runs: bool,
    *,
    read_first: bool,
    hidden: frozenset[str] = frozenset(),
) -> Head:
    """What the text of a loop says; `read_first` if its head reads flags, `hidden` names are carried beside its own."""
    after = low.frame.live_after(node)
    live = low.frame.definition.live.head.get(node, frozenset()) | after
    names = low.frame.definition.live.bound[node] & live
    exits = {RETURNED} if has(node.body, ast.Return) else set()
    if has(node.body, ast.Break) and (read_first or node.orelse):
        exits.add(BROKEN)
    return Head(id(node), names | hidden, live | hidden, after, exits, read_first, length, runs)


def otherwise(low: Lowering, node: LoopNode) -> None:
    """Run the `else` of a loop that was not left by `break`."""
    broken = low.frame.env.get(BROKEN, Const(False))
    low.frame.env[BROKEN] = Const(False)
    assert isinstance(broken, (Var, Const))
    if not node.orelse:
        return
    left = low.frame.env.get(RETURNED, Const(False))
    assert isinstance(left, (Var, Const))
    if left != Const(False):
        broken = left if broken == Const(False) else low.b.emit("logical_or", broken, left, hint="left", weak=True)
    branch(
        low,
        broken,
        lambda: stays_out(low, broken),
        lambda: run_block(low, node.orelse),
        low.frame.live_after(node.orelse[-1]),
        "t",
    )


@dataclass(frozen=True, slots=True)
class Repeated:
    """A loop that runs as long as its test says.

    Parameters
    ----------
    low : Lowering
        The program.
    node : ast.For or ast.While
        The loop.
    test : callable
        Appends the test.
    begin : callable
        Appends what comes before the body.
    hidden : frozenset of str
        Names that `test` and `begin` use beside the user's.
    endless : bool
        Whether the test is a constant that holds.
    """

    low: Lowering
    node: LoopNode
    test: Callable[[], Atom]
    begin: Callable[[], None] = lambda: None
    hidden: frozenset[str] = frozenset()
    endless: bool = False

    def run(self) -> None:
        """Append the loop, and its `else`."""
        growing.build(self.low, None, False, self.built)
        for name in self.hidden:
            self.low.frame.env.pop(name)
        otherwise(self.low, self.node)

    def built(self, around: Around) -> None:
        """Append the loop, in which lists grow as `around` says."""
        low, here = self.low, head(self.low, self.node, None, self.endless, read_first=True, hidden=self.hidden)
        Loops(low, here, lambda built: self.body(built, around), self.finish).run()
        if self.endless and BROKEN not in here.exits and RETURNED in here.exits:
            low.frame.env[RETURNED] = Const(True)

    def body(self, built: Built, around: Around) -> None:
        """Append the test and the body."""
        low = self.low
        for plan in around.plans:
            plan.seen.clear()
        before = low.save()
        with low.b.block() as built.head:
            built.test = self.stays(built)
        if isinstance(self.node, ast.While):
            self.check_test(self.node, before)
        if built.test == Const(False):
            low.frame.env[BROKEN] = Const(False)
            return
        self.begin()
        run_block(low, self.node.body)
        growing.end(low, around)

    def finish(self, built: Built, carried: tuple[Carry, ...], until: Atom | None) -> None:
        """Append the statement."""
        low = self.low
        if built.test == Const(True) and not built.flags:
            raise low.refuse("endless-loop", self.node)
        if built.test == Const(False):
            low.b.extend(built.head)
        else:
            low.b.add(While(carried, tuple(built.head), built.test, tuple(built.lines), low.b.span))

    def check_test(self, node: ast.While, before: State) -> None:
        """The names after a test that says no are those after it, which only a test inside the loop can tell."""
        low = self.low
        for frame, env in zip(low.frames, before, strict=True):
            if any(name in env and not same_value(value, env[name]) for name, value in frame.env.items()):
                if low.frame.definition.node in low.choices.tests_inside:
                    raise low.refuse("test-changes", node.test)
                raise TestChanges(low.frame.definition.node)

    def stays(self, built: Built) -> Atom:
        """Append the test whether the loop goes on, of which flags that leave it are a part."""
        low, flags = self.low, list(built.flags.values())
        if not flags:
            return self.test()
        left = flags[0]
        if len(flags) == 2:
            left = low.b.emit("logical_or", *flags, hint="left", weak=True)
        stays = negated(low, left)
        if self.endless:
            return stays
        found = branch(low, stays, self.test, lambda: Const(False), None, "test")
        assert isinstance(found, (Var, Const))
        return found


__all__ = ["Repeated", "head", "otherwise"]
