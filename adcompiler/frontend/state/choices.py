"""What is settled about a function before it is translated."""

from __future__ import annotations

from dataclasses import dataclass, replace

from adcompiler.source import FunctionNode


@dataclass(frozen=True, slots=True)
class Choices:
    """How a function is read; an attempt to read it that fails settles one thing more for the next.

    Parameters
    ----------
    static : frozenset
        Keys of captures whose value must be known at compile time.
    grows_known : bool
        Whether a list may grow in a loop of which the number of trips is known; else the loop is written out.
    in_arrays : bool
        Whether lists lie in arrays whose length, or an index of which, is known only at run time.
    repeats : bool
        Whether a long loop over known numbers is one; else it is written out.
    recursive, unrolled : frozenset
        The definitions of functions that call themselves until a run-time value ends it, and of those that do and are
        inlined, however often that is.
    ending : frozenset
        Those of `recursive` that known values end, so that they may be inlined after all.
    tests_inside : frozenset
        The definitions of functions with a `while` whose test changes the program's names or lists.
    changing : frozenset of type
        The dataclasses whose attributes are assigned.
    added : tuple
        Plain classes, each with an attribute that is assigned by others than its methods.
    """

    static: frozenset[tuple[object, ...]] = frozenset()
    grows_known: bool = True
    in_arrays: bool = False
    repeats: bool = True
    recursive: frozenset[FunctionNode] = frozenset()
    unrolled: frozenset[FunctionNode] = frozenset()
    ending: frozenset[FunctionNode] = frozenset()
    tests_inside: frozenset[FunctionNode] = frozenset()
    changing: frozenset[type] = frozenset()
    added: tuple[tuple[type, str], ...] = ()

    def recursing(self, node: FunctionNode, ends: bool = False) -> Choices:
        """With a function that calls itself at run time."""
        ending = self.ending | {node} if ends else self.ending
        return replace(self, recursive=self.recursive | {node}, ending=ending)

    def inlined(self) -> Choices:
        """With those recursive functions inlined that known values end."""
        recursive, unrolled = self.recursive - self.ending, self.unrolled | self.ending
        return replace(self, recursive=recursive, unrolled=unrolled, ending=frozenset())


__all__ = ["Choices"]
