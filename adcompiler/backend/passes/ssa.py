# mypy: disable-error-code="no-untyped-call"
"""A name for each value, without a walk over the whole function for each name as Numba has it."""

from __future__ import annotations

from typing import Any

from numba.core import ir, ssa
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import build_definitions, replace_vars_inner, replace_vars_stmt
from numba.core.untyped_passes import ReconstructSSA

# the lines in which Numba's function replaces names
_KNOWN = (
    *(ir.Assign, ir.Branch, ir.DynamicRaise, ir.Jump, ir.PopBlock, ir.Print, ir.Raise, ir.Return),
    *(ir.SetAttr, ir.SetItem, ir.StaticRaise, ir.StaticSetItem),
)


@register_pass(mutates_CFG=False, analysis_only=False)
class NamesApart(FunctionPass):
    """Names assigned several times whose values never leave a block, all in one walk."""

    _name = "names_apart"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Rename in place, as Numba's passes do."""
        blocks = state.func_ir.blocks.values()
        names = _local(blocks)
        for block in blocks:
            _rename(block, names)
        if names:
            state.func_ir._definitions = build_definitions(state.func_ir.blocks)
        return bool(names)


def _local(blocks: Any) -> set[str]:
    """The names assigned more than once that no block reads before it assigns them."""
    counts: dict[str, int] = {}
    exposed = set[str]()
    for block in blocks:
        assigned = set[str]()
        for line in block.body:
            if not isinstance(line, _KNOWN):
                return set()
            exposed.update(v.name for v in _read(line) if v.name not in assigned)
            if isinstance(line, ir.Assign):
                assigned.add(line.target.name)
                counts[line.target.name] = counts.get(line.target.name, 0) + 1
    return {name for name, count in counts.items() if count > 1 and name not in exposed}


def _read(line: Any) -> list[Any]:
    if not isinstance(line, ir.Assign):
        return line.list_vars()  # type: ignore[no-any-return]
    if isinstance(line.value, ir.Var):
        return [line.value]
    return line.value.list_vars() if isinstance(line.value, ir.Inst) else []


def _rename(block: Any, names: set[str]) -> None:
    now: dict[str, Any] = {}
    for line in block.body:
        if not isinstance(line, ir.Assign):
            if now:
                replace_vars_stmt(line, now)
            continue
        if now:
            line.value = replace_vars_inner(line.value, now)
        if line.target.name in names:
            now[line.target.name] = line.target = block.scope.redefine(line.target.name, line.loc)


@register_pass(mutates_CFG=True, analysis_only=False)
class NamedValues(ReconstructSSA):
    """Numba's pass for the other names, in the blocks that have each; not for values that meet: they have one type."""

    _name = "named_values"

    def run_pass(self, state: Any) -> bool:
        """Rename as `ReconstructSSA` does."""
        blocks = state.func_ir.blocks
        graph = compute_cfg_from_blocks(blocks)
        fronts, read = ssa._iterated_domfronts(graph), ssa._CacheListVars()
        names = [name for name in ssa._find_defs_violators(blocks, graph) if not name.startswith("$phi")]
        places = _places(blocks, set(names))
        for name in names:
            made, defined = ssa._fresh_vars(_of(blocks, places[name]), name)
            blocks = {**blocks, **made}
            meets = ssa._compute_phi_locations(fronts, defined)
            touched = _of(blocks, places[name] | meets)
            blocks = {**blocks, **ssa._fix_ssa_vars(touched, name, defined, graph, fronts, read)}
        state.func_ir.blocks = blocks
        self._patch_locals(state)
        state.func_ir._definitions = build_definitions(blocks)
        return True


def _places(blocks: Any, names: set[str]) -> dict[str, set[Any]]:
    """The labels of the blocks that give a name a value or read it."""
    places: dict[str, set[Any]] = {name: set() for name in names}
    for label, block in blocks.items():
        for line in block.body:
            given = [line.target] if isinstance(line, ir.Assign) else []
            for found in (*given, *_read(line)):
                if found.name in names:
                    places[found.name].add(label)
    return places


def _of(blocks: Any, labels: set[Any]) -> Any:
    """Some of the blocks, in their order."""
    return {label: block for label, block in blocks.items() if label in labels}
