"""The shortest way through a call: a function of Python, written for arguments like those of a call before.

It takes tuples, lists, dictionaries and records among the arguments apart, and compares all that decides which code
fits: the forms of the arguments, and what the code depends on outside of them. It passes the leaves and makes the
results. Where something differs it gives `MISSED`, and the call goes the long way, which compiles what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from adcompiler.calls.binding import Binder
from adcompiler.calls.instance import Instance
from adcompiler.calls.kept.portable import functions_of
from adcompiler.calls.lowering import present
from adcompiler.calls.places import RAISED, at_the_user_s_line
from adcompiler.calls.plan import Plan
from adcompiler.calls.results import Constant, Group, Tree, spelled
from adcompiler.calls.signing import BOUND, FLAGS, Same, signature
from adcompiler.outside import ABSENT, FACTS, Key
from adcompiler.signature import SeqSpec, Spec, fields_of, items_of, run_time_leaves

#: What a call gives whose arguments, or surroundings, are others.
MISSED = object()

Direct = Callable[[tuple[Any, ...], dict[str, Any]], Any]
_LITERALS = (bool, int, str, type(None))
_TEXT = """
def call(args, kwargs):
    try:
        {lines}
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
    binder: Binder, args: tuple[Any, ...], kwargs: Mapping[str, Any], instance: Instance, plan: Plan
) -> Direct | None:
    """The function for calls like the one with these arguments; None where there is none.

    Parameters
    ----------
    binder : Binder
        How arguments become values of the parameters.
    args, kwargs : tuple and mapping
        The arguments.
    instance : Instance
        What was compiled for them.
    plan : Plan
        What is computed.
    """
    if instance.normal or instance.written:
        return None
    try:
        return _Text(instance, binder).function(args, kwargs, plan)
    except NotDirect:
        return None


