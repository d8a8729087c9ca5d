"""What analyses have found of the functions that they were asked about last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from adcompiler.ir.wengert import Func

P = ParamSpec("P")
T = TypeVar("T")

#: Results that are kept: passes that change nothing hand on the function itself, and few run in between.
_KEPT = 8


class _Recent(threading.local):
    """Functions, which keep their identity taken, and what was found, by the question; each thread has its own."""

    def __init__(self) -> None:
        self.found: OrderedDict[Hashable, tuple[Func, Any]] = OrderedDict()


_recent = _Recent()


def once(analysis: Callable[Concatenate[Func, P], T]) -> Callable[Concatenate[Func, P], T]:
    """Let an analysis run once for passes that ask, one after the other, for the same function: it never changes."""

    @wraps(analysis)
    def known(fn: Func, /, *args: P.args, **options: P.kwargs) -> T:
        # by identity: hashing a function hashes all of its lines
        question = (analysis, id(fn), args, tuple(options.items()))
        found = _recent.found
        if question in found:
            found.move_to_end(question)
        else:
            found[question] = fn, analysis(fn, *args, **options)
            while len(found) > _KEPT:
                found.popitem(last=False)
        result: T = found[question][1]
        return result

    return known


__all__ = ["once"]
