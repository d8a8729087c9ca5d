"""The shortest way through a call: a function of Python, written for arguments like those of a call before.

In one condition it compares all that decides which code fits: the forms of the arguments, and what the code depends on
outside of them. It passes the arguments and makes the results. Where something differs it gives `MISSED`, and the call
goes the long way, which compiles what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from adcompiler.calls.instance import Instance
from adcompiler.calls.places import RAISED, at_the_user_s_line
from adcompiler.calls.plan import Plan
from adcompiler.calls.portable import functions_of
from adcompiler.calls.results import Constant, Group, Tree, spelled
from adcompiler.calls.signing import BOUND, FLAGS, Same, signature
from adcompiler.outside import ABSENT, FACTS, Key
from adcompiler.signature import run_time_leaves

#: What a call gives whose arguments, or surroundings, are others.
MISSED = object()

Direct = Callable[[tuple[Any, ...]], Any]
_LITERALS = (bool, int, str, type(None))
_TEXT = """
def call(args):
    try:
        {arguments} = args
        {captured}
        if {differs}:
            return missed
    except absent:
        return missed
    try:
        results = run({passed})
    except raised as error:
        raise placed(error, compiled.primal) from None
    return {made}
"""


class NotDirect(Exception):
    """An argument or a value from outside is of a form that takes the long way at each call."""


def direct(
    entry: FunctionType, bound: Sequence[Any], args: Sequence[Any], instance: Instance, plan: Plan
) -> Direct | None:
    """The function for calls like the one with these arguments; None where there is none.

    Parameters
    ----------
    entry : function
        The user's function.
    bound : sequence
        What a method or a partial function brings along before the arguments.
    args : sequence
        The arguments.
    instance : Instance
        What was compiled for them.
    plan : Plan
        What is computed.
    """
    if instance.normal or instance.written or not args:
        return None
    try:
        return _Text(instance).function(entry, bound, args, plan)
    except NotDirect:
        return None


class _Text:
    """The text of such a function, with the objects that it names."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.scope: dict[str, Any] = {
            "missed": MISSED,
            "absent": ABSENT,
            "raised": RAISED,
            "np": np,
            "ndarray": np.ndarray,
        }
        self.names: dict[int, str] = {}
        self.roots: dict[int, Any] = {}
        self.differs: list[str] = []

    def function(self, entry: FunctionType, bound: Sequence[Any], args: Sequence[Any], plan: Plan) -> Direct:
        """The function that runs a plan."""
        self.differs.append(f"{self.name(entry)}.__code__ is not {self.name(entry.__code__)}")
        self.meet(entry)
        names = [f"a{k}" for k in range(len(args))]
        passed = self.arguments([*map(self.name, bound), *names], (*bound, *args))
        self.guards()
        captured = self.captured()
        passed += captured
        made, self.scope["make"] = _results(plan), plan.make
        text = _TEXT.format(
            arguments=", ".join(names) + ",",
            captured="; ".join(f"{name} = {path}" for name, path in captured.items()) or "pass",
            differs=" or ".join(self.differs),
            passed=", ".join(passed),
            made=made,
        )
        self.scope |= {"run": plan.function, "placed": at_the_user_s_line, "compiled": plan.compiled}
        exec(compile(text, "<call>", "exec"), self.scope)
        made_function: Direct = self.scope["call"]
        return made_function

    def name(self, held: Any) -> str:
        """The name of an object in the text."""
        if id(held) not in self.names:
            self.names[id(held)] = f"o{len(self.names)}"
            self.scope[self.names[id(held)]] = held
        return self.names[id(held)]

    def meet(self, held: Any) -> None:
        """Let paths begin at an object, and at what belongs to a function."""
        self.roots[id(held)] = held
        for function in functions_of(held):
            parts = (function, function.__globals__, *(function.__closure__ or ()))
            self.roots.update((id(part), part) for part in parts)

    def arguments(self, names: Sequence[str], values: Sequence[Any]) -> list[str]:
        """Compare the arguments; give the names of those that the code takes."""
        lowering, passed = self.instance.lowering, []
        for name, value, given, final in zip(names, values, lowering.given, lowering.final, strict=True):
            self.compare(name, signature(value))
            self.meet(value)
            leaves = list(run_time_leaves(value, final))
            if leaves:
                passed.append(name)
            elif given != final:
                # a number that had to be known
                self.differs.append(f"{name} != {self.name(value)}")
            if len(leaves) > 1 or any(leaf is not value for leaf in leaves):
                raise NotDirect
        return passed

    def compare(self, value: str, key: Hashable) -> None:
        """Compare the signature of a value, which has a name."""
        if isinstance(key, Same):
            self.differs.append(f"{value} is not {self.name(key.value)}")
        elif isinstance(key, type):
            self.differs.append(f"type({value}) is not {self.name(key)}")
            if key is int:
                self.differs.append(f"not {-BOUND} <= {value} < {BOUND}")
        elif isinstance(key, tuple) and isinstance(key[0], np.dtype):
            dtype, rank, flags, *ones = key
            self.differs += [f"type({value}) is not ndarray", f"{value}.dtype is not {self.name(dtype)}"]
            self.differs += [f"{value}.ndim != {rank}", f"{value}.flags.num & {FLAGS} != {flags}"]
            extents = f"tuple([n == 1 for n in {value}.shape]) != {ones[0]}" if ones else f"1 in {value}.shape"
            self.differs.append(extents)
        elif isinstance(key, tuple) and key[0] in (bool, type(None)):
            self.differs.append(f"{value} is not {key[1]}")
        else:
            raise NotDirect

    def guards(self) -> None:
        """Compare what the code depends on."""
        for guard in self.instance.lowering.face.guards:
            now, expected = self.path(guard.key, guard.fetch), self.name(guard.expected)
            self.meet(guard.expected)
            if type(guard.expected) in (int, str, bytes):
                self.differs.append(f"type(now := {now}) is not type({expected}) or now != {expected}")
            else:
                self.differs.append(f"{now} is not {expected}")

    def captured(self) -> dict[str, str]:
        """What the code captures: names, and where it is found."""
        lowering, found = self.instance.lowering, {}
        for k, (capture, key) in enumerate(zip(lowering.face.captures, lowering.keys, strict=True)):
            found[f"k{k}"] = self.path(capture.key, capture.fetch)
            self.compare(f"k{k}", key)
        return found

    def path(self, key: Key, fetch: Callable[[], Any]) -> str:
        """The expression for an object outside the function."""
        root, where, *rest = key
        held = self.roots.get(where)
        if held is None or root not in ("global", "cell", "module", "object", "globals"):
            return f"{self.name(fetch)}()"
        found = self.name(held)
        if root == "global":
            found = f"{found}[{rest.pop(0)!r}]"
        elif root == "cell":
            found, rest = f"{found}.cell_contents", rest[1:]
        elif root == "module":
            found = f"{found}.{rest.pop(0)}"
        for step in rest:
            found = self.stepped(found, step)
        return found

    def stepped(self, found: str, step: Any) -> str:
        """The expression for an attribute, an item or a fact of what an expression gives."""
        if isinstance(step, str):
            return f"getattr({found}, {step[1:]!r})" if not step[1:].isidentifier() else f"{found}{step}"
        if step[0] == "[]":
            return f"{found}[{self.name(step[1])}]"
        if step[1] == "code":
            return f"{found}.__code__"
        return f"{self.name(FACTS[step[1]])}({found}, {self.name(step[2])})"


def _results(plan: Plan) -> str:
    """The user's results out of those of the code, which are called `results`."""
    if plan.count > 1 and _is_spelled(plan.tree):
        return spelled(plan.tree, "results", plan.shared)
    results = "results" if plan.count > 1 else "(results,)"
    if plan.shared:
        copies = [f"results[{k}].copy()" if k in plan.shared else f"results[{k}]" for k in range(plan.count)]
        results = f"({', '.join(copies)},)" if plan.count > 1 else "(results.copy(),)"
    return f"make({results})"


def _is_spelled(tree: Tree) -> bool:
    """Whether a form of results can be written as an expression."""
    match tree:
        case Constant(value):
            return type(value) in _LITERALS
        case Group(items=items, keys=keys, record=record):
            return record is None and all(map(_is_spelled, items)) and all(type(key) in _LITERALS for key in keys)
    return True
