"""Where values end, found once: the passes of Numba before lowering each ask for it anew and drop the answer.

Numba joins sets of names along the blocks; here a number has a bit for each name that any block reads from another, so
that the time is in proportion to the length of the function where it grew with its square.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from functools import cached_property
from typing import Any

from numba.core.compiler_machinery import register_pass
from numba.core.ir_utils import build_definitions, enforce_no_dels, enforce_no_phis
from numba.core.postproc import PostProcessor, VariableLifetime
from numba.core.transforms import canonicalize_cfg
from numba.core.typed_passes import IRLegalization, PreLowerStripPhis
from numba.core.untyped_passes import IRProcessing


class Lifetimes(VariableLifetime):
    """Where the variables of some blocks are live."""

    @cached_property
    def livemap(self) -> dict[int, set[str]]:
        """For each block the names that are live where it begins."""
        names = sorted(set().union(*self.usedefs.usemap.values()))
        bits = {name: 1 << k for k, name in enumerate(names)}
        used, defined = (
            {block: sum(bits[name] for name in found if name in bits) for block, found in each.items()}
            for each in (self.usedefs.usemap, self.usedefs.defmap)
        )
        live = _live(self.cfg, used, defined)
        return {block: set(_names(number, names)) for block, number in live.items()}


def _live(cfg: Any, used: dict[int, int], defined: dict[int, int]) -> dict[int, int]:
    """What is live at the beginning of each block, of what some way to its predecessor reads or defines."""
    order = cfg.topo_order()
    reached, live = {block: used[block] | defined[block] for block in used}, dict(used)
    changed = True
    while changed:
        changed = False
        for block in order:
            for other, _ in cfg.successors(block):
                joined = reached[other] | reached[block]
                changed |= joined != reached[other]
                reached[other] = joined
    changed = True
    while changed:
        changed = False
        for block in reversed(order):
            for other, _ in cfg.predecessors(block):
                joined = live[other] | live[block] & reached[other] & ~defined[other]
                changed |= joined != live[other]
                live[other] = joined
    return live


def _names(number: int, names: list[str]) -> list[str]:
    found = []
    while number:
        lowest = number & -number
        found.append(names[lowest.bit_length() - 1])
        number ^= lowest
    return found


@register_pass(mutates_CFG=True, analysis_only=False)
class Blocks(IRProcessing):
    """The blocks in the form that the other passes want."""

    _name = "generated_blocks"

    def run_pass(self, state: Any) -> bool:
        """Join the ways back to the beginning of each loop."""
        state.func_ir.blocks = canonicalize_cfg(state.func_ir.blocks)
        return True


@register_pass(mutates_CFG=False, analysis_only=False)
class WithoutPhis(PreLowerStripPhis):
    """The values that meet where blocks do as assignments."""

    _name = "generated_phis"

    def run_pass(self, state: Any) -> bool:
        """Put an assignment into each block that one of the values comes from."""
        state.func_ir = self._strip_phi_nodes(state.func_ir)
        state.func_ir._definitions = build_definitions(state.func_ir.blocks)
        return True


@register_pass(mutates_CFG=False, analysis_only=True)
class Ends(IRLegalization):
    """A line that gives up each value where it is read last."""

    _name = "generated_ends"

    def run_pass(self, state: Any) -> bool:
        """Add these lines; nothing may be changed after them."""
        func_ir = state.func_ir
        enforce_no_phis(func_ir)
        enforce_no_dels(func_ir)
        func_ir.variable_lifetime = Lifetimes(func_ir.blocks)
        PostProcessor(func_ir)._insert_var_dels()
        return True
