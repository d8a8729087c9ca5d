"""Numba's lines to LLVM's, with fewer of these where generated code has many: elements of arrays, loops over ranges.

Numba puts a whole array structure, a range or an iterator in memory of its own at each use and reads its fields from
there: some fifty instructions for an element, ninety for a loop. LLVM removes nearly all of them again, which takes
most of the time of a compilation. Here only the fields that are needed are read, and the result is the same.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

import operator
from functools import partial
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core import ir as numba_ir
from numba.core.compiler_machinery import register_pass
from numba.core.errors import LoweringError, new_error_context  # type: ignore[attr-defined]
from numba.core.lowering import Lower
from numba.core.typed_passes import BaseNativeLowering
from numba.np.arrayobj import load_item, store_item

from adcompiler.backend.llvm.array_access import Fields, address, element, indices, reshaped, view
from adcompiler.backend.llvm.calls import catches_nothing, implementation
from adcompiler.backend.llvm.exits import Exit, assignments
from adcompiler.backend.llvm.linking import Linked, never_called_by_python
from adcompiler.backend.llvm.range_loops import Counted, Counter, closing, iterators, write_once
from adcompiler.backend.llvm.variables import Variables
from adcompiler.emit.functions.opaque import WITHOUT_VECTORS

# exponents up to this one are written out as multiplications
_POWERS = 8
# attributes of arrays that are fields of theirs
_FIELDS = {"shape": "shape", "size": "nitems"}
# methods of arrays that copy nothing
_VIEWS = ("array.reshape", "array.transpose")


class Shorter(Variables):
    """Numba's lowering, which does whatever is not one of the frequent simple cases."""

    def lower_function_body(self) -> Any:
        """Find the iterators of loops over ranges first, and what callers keep alive."""
        self.iterators = iterators(self.blocks)
        lines = assignments(self.blocks.values())
        self.made_by = {id(line.value): line.target.name for line in lines if line.target.name in self.iterators}
        self.counters: dict[str, Counter] = {}
        self.counted = Counted(self.blocks, self.iterators, self.typeof)
        self.closing = {id(self.blocks[label]) for label in closing(self.func_ir.variable_lifetime.cfg)}
        self.find_borrowed()
        self.exit = Exit(self)
        catches_nothing(self.function)
        if self.func_ir.func_id.func_name in WITHOUT_VECTORS:
            self.function.attributes.add("noimplicitfloat")
        entry = super().lower_function_body()
        self.exit.finish()
        return entry

    def lower_block(self, block: Any) -> None:
        """All lines of a block."""
        raised = block.terminator
        if isinstance(raised, numba_ir.StaticRaise) and raised.exc_class is not None:
            self.exit.leave(block)
            return
        self.lower_lines(block, block.body)
        if id(block) in self.closing:
            write_once(self.builder.basic_block.terminator)

    def lower_lines(self, block: Any, lines: Any) -> None:
        """Some of the lines of a block."""
        self.pre_block(block)
        for line in lines:
            self.loc = line.loc
            # Numba opens the context of an error around each line, which takes time for those without one
            try:
                self.lower_inst(line)
            except Exception:
                error = partial(LoweringError, loc=line.loc)
                with new_error_context('lowering "{inst}" at {loc}', inst=line, loc=line.loc, errcls_=error):
                    raise
        self.post_block(block)

    def lower_expr(self, resty: Any, expr: Any) -> Any:
        """The value of an expression."""
        value = None
        if expr.op in ("getiter", "iternext"):
            value = self._step(resty, expr)
        elif expr.op in ("pair_first", "pair_second") and isinstance(resty, (types.Integer, types.Boolean)):
            value = element(self.builder, self.loadvar(expr.value.name), int(expr.op == "pair_second"))
        elif expr.op == "getattr" and type(self.typeof(expr.value.name)) is types.Array:
            value = self._attribute(resty, expr.value.name, expr.attr)
        return super().lower_expr(resty, expr) if value is None else value

    # -- loops over ranges -----------------------------------------------------------------------------------------

    def lower_call(self, resty: Any, expr: Any) -> Any:
        """A call; a range as a structure that is never in memory."""
        called = getattr(self.typeof(expr.func.name), "typing_key", None)
        if called in _VIEWS and not expr.kws and expr.vararg is None:
            made = self._viewed(resty, expr, called)
            return super().lower_call(resty, expr) if made is None else made
        if resty != types.range_state64_type or called is not range or expr.kws or expr.vararg is not None:
            return super().lower_call(resty, expr)
        kinds = self.fndesc.calltypes[expr].args
        given = [self._cast_var(a, t) for a, t in zip(expr.args, kinds, strict=True)]
        start = given[0] if len(given) > 1 else ir.Constant(cgutils.intp_t, 0)
        step = given[2] if len(given) > 2 else ir.Constant(cgutils.intp_t, 1)
        value = ir.Constant(self.context.get_value_type(resty), ir.Undefined)
        for position, field in enumerate((start, given[min(1, len(given) - 1)], step)):
            value = self.builder.insert_value(value, field, position)
        return value

    def _step(self, resty: Any, expr: Any) -> Any:
        """A new iterator, or a step of one."""
        name = expr.value.name
        if expr.op == "iternext":
            if name not in self.iterators or self.typeof(name) != types.range_iter64_type:
                return None
            index, is_one = self._counter(self.iterators[name]).advance(self.builder)
            pair = ir.Constant(self.context.get_value_type(resty), ir.Undefined)
            return self.builder.insert_value(self.builder.insert_value(pair, index, 0), is_one, 1)
        origin = self.made_by.get(id(expr))
        if origin is None or resty != types.range_iter64_type:
            return None
        value = self.loadvar(name)
        parts = (element(self.builder, value, k) for k in range(3))
        self._counter(origin).begin(self.context, self.builder, *parts)
        return ir.Constant(self.context.get_value_type(resty), ir.Undefined)

    def _counter(self, origin: str) -> Counter:
        if origin not in self.counters:
            self.counters[origin] = Counter.make(self.builder)
        return self.counters[origin]

    # -- elements of arrays ----------------------------------------------------------------------------------------

    def lower_getitem(self, resty: Any, expr: Any, value: Any, index: Any, signature: Any) -> Any:
        """An element or a view."""
        result, kind = signature.return_type, signature.args[0]
        place = self._place(value.name, index.name, signature)
        if place is not None and isinstance(result, (types.Number, types.Boolean)):
            item = load_item(self.context, self.builder, kind, place)
            return self.context.cast(self.builder, item, result, resty)
        if place is not None and type(result) is types.Array and result == resty:
            fields, axes = self._fields(value.name, kind), range(kind.ndim - result.ndim, kind.ndim)
            made = view(self.context, self.builder, result, fields, place, axes)
            self.share(result, made)
            return made
        return super().lower_getitem(resty, expr, value, index, signature)

    def _attribute(self, resty: Any, name: str, attribute: str) -> Any:
        """The extents of an array, the number of its elements, or a matrix with its axes exchanged."""
        kind = self.typeof(name)
        fields = self._fields(name, kind)
        if attribute in _FIELDS:
            return fields.read(_FIELDS[attribute])
        if attribute != "T" or type(resty) is not types.Array or kind.ndim < 2:
            return None
        made = view(self.context, self.builder, resty, fields, fields.read("data"), range(kind.ndim)[::-1])
        self.share(resty, made)
        return made

    def _viewed(self, resty: Any, expr: Any, called: str) -> Any:
        """The same elements under other extents, or with the axes in another order."""
        kind, signature = self.typeof(expr.func.name).this, self.fndesc.calltypes[expr]
        whole = all(isinstance(t, types.Integer) for t in signature.args)
        if not whole or type(kind) is not types.Array or resty != signature.return_type:
            return None
        array = self.loadvar(expr.func.name)
        fields = Fields(self.builder, self.context.data_model_manager[kind], array, None)
        if called == "array.reshape" and kind.layout == "C":
            extents = [self._cast_var(arg, types.intp) for arg in expr.args]
            made = reshaped(self.context, self.builder, resty, fields, extents)
        elif called == "array.transpose":
            axes = [int(getattr(self.typeof(arg.name), "literal_value", -1)) for arg in expr.args]
            if sorted(axes) != list(range(kind.ndim)):
                return None
            made = view(self.context, self.builder, resty, fields, fields.read("data"), axes)
        else:
            return None
        self.incref(resty, made)
        return made

    def lower_setitem(self, target_var: Any, index_var: Any, value_var: Any, signature: Any) -> Any:
        """A store of an element or of several."""
        plain = isinstance(signature.args[2], (types.Number, types.Boolean)) and _rank(signature) == 0
        place = self._place(target_var.name, index_var.name, signature) if plain else None
        if place is None:
            return super().lower_setitem(target_var, index_var, value_var, signature)
        kind, value = signature.args[0], self._cast_var(value_var, signature.args[2])
        value = self.context.cast(self.builder, value, signature.args[2], kind.dtype)
        return store_item(self.context, self.builder, kind, value, place)

    def _place(self, array: str, index: str, signature: Any) -> Any:
        """The address of the first element at an index; None where that is not of whole numbers."""
        kind = signature.args[0]
        if type(kind) is not types.Array or self.typeof(array) != kind or self.context.enable_boundscheck:
            return None
        if not isinstance(kind.dtype, (types.Number, types.Boolean)):
            return None
        found = indices(self.context, self.builder, self.typeof(index), signature.args[1], self.loadvar(index))
        if not found:
            return None
        counted = self.counted.of(index, len(found))
        return address(self.context, self.builder, kind, self._fields(array, kind), found, counted)

    def _fields(self, name: str, kind: Any) -> Fields:
        model = self.context.data_model_manager[kind]
        if name in self._blk_local_varmap:
            return Fields(self.builder, model, self._blk_local_varmap[name], None)
        return Fields(self.builder, model, None, self.getvar(name))

    # -- powers ----------------------------------------------------------------------------------------------------

    def lower_binop(self, resty: Any, expr: Any, op: Any) -> Any:
        """An operation on two values; a number to a small whole power as multiplications, in Numba's order."""
        signature = self.fndesc.calltypes[expr]
        power = self._power(expr) if op in (operator.pow, operator.ipow) else None
        if power is None or not isinstance(signature.return_type, types.Float):
            return super().lower_binop(resty, expr, op)
        base, kind = self._cast_var(expr.lhs, signature.args[0]), signature.return_type
        base = self.context.cast(self.builder, base, signature.args[0], kind)
        result = None
        while power:
            if power & 1:
                result = base if result is None else self.builder.fmul(result, base)
            base, power = self.builder.fmul(base, base), power >> 1
        return self.context.cast(self.builder, result, kind, resty)

    def _power(self, expr: Any) -> int | None:
        """The exponent, where it is a small positive whole number in the text."""
        if not isinstance(self.typeof(expr.lhs.name), types.Float):
            return None
        found = self.typeof(expr.rhs.name)
        power = found.literal_value if isinstance(found, types.IntegerLiteral) else 0
        return power if 0 < power <= _POWERS else None


def _rank(signature: Any) -> int:
    """The axes that an index leaves of an array, as far as it is of whole numbers."""
    index = signature.args[1]
    return int(signature.args[0].ndim) - (len(index) if isinstance(index, types.BaseTuple) else 1)


@register_pass(mutates_CFG=True, analysis_only=False)
class Lowering(BaseNativeLowering):
    """The pass that writes LLVM's lines."""

    _name = "generated_lowering"  # type: ignore[assignment]

    @property
    def lowering_class(self) -> type[Lower]:
        """What writes them."""
        return Shorter

    def run_pass(self, state: Any) -> bool:
        """Write the lines; no machine code of a function that only compiled code calls."""
        state.library = Linked(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        state.flags.no_compile = state.flags.no_cpython_wrapper and state.flags.no_cfunc_wrapper
        done: bool = super().run_pass(state)
        if state.flags.no_compile:
            lowered = state["cr"]
            called = never_called_by_python(lowered.fndesc, state.library, lowered.env)
            made = implementation(lowered.fndesc, [state.library])
            state.targetctx.insert_func_defn([(made, called, made.signature)])
            state["cr"] = lowered._replace(cfunc=called)
        return done
