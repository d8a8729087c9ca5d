"""Every form of a compiled function run at each call: the readable text, and the lowered lines that Numba would get."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

from adcompiler.backend import cpu
from adcompiler.compile import Compiled
from adcompiler.ir.wengert import Func, Var
from tests.support import interpret
from tests.support.trees import copied

TOLERANCE = 1e-10


@contextmanager
def plain_and_lowered() -> Iterator[None]:
    """Run generated code as plain Python, with every stage verified and its lowered lines giving the same."""
    with (
        mock.patch.dict(os.environ, {"ADCOMPILER_DISABLE_JIT": "1", "ADCOMPILER_CHECK": "1"}),
        mock.patch.object(Compiled, "callable", property(both)),
    ):
        yield


def both(compiled: Compiled) -> Callable[..., Any]:
    """A function that runs both forms; memory that nothing has set is no number in the lowered one."""
    readable, lowered = compiled.stages["readable"], compiled.stages["lowered"]
    function = cpu.python_function(compiled.readable, readable.name, keep=False)

    def checked(*args: Any) -> Any:
        kept = copied(args)
        result = function(*args)
        expected = result if isinstance(result, tuple) else (result,)
        for now, then in zip((*ran(lowered, kept), *kept), (*expected, *args), strict=True):
            assert np.allclose(now, then, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True), (
                f"lowered {lowered.name} gives {now}, not {then}"
            )
        return result

    return checked


class Machine(interpret.Machine):
    """An arm that is not taken leaves arrays without elements behind, which have not the extents of the other arm's."""

    def check_shape(self, var: Var) -> None:
        """Accept any."""


def ran(fn: Func, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The results of lines; arrays among the arguments are written."""
    machine = Machine(fn)
    with np.errstate(all="ignore"):
        for param, arg in zip(fn.params, args, strict=True):
            machine.env[param.name] = machine.typed(arg, fn.types[param.name])
        machine.block(fn.body)
    return tuple(machine.value(result) for result in fn.results)
