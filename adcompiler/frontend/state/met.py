"""Which loop of a program one is, whose body is built again and again with those inside it.

The same lines may be several loops: those of a function that is called in several places, or of a body that is written
out. What one of them hands on says nothing of the others.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Met:
    """The loops met in one pass over the body of a loop, or in the program.

    Parameters
    ----------
    around : tuple
        The place of the loop around them.
    """

    around: tuple[object, ...]
    counts: Counter[tuple[object, ...]] = field(default_factory=Counter)

    def place(self, *text: object) -> tuple[object, ...]:
        """The place of the next loop of this text: the same in every pass over the loop around it.

        >>> met = Met(())
        >>> met.place("sum"), met.place("sum")
        (((), 'sum', 1), ((), 'sum', 2))
        """
        self.counts[text] += 1
        return (self.around, *text, self.counts[text])


__all__ = ["Met"]
