"""Functions of one number that a loop may call for several numbers at once: the text that defines them for Numba.

LLVM vectorises a call whose site names variants for vectors. glibc has such variants in `libmvec`; where that library,
or one of its functions, is missing, the same text compiles to the call for one number.
"""

from __future__ import annotations

from collections.abc import Collection

#: Names of the C library, by operation; their vector variants are exact to four units in the last place.
C_NAMES: dict[str, str] = {
    **{
        op: op
        for op in "sin cos tan sinh cosh tanh exp exp2 expm1 log log2 log10 log1p cbrt hypot pow erf erfc".split()
    },
    **{f"arc{op}": f"a{op}" for op in "sin cos tan tan2 sinh cosh tanh".split()},
}
_PAIRS = frozenset({"hypot", "pow", "arctan2"})
#: The printed names of these functions, and of what all of them use.
LANES: dict[str, str] = {op: f"_{c_name}" for op, c_name in C_NAMES.items()}
LIBRARY = frozenset({*LANES.values(), "_several", "_define", "_keep", "_SIZES"})

_SEVERAL = '''
try:
    llvmlite.binding.load_library_permanently("libmvec.so.1")
except RuntimeError:
    pass  # the functions are called for one number at a time
_SIZES = ("b", "+sse2", 128), ("d", "+avx2", 256), ("e", "+avx512f", 512)


def _several(name):
    """How to compile a call of `name`: for several numbers at once, where the loop allows it and libmvec has it.

    One number is computed as several are, so that its result does not depend on where it stands.
    """

    def call(context, builder, signature, args):
        number, module, count = args[0].type, builder.module, len(args)
        double = isinstance(number, llvmlite.ir.DoubleType)

        def function(symbol, type):
            return cgutils.get_or_insert_function(module, llvmlite.ir.FunctionType(type, [type] * count), symbol)

        symbol = name if double else name + "f"
        _, processor, features = context.codegen().magic_tuple()
        sizes = [(isa, bits // (64 if double else 32)) for isa, need, bits in _SIZES if need in (features or "+sse2")]
        # LLVM takes the longest vectors only for processors that lose nothing by them
        sizes = sizes if processor.startswith("znver") else sizes[:2]
        named = [(f"_ZGV{isa}N{k}{'v' * count}_", llvmlite.ir.VectorType(number, k)) for isa, k in sizes]
        if not named or not llvmlite.binding.address_of_symbol(named[-1][0] + symbol):
            return builder.call(function(symbol, number), args)
        (kind, type), one = named[-1], function(f"adcompiler_{symbol}", number)
        variant = function(kind + symbol, type)
        variants = [*(function(part + one.name, narrow) for part, narrow in named[:-1]), variant]
        for narrower in (one, *variants[:-1]):
            _define(narrower, variant, type)
        names = ",".join(f"{part}{one.name}({v.name})" for (part, _), v in zip(named, variants))
        made = builder.call(one, args)
        set.add(made.attributes, f'nounwind willreturn memory(none) "vector-function-abi-variant"="{names}"')
        # vectors wait on the stack during a call: without a frame pointer LLVM cannot align it for them
        set.add(builder.function.attributes, '"frame-pointer"="all"')
        _keep(module, variants)
        return made

    return call


def _define(function, variant, type):
    """Let a function of one number, or of a short vector, call that of a longer one."""
    if function.blocks:
        return
    function.linkage = "linkonce_odr"
    set.add(function.attributes, "noinline nounwind willreturn memory(none)")
    builder, index = llvmlite.ir.IRBuilder(function.append_basic_block()), llvmlite.ir.IntType(32)
    given, made = function.args, function.function_type.return_type
    count = getattr(made, "count", 1)

    def places(length):
        return llvmlite.ir.Constant(llvmlite.ir.VectorType(index, length), [index(k % count) for k in range(length)])

    if made is type.element:
        empty = llvmlite.ir.Constant(llvmlite.ir.VectorType(made, 1), llvmlite.ir.Undefined)
        given = [builder.insert_element(empty, x, index(0)) for x in given]
    found = builder.call(variant, [builder.shuffle_vector(x, x, places(type.count)) for x in given])
    narrow = builder.shuffle_vector(found, found, places(count))
    builder.ret(builder.extract_element(narrow, index(0)) if made is type.element else narrow)


def _keep(module, functions):
    """Let LLVM see functions that nothing calls yet."""
    name, pointer = "llvm.compiler.used", llvmlite.ir.IntType(8).as_pointer()
    found = {function.name: function.bitcast(pointer) for function in functions}
    if name in module.globals:
        old = module.globals.pop(name)
        module.scope._useset.discard(name)
        found = old.kept | found
    array = llvmlite.ir.ArrayType(pointer, len(found))
    used = llvmlite.ir.GlobalVariable(module, array, name)
    used.kept, used.linkage, used.section = found, "appending", "llvm.metadata"
    used.initializer = llvmlite.ir.Constant(array, list(found.values()))
'''

_FUNCTION = """


@nb.extending.intrinsic
def _{name}(typing, {args}):
    return x({types}), _several("{name}")"""


def lane_functions(called: Collection[str]) -> str:
    """The text that defines those of the functions that are called."""
    wanted = [op for op, name in LANES.items() if name in called]
    if not wanted:
        return ""
    texts = [_SEVERAL]
    for op in wanted:
        args, types = ("x, y", "x, x") if op in _PAIRS else ("x", "x")
        texts.append(_FUNCTION.format(name=C_NAMES[op], args=args, types=types))
    return "".join(texts).replace("\n\n\n\n", "\n\n\n") + "\n\n\n"
