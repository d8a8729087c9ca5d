"""A compiled function and what makes the user's results of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from adcompiler.calls.places import RAISED, at_the_user_s_line
from adcompiler.calls.results import Tree, maker
from adcompiler.critical import LOCK
from adcompiler.errors import TypeProblem
from adcompiler.gpu_arrays import is_gpu_type

if TYPE_CHECKING:
    from adcompiler.calls.kept.entries import Kept
    from adcompiler.compile import Compiled


class Plan:
    """A compiled function and what makes the user's results of its own.

    Parameters
    ----------
    compiled : Compiled or Kept
        The function.
    tree : Tree
        The form of the user's results.
    count : int
        How many results the function has.
    """

    def __init__(self, compiled: Compiled | Kept, tree: Tree, count: int) -> None:
        self.compiled, self.tree, self.count = compiled, tree, count
        self.make = maker(tree)
        self.ready = False
        # how often it was run on the long way, and the short ones by the form of the call
        self.calls = 0
        self.direct: dict[tuple[object, ...], Callable[[tuple[Any, ...], dict[str, Any]], Any] | None] = {}
        self.keep: Callable[[], None] | None = None

    def results(self, leaves: Sequence[Any]) -> Sequence[Any]:
        """The results for the arguments of the compiled function; gradients share no memory with anything else."""
        if not self.ready:
            self._prepare(tuple(leaves))
        try:
            result = self.function(*leaves)
        except RAISED as error:
            raise at_the_user_s_line(error, self.compiled.primal) from None
        results: Sequence[Any] = (result,) if self.count == 1 else result
        if self.shared:
            results = [r.copy() if k in self.shared else r for k, r in enumerate(results)]
        return results

    def run(self, leaves: Sequence[Any]) -> Any:
        """The user's results."""
        return self.make(self.results(leaves))

    def _prepare(self, leaves: tuple[Any, ...]) -> None:
        if not self.compiled.on_device:
            self._refuse_gpu_arrays(leaves)
        with LOCK:
            # another thread may have been here meanwhile
            if self.ready:
                return
            self.compiled.specialise(leaves)
            self.function, self.shared = self.compiled.callable, self.compiled.shared
            self.ready = True
        if self.keep is not None:
            self.keep()

    def _refuse_gpu_arrays(self, leaves: Sequence[Any]) -> None:
        """Refuse arguments that the machine's own processor cannot read."""
        for position, leaf in enumerate(leaves):
            if is_gpu_type(type(leaf)):
                # of machine code that is at hand, the function is made only to name its parameter
                raise TypeProblem(
                    f"argument {self.compiled.primal.params[position].name!r} is an array of a GPU",
                    None,
                    "give the function target='cuda', or pass a copy in the machine's memory",
                )
