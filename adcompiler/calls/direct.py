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
from adcompiler.calls.lowering import present
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
    if results is missed:
        return missed
    {names} = results
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
        leaves = self.instance.leaves((*bound, *args), present(self.instance.lowering.face.captures))
        run = _exact(plan, leaves)
        self.compared = run is not None
        passed = self.arguments([*map(self.name, bound), *names], (*bound, *args))
        self.guards()
        captured = self.captured()
        passed += captured
        results = [f"r{k}" for k in range(plan.count)]
        text = _TEXT.format(
            arguments=", ".join(names) + ",",
            captured="; ".join(f"{name} = {path}" for name, path in captured.items()) or "pass",
            differs=" or ".join(self.differs),
            # the tuple as it is, where all of it is passed and nothing else
            passed="*args" if passed == names else ", ".join(passed),
            names=", ".join(results) or "_",
            made=_made(plan, results),
        )
        self.scope |= {"run": run or plan.function, "placed": at_the_user_s_line, "compiled": plan.compiled}
        self.scope["make"] = plan.make
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
            self.meet(value)
            leaves = list(run_time_leaves(value, final))
            self.compare(name, signature(value), passed=bool(leaves))
            if leaves:
                passed.append(name)
            elif given != final:
                # a number that had to be known
                self.differs.append(f"{name} != {self.name(value)}")
            if len(leaves) > 1 or any(leaf is not value for leaf in leaves):
                raise NotDirect
        return passed

    def compare(self, value: str, key: Hashable, passed: bool = True) -> None:
        """Compare the signature of a value, which has a name; machine code compares what is `passed` to it."""
        if isinstance(key, Same):
            self.differs.append(f"{value} is not {self.name(key.value)}")
        elif isinstance(key, type):
            self.differs.append(f"type({value}) is not {self.name(key)}")
            if key is int:
                self.differs.append(f"not {-BOUND} <= {value} < {BOUND}")
        elif isinstance(key, tuple) and isinstance(key[0], np.dtype):
            dtype, rank, flags, *ones = key
            self.differs.append(f"type({value}) is not ndarray")
            if not (self.compared and passed):
                self.differs += [f"{value}.dtype is not {self.name(dtype)}", f"{value}.ndim != {rank}"]
                self.differs.append(f"{value}.flags.num & {FLAGS} != {flags}")
            if ones:
                self.differs += [f"{value}.shape[{k}] {'!=' if one else '=='} 1" for k, one in enumerate(ones[0])]
            elif rank:
                self.differs.append(f"len({value}) == 1" if rank == 1 else f"1 in {value}.shape")
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


def _exact(plan: Plan, leaves: Sequence[Any]) -> Callable[..., Any] | None:
    """The machine code of a plan, which compares dtypes, ranks and flags itself; None where there is none."""
    # importing Numba takes longer than everything else in this package
    from adcompiler.backend.exact import exact

    return exact(plan.function, leaves, MISSED)


def _made(plan: Plan, results: Sequence[str]) -> str:
    """The user's results out of those of the code, which have these names."""
    parts = [f"{name}.copy()" if k in plan.shared else name for k, name in enumerate(results)]
    return spelled(plan.tree, parts) if _is_spelled(plan.tree) else f"make([{', '.join(parts)}])"


def _is_spelled(tree: Tree) -> bool:
    """Whether a form of results can be written as an expression."""
    match tree:
        case Constant(value):
            return type(value) in _LITERALS
        case Group(items=items, keys=keys, record=record):
            return record is None and all(map(_is_spelled, items)) and all(type(key) in _LITERALS for key in keys)
    return True
