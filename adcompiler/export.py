"""Compiled functions outside this package: as a stand-alone module, and for the user's own compiled code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from adcompiler.calls.results import spelled
from adcompiler.emit.runtime_calls import alone
from adcompiler.errors import ADCompilerError
from adcompiler.inspect import View
from adcompiler.outside import Capture
from adcompiler.signature import SeqSpec, Spec, StaticSpec, fields_of

_NJIT = '@nb.njit(error_model="numpy", nogil=True)\n'
_NAMES = {"primal": "value"}


def module_text(view: View, kind: str) -> str:
    """A module that needs only NumPy and Numba, with a function called `kind` of the user's arguments."""
    of, instance, plan = view.subject, view.instance, view.plan
    _refuse_device(view)
    name = _free(_NAMES.get(kind, kind), plan.compiled.name)
    written = alone(plan.compiled.text)
    text = re.sub(r"^((import|from) .*\n)+\n*", "", written)
    imports = {"import math", "import numba as nb", "import numpy as np"}
    imports |= set(re.findall(r"^(?:import|from) .*", written[: len(written) - len(text)], re.MULTILINE))
    text = re.sub(rf"^def {plan.compiled.name}\(", rf"{_NJIT}\g<0>", text, flags=re.MULTILINE)
    constants = "".join(f"{c.name} = {_literal(c)}\n" for c in instance.lowering.lowered.captures)
    wrapper = calling(view, name)
    doc = f'"""`{name}` of `{of.binder.name}`, written by adcompiler."""'
    head = "\n".join([doc, "", *sorted(imports), ""])
    return f"{head}\n{constants}\n\n{text}\n\n{wrapper}" if constants else f"{head}\n\n{text}\n\n{wrapper}"


def dispatcher(view: View, kind: str) -> Any:
    """A Numba function of the user's arguments, for use in other compiled code.

    What the function captures keeps the value it has now, as in any function compiled by Numba.
    """
    instance, plan = view.instance, view.plan
    _refuse_device(view)
    # importing Numba takes longer than everything else in this package
    from adcompiler.backend import cpu

    scope: dict[str, object] = {c.name: c.fetch() for c in instance.lowering.lowered.captures}
    # the user's code may keep its machine code, which must not refer to symbols of this process
    whole = cpu.numba_function(plan.compiled.text, plan.compiled.name, keep=False, whole=True)
    scope |= {plan.compiled.name: whole, "np": np}
    name = _free(_NAMES.get(kind, kind), plan.compiled.name)
    text = calling(view, name)
    return cpu.numba_function(text, name, keep=False, scope=scope)


def _refuse_device(view: View) -> None:
    if view.plan.compiled.on_device:
        raise ADCompilerError(
            "a function for target='cuda' is a function of the host, and no Numba function for other code",
            view.subject.span,
            "use target='cpu'",
        )


def calling(view: View, name: str) -> str:
    """A function of the user's arguments that calls the compiled one."""
    of, instance, plan = view.subject, view.instance, view.plan
    parameters = [*of.binder.plain, *of.binder.variadic]
    lowered = instance.lowering.lowered
    given = [leaf for p, spec in zip(parameters, instance.lowering.final, strict=True) for leaf in _leaves(p, spec)]
    given += [capture.name for capture in lowered.captures]
    changed = lowered.written if plan.compiled.derivative.mode != "primal" else ()
    given = [f"{leaf}.copy()" if k in changed else leaf for k, leaf in enumerate(given)]
    kept = [p for p, spec in zip(parameters, instance.lowering.final, strict=True) if not isinstance(spec, StaticSpec)]
    call = f"{plan.compiled.name}({', '.join(given)})"
    results = f"({call},)" if plan.count == 1 else call
    copied = plan.compiled.shared
    parts = [f"results[{k}].copy()" if k in copied else f"results[{k}]" for k in range(plan.count)]
    made = spelled(plan.tree, parts)
    try:
        ast.parse(made)
    except SyntaxError as error:
        raise ADCompilerError(
            f"{of.binder.name}() returns an object that cannot be written as text",
            instance.lowering.span,
            "return numbers and arrays",
        ) from error
    return f"def {name}({', '.join(kept)}):\n    results = {results}\n    return {made}\n"


def _leaves(expression: str, spec: Spec) -> Iterator[str]:
    """The expressions of the run-time leaves of an argument."""
    match spec:
        case SeqSpec(items=items, record=type() as record):
            for name, item in zip(fields_of(record) or (), items, strict=True):
                yield from _leaves(f"{expression}.{name}", item)
        case SeqSpec(items=items, keys=keys):
            for key, item in zip(keys or range(len(items)), items, strict=True):
                yield from _leaves(f"{expression}[{key!r}]", item)
        case StaticSpec():
            pass
        case _:
            yield expression


def _literal(capture: Capture) -> str:
    """A captured value as text."""
    value = capture.fetch()
    if isinstance(value, np.ndarray):
        items = re.sub(r"inf|nan", r"np.\g<0>", repr(value.tolist()))
        return f"np.array({items}, dtype=np.{value.dtype.name})"
    if isinstance(value, np.generic):
        return f"np.{value.dtype.name}({value.item()!r})"
    if isinstance(value, np.random.Generator):
        what = f"the random generator '{capture.name}' around the function cannot be written as text"
        raise ADCompilerError(what, None, "pass it as an argument")
    return repr(value)


def _free(name: str, taken: str) -> str:
    return f"{name}_" if name == taken else name