class _Text:
    """The text of such a function, with the objects that it names."""

    def __init__(self, instance: Instance, binder: Binder) -> None:
        self.instance, self.binder = instance, binder
        self.scope: dict[str, Any] = {
            "missed": MISSED,
            "absent": ABSENT,
            "raised": RAISED,
            "np": np,
            "ndarray": np.ndarray,
        }
        self.names: dict[int, str] = {}
        self.roots: dict[int, Any] = {}
        self.lines: list[str] = []
        self.variables = 0
        self.differs: list[str] = []

    def function(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], plan: Plan) -> Direct:
        """The function that runs a plan."""
        entry = self.binder.entry
        self.differs.append(f"{self.name(entry)}.__code__ is not {self.name(entry.__code__)}")
        self.meet(entry)
        values = self.binder.values(args, kwargs)
        run = _exact(plan, self.instance.leaves(values, present(self.instance.lowering.face.captures)))
        self.compared = run is not None
        names = self.unpacked("args", len(args))
        passed = self.arguments(self.bound(names, self.by_name(kwargs)), values)
        self.guards()
        passed += self.captured()
        results = [f"r{k}" for k in range(plan.count)]
        text = _TEXT.format(
            lines="\n        ".join(self.lines),
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

    # -- the arguments ---------------------------------------------------------------------------------------------

    def unpacked(self, source: str, count: int) -> list[str]:
        """Variables for the items of what an expression gives, of which there must be so many."""
        names = [self.variable() for _ in range(count)]
        # lengths that differ raise ValueError, which `ABSENT` holds
        self.lines.append(f"[{', '.join(names)}] = {source}")
        return names

    def variable(self, source: str = "") -> str:
        """A new variable, for what an expression gives where there is one."""
        self.variables += 1
        name = f"v{self.variables}"
        if source:
            self.lines.append(f"{name} = {source}")
        return name

    def by_name(self, kwargs: Mapping[str, Any]) -> dict[str, str]:
        """Variables for the arguments given by name, in this order."""
        if not kwargs:
            self.differs.append("kwargs")
            return {}
        return dict(zip(kwargs, self.values_of("kwargs", kwargs), strict=True))

    def values_of(self, found: str, expected: Mapping[Any, Any]) -> list[str]:
        """Variables for the values of a dictionary with these keys, in this order."""
        self.lines.append(f"if [*{found}] != {self.name([*expected])}: return missed")
        return self.unpacked(f"{found}.values()", len(expected))

    def bound(self, names: Sequence[str], by_name: Mapping[str, str]) -> list[Any]:
        """Where the value of each parameter is: a name, or those of the items of `*args` and `**kwargs`."""
        binder = self.binder
        named = {key: self.name(value) for key, value in binder.named.items()}
        found = binder.signature.bind(*map(self.name, binder.first), *names, **{**named, **by_name}).arguments
        plain = [found[name] if name in found else self.default(name) for name in binder.plain]
        return plain + [found.get(name, ()) for name in binder.variadic]

    def default(self, name: str) -> str:
        """A variable for the present default of a parameter."""
        before, entry = self.binder.by_position, self.name(self.binder.entry)
        at = f"__defaults__[{before.index(name) - len(before)}]" if name in before else f"__kwdefaults__[{name!r}]"
        return self.variable(f"{entry}.{at}")

    def arguments(self, found: Sequence[Any], values: Sequence[Any]) -> list[str]:
        """Compare the arguments; give the names of the leaves that the code takes."""
        lowering, passed = self.instance.lowering, list[str]()
        for where, value, given, final in zip(found, values, lowering.given, lowering.final, strict=True):
            passed += self.argument(where, value, given, final)
        return passed

    def argument(self, where: Any, value: Any, given: Spec, final: Spec) -> Iterator[str]:
        """Compare one argument or a part of it, which has a name, or whose items have."""
        if isinstance(given, SeqSpec) and isinstance(final, SeqSpec):
            if isinstance(where, dict):
                where = where.values()
            parts = self.items(where, value) if isinstance(where, str) else where
            for part, item, of_given, of_final in zip(parts, items_of(value), given.items, final.items, strict=True):
                yield from self.argument(part, item, of_given, of_final)
            return
        self.meet(value)
        leaves = list(run_time_leaves(value, final))
        self.compare(where, signature(value), passed=bool(leaves))
        if not leaves and given != final:
            # a number that had to be known; an array may change in its place, and -0.0 equals 0.0
            if not isinstance(value, (int, np.integer)):
                raise NotDirect
            self.differs.append(f"{where} != {self.name(value)}")
        if any(leaf is not value for leaf in leaves):
            raise NotDirect
        if leaves:
            yield where

    def items(self, found: str, value: Any) -> list[str]:
        """Variables for the items of a tuple, a list, a dictionary or a record."""
        kind: Any = type(value)
        # before the items: iterators would be advanced
        self.lines.append(f"if type({found}) is not {self.name(kind)}: return missed")
        if kind is dict:
            return self.values_of(found, value)
        if issubclass(kind, (tuple, list)):
            return self.unpacked(found, len(value))
        return [self.variable(f"{found}.{field}") for field in fields_of(kind) or ()]

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
        elif isinstance(key, tuple) and key[0] in (str, bytes):
            self.differs.append(f"type({value}) is not {self.name(key[0])} or {value} != {self.name(key[1])}")
        elif isinstance(key, tuple) and key[0] is slice:
            self.differs.append(f"type({value}) is not slice or repr({value}) != {key[1]!r}")
        else:
            raise NotDirect

    # -- what is outside -------------------------------------------------------------------------------------------

    def guards(self) -> None:
        """Compare what the code depends on."""
        for guard in self.instance.lowering.face.guards:
            now, expected = self.path(guard.key, guard.fetch), self.name(guard.expected)
            self.meet(guard.expected)
            if type(guard.expected) in (int, str, bytes):
                self.differs.append(f"type(now := {now}) is not type({expected}) or now != {expected}")
            else:
                self.differs.append(f"{now} is not {expected}")

    def captured(self) -> list[str]:
        """Compare what the code captures; give the variables."""
        lowering, passed = self.instance.lowering, list[str]()
        for capture, key in zip(lowering.face.captures, lowering.keys, strict=True):
            passed.append(self.variable(self.path(capture.key, capture.fetch)))
            self.compare(passed[-1], key)
        return passed

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
    from adcompiler.backend.exact_dispatcher import exact

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
