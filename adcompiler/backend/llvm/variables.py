"""Variables of a function as values of LLVM, and what they keep alive.

Numba keeps each variable that several blocks read in memory, and gives up what it held at each new value. Here a
variable that has one assignment is a value; memory holds of an array only what keeps it alive, and nothing where
another variable or the caller does that for long enough.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core import ir as numba_ir
from numba.core.lowering import Lower

from adcompiler.backend.llvm.array_access import element
from adcompiler.backend.llvm.dominance import assigned_once
from adcompiler.backend.llvm.exits import borrowed
from adcompiler.backend.llvm.views import lent

_MEMORY = types.MemInfoPointer(types.voidptr)


class Variables(Lower):
    """Numba's lowering with variables of its own."""

    def _find_singly_assigned_variable(self) -> None:
        """Find the variables that are values of LLVM; for each array among them memory holds what it keeps alive."""
        self.holders: dict[str, Any] = {}
        if self._disable_sroa_like_opt:
            super()._find_singly_assigned_variable()
            return
        local, across = assigned_once(self.blocks, self.func_ir.variable_lifetime)
        self.holders = {name: None for name in across if type(self.typeof(name)) is types.Array}
        plain = {name for name in across if not self._keeps(self.typeof(name))}
        self._singly_assigned_vars = local | plain | self.holders.keys()
        self._blk_local_varmap: dict[str, Any] = {}

    def find_borrowed(self) -> None:
        """Find the arrays that callers keep alive, and the views that may be theirs, or of arrays that live longer."""
        self.borrowed = {
            name
            for name, argument in borrowed(self.blocks).items()
            if type(self.typeof(name)) is types.Array and self.typeof(f"arg.{argument}") == self.typeof(name)
        }
        arrays = {name for name in self._singly_assigned_vars if type(self.typeof(name)) is types.Array}
        lifetimes, kept = self.func_ir.variable_lifetime, self.borrowed & arrays
        self.lent = set() if self._disable_sroa_like_opt else lent(self.blocks, arrays, kept, lifetimes, self.typeof)
        # whether the value that is being made may count no reference
        self.lends = False

    def lower_assign(self, ty: Any, inst: Any) -> Any:
        """The value that a variable is given."""
        name, value = inst.target.name, inst.value
        if name in self.borrowed and isinstance(value, numba_ir.Arg):
            return self.fnargs[value.index]
        self.lends = name in self.lent
        if self.lends and isinstance(value, numba_ir.Var) and self.typeof(value.name) == ty:
            self.borrowed.add(name)
            return self.loadvar(value.name)
        made = super().lower_assign(ty, inst)
        if name in self.lent and not self.lends:
            self.borrowed.add(name)
        self.lends = False
        return made

    def share(self, typ: Any, val: Any) -> None:
        """One more reference to what a view keeps alive, unless the present variable needs none."""
        if not self.lends:
            self.incref(typ, val)
        self.lends = False

    def incref(self, typ: Any, val: Any) -> None:
        """One more reference to what a value keeps alive."""
        if type(typ) is types.Array:
            typ, val = _MEMORY, element(self.builder, val, 0)
        super().incref(typ, val)

    def decref(self, typ: Any, val: Any) -> None:
        """One reference less."""
        if type(typ) is types.Array:
            typ, val = _MEMORY, element(self.builder, val, 0)
        super().decref(typ, val)

    def storevar(self, value: Any, name: str, argidx: int | None = None) -> None:
        """Give a variable another value."""
        if self._disable_sroa_like_opt or (argidx is not None and name not in self.holders):
            super().storevar(value, name, argidx)
        elif name in self._singly_assigned_vars:
            self._blk_local_varmap[name] = value
            if name in self.holders and name not in self.borrowed:
                self.builder.store(element(self.builder, value, 0), self._holder(name))
        else:
            place = self.place_of(name)
            assert value.type == place.type.pointee, name
            if self._keeps(self.typeof(name)):
                self.release(name)
            self.builder.store(value, place)

    def delvar(self, name: str) -> None:
        """Forget a variable's value, so that a second time does nothing."""
        kind = self.typeof(name)
        if name in self.borrowed or not self._keeps(kind):
            return
        if self._disable_sroa_like_opt:
            super().delvar(name)
        elif name in self._blk_local_varmap and name not in self.holders:
            self.decref(kind, self._blk_local_varmap[name])
        else:
            place = self.release(name)
            self.builder.store(ir.Constant(place.type.pointee, None), place)

    def alloca_lltype(self, name: str, lltype: Any, datamodel: Any = None) -> Any:
        """Memory of a variable, whose size only debuggers ask for."""
        if self._disable_sroa_like_opt:
            return super().alloca_lltype(name, lltype, datamodel)
        return cgutils.alloca_once(self.builder, lltype, name=name)

    def place_of(self, name: str) -> Any:
        """The memory of a variable that is not a value."""
        self._singly_assigned_vars.discard(name)
        self._alloca_var(name, self.typeof(name))
        return self.getvar(name)

    def release(self, name: str) -> Any:
        """Count one reference less for what a variable keeps alive in memory, and return where that is."""
        kind = self.typeof(name)
        place = self._holder(name) if name in self.holders else self.place_of(name)
        if type(kind) is types.Array:
            kind = _MEMORY
            place = place if name in self.holders else cgutils.gep_inbounds(self.builder, place, 0, 0)
        self.decref(kind, self.builder.load(place))
        return place

    def _holder(self, name: str) -> Any:
        """The memory that holds what an array keeps alive, null before and after that."""
        if self.holders[name] is None:
            self.holders[name] = cgutils.alloca_once(self.builder, cgutils.voidptr_t, name=name)
        return self.holders[name]

    def _keeps(self, kind: Any) -> bool:
        """Whether values of a type keep memory alive."""
        keeps: bool = self.context.data_model_manager[kind].contains_nrt_meminfo()
        return keeps
