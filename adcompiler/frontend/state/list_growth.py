"""Lists whose length a loop changes, while the loop is read."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field

from adcompiler.frontend.state.forms import Form
from adcompiler.frontend.state.values import Value
from adcompiler.ir.wengert import Atom, Var

# how many items one place of the program adds in an iteration: the product of the trips of the loops within
Product = tuple[Atom, ...]


@dataclass(slots=True)
class Plan:
    """A list before a loop, and what the loop appends to it.

    Parameters
    ----------
    owner : Value
        The list before the loop.
    follows : bool
        Whether the list has room because of a loop around this one, which only follows its length.
    form : Form
        The form of its items.
    steps : Counter of Product
        The same by the places that append.
    counted : bool
        Whether each iteration adds just as many.
    arrays : tuple of Var
        What holds the list in the loop.
    count : Atom or None
        Its length before the loop.
    step : Atom or None
        How many items an iteration adds at most.
    begun : Atom or None
        Its length at the begin of the body.
    seen : Counter of Product
        What the present pass over the body has added.
    open : bool
        Whether it is not known before the loop how many items it adds: the arrays grow with the list.
    shrinks : bool
        Whether the loop takes items away.
    copied : bool
        Whether the loop only reads items of it, from a copy.
    number : int
        Tells the lists of a loop apart, whatever holds them.
    """

    owner: Value
    form: Form
    steps: Counter[Product] = field(default_factory=Counter)
    counted: bool = True
    arrays: tuple[Var, ...] = ()
    count: Atom | None = None
    step: Atom | None = None
    begun: Atom | None = None
    seen: Counter[Product] = field(default_factory=Counter)
    follows: bool = False
    open: bool = False
    shrinks: bool = False
    copied: bool = False
    number: int = field(default_factory=itertools.count().__next__)


@dataclass(slots=True, eq=False)
class Around:
    """A loop that is being built.

    Parameters
    ----------
    length : Var, Const or None
        How many times its body runs at most; None where that is not known, as of a `while`.
    counts : bool
        Whether its body runs just as often, unless the function returns.
    grows : bool
        Whether lists may be made anew for it; else it is written out where it changes one.
    depth : int
        How many loops are around it.
    outer : frozenset of str
        The names that exist before it.
    held : dict
        The values that exist before it.
    plans : list of Plan
        The lists to which it appends.
    """

    length: Atom | None
    counts: bool
    grows: bool
    depth: int
    outer: frozenset[str]
    held: dict[int, Value]
    plans: list[Plan] = field(default_factory=list)

    def knows(self, atom: Atom) -> bool:
        """Whether a number is known before the loop."""
        return not isinstance(atom, Var) or atom.name in self.outer


@dataclass(slots=True, eq=False)
class ListGrowth:
    """The lists of a program whose length is known only at run time, and the loops that are open.

    Parameters
    ----------
    lengths : list of Var, Const or None
        How many times each open loop runs at most.
    around : list of Around
        Of these the ones that may append to lists.
    written_out : frozenset of tuple[int, str]
        The names, by their frames, of lists before a loop that is being written out, in which these may not grow.
    grown, shrunk : set of Var
        The arrays that hold lists to which loops append, and those from which items are taken away.
    shared : set of Var
        The arrays of lists that are items of a list, and must not become longer.
    grew_known : bool
        Whether a list has grown in a loop whose number of trips is known.
    """

    lengths: list[Atom | None] = field(default_factory=list)
    around: list[Around] = field(default_factory=list)
    written_out: frozenset[tuple[int, str]] = frozenset()
    grown: set[Var] = field(default_factory=set)
    shrunk: set[Var] = field(default_factory=set)
    shared: set[Var] = field(default_factory=set)
    grew_known: bool = False


@dataclass(slots=True, eq=False)
class Replaced:
    """Lists, dictionaries and objects that the program has changed: each change makes a new value.

    Parameters
    ----------
    before : list of Value
        Every one that was changed, as it was before.
    split : dict
        For an identity those of the values that stand for the same object.
    alive : list
        These values, which keep their identities as long as they live.
    """

    before: list[Value] = field(default_factory=list)
    split: dict[object, list[frozenset[object]]] = field(default_factory=dict)
    alive: list[object] = field(default_factory=list)
