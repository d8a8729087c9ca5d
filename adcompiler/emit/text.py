"""A `Func` as the text of a Python module: readable, deterministic, and the same program."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

from adcompiler.emit.casts import Dialect
from adcompiler.emit.folding import Plan, plan
from adcompiler.emit.functions.opaque import LIBRARY, library_functions
from adcompiler.emit.naming import python_names
from adcompiler.emit.operators import CHOSEN, LARGEST, POWER, SAME, SMALLEST, SUM
from adcompiler.emit.printing import to_text
from adcompiler.emit.runtime_calls import ENDED, PARTS, SHORT, TELL, runtime_functions
from adcompiler.emit.sharing import functions_of
from adcompiler.emit.statements import Statements, filled
from adcompiler.emit.vector_functions import LIBRARY as LANES
from adcompiler.emit.vector_functions import lane_functions
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Func, Grow, Loop, Var

_GROW = '''
def _grow(tape, row):
    """A longer tape with the rows of `tape`."""
    longer = np.empty((max(2 * tape.shape[0], row + 1),) + tape.shape[1:], dtype=tape.dtype)
    longer[:tape.shape[0]] = tape
    return longer
'''


_SUM = '''
@nb.extending.intrinsic
def _sum(typing, a, b):
    """`a + b`, in any order with other such additions."""

    def add(context, builder, signature, args):
        return builder.fadd(*args, flags=("reassoc", "nsz"))

    return a(a, a), add
'''


_EXTREME = '''
@nb.extending.intrinsic
def {name}(typing, a, b):
    """`np.{ufunc}(a, b)`, in any order with other such calls."""

    def extreme(context, builder, signature, args):
        from llvmlite import ir

        number = args[0].type
        function = ir.FunctionType(number, [number, number])
        return builder.call(builder.module.declare_intrinsic("llvm.{ufunc}", [number], function), args)

    return a(a, a), extreme
'''


_SAME = '''
@nb.extending.intrinsic
def _same(typing, k):
    """`k`, of which the compiler does not know how it changes from one iteration of a loop to the next."""

    def same(context, builder, signature, args):
        from llvmlite import ir

        function = ir.FunctionType(args[0].type, [args[0].type])
        return builder.asm(function, "", "=r,0", args, side_effect=False)

    return k(k), same
'''

_CHOSEN = '''
@nb.extending.intrinsic
def _chosen(typing, test, a, b):
    """`a if test else b` without a jump, so that what only one of them needs is computed for both."""

    def chosen(context, builder, signature, args):
        return builder.select(*args)

    kind = typing.unify_types(a, b)
    return kind(nb.types.boolean, kind, kind), chosen
'''

_POWER = '''
@nb.extending.intrinsic
def _power(typing, x, n):
    """`x ** n`, which is infinite where x is 0 and n is negative."""

    def power(context, builder, signature, args):
        negative = builder.icmp_signed("<", args[1], args[1].type(0))
        size = builder.select(negative, builder.neg(args[1]), args[1])
        result = context.get_function(operator.pow, signature)(builder, (args[0], size))
        return builder.select(negative, builder.fdiv(result.type(1.0), result), result)

    return x(x, n), power
'''

_HELPERS = {
    SUM: _SUM,
    LARGEST: _EXTREME.format(name=LARGEST, ufunc="maximum"),
    SMALLEST: _EXTREME.format(name=SMALLEST, ufunc="minimum"),
    SAME: _SAME,
    POWER: _POWER,
    CHOSEN: _CHOSEN,
}


def emit(
    fn: Func, dialect: Dialect = "python", *, functions: Mapping[str, str] | None = None, origins: bool = True
) -> str:
    """The source of a module that defines the function.

    Parameters
    ----------
    fn : Func
    dialect : {"python", "numba"}
        "python" runs with NumPy; "numba" is what Numba compiles, with the element types NumPy would use.
    functions : mapping, optional
        Operations on scalars that are printed as a call of another function: `{"sin": "rt.sin"}`.
    origins : bool
        Whether the user's lines are given as comments.

    Returns
    -------
    str
        Imports, then the function, whose result is one value or a tuple of several.

    Examples
    --------
    >>> from adcompiler.ir.build import Builder
    >>> from adcompiler.ir.types import FLOAT
    >>> b = Builder()
    >>> x = b.var("x", FLOAT)
    >>> y = b.emit("mul", b.emit("sin", x), x)
    >>> print(emit(b.finish("f", [x], [y])))
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def f(x):
        return np.sin(x) * x
    <BLANKLINE>
    """
    printed = plan(fn, early=dialect == "numba")
    names = _spelled(fn, printed, functions or {})
    statements = Statements(fn, printed, names, dialect, functions or {}, origins)
    body = statements.body()
    doc = [ast.Expr(ast.Constant(_indented(fn.doc)))] if fn.doc else []
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg(p.name) for p in fn.params], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    function = ast.FunctionDef(fn.name, arguments, filled([*doc, *body]), [], lineno=0)
    module = ast.Module([*statements.shared, function], [])
    text = to_text(module, statements.comments).strip("\n") + "\n"
    return _with_head(text, _names(module), _growing(fn), dialect)


def variable_names(fn: Func) -> dict[Var, str]:
    """The variable that stands for each name in the text for people."""
    return _spelled(fn, plan(fn), {})


def _spelled(fn: Func, printed: Plan, functions: Mapping[str, str]) -> dict[Var, str]:
    shared = sum(isinstance(s, Loop) and s.share is not None for s in walk(fn.body))
    return python_names(fn, printed, _reserved(fn.name, _growing(fn), functions, shared))


def _growing(fn: Func) -> list[int]:
    """The ranks of arrays that grow."""
    return sorted({fn.types[s.array.name].rank for s in walk(fn.body) if isinstance(s, Grow)})


def _reserved(function: str, ranks: Sequence[int], functions: Mapping[str, str], shared: int) -> frozenset[str]:
    """The names of a module that no variable may have."""
    own = [name for number in range(1, shared + 1) for name in functions_of(number)]
    helpers = (
        *own,
        SUM,
        SAME,
        POWER,
        CHOSEN,
        SHORT,
        TELL,
        PARTS,
        ENDED,
        "_grow",
        *(f"_grow{rank}" for rank in ranks),
        *LIBRARY,
        *LANES,
    )
    modules = ("scipy", "cgutils", "llvmlite", *(f.split(".")[0] for f in functions.values()))
    return frozenset((function, *helpers, *modules))


def _indented(doc: str) -> str:
    """A docstring whose further lines stand under its first."""
    lines = doc.strip().splitlines()
    end = "\n    " if len(lines) > 1 else ""
    return "\n".join([lines[0], *(f"    {line}".rstrip() for line in lines[1:])]) + end


def _grow_loops(rank: int) -> str:
    """The copying of a tape as loops: Numba compiles them ten times as fast as an assignment to a slice."""
    index = ", ".join(f"i{axis}" for axis in range(rank))
    extents = ", ".join(["max(2 * tape.shape[0], row + 1)", *(f"tape.shape[{axis}]" for axis in range(1, rank))])
    lines = [
        '\n@nb.njit(error_model="numpy", nogil=True)',
        f"def _grow{rank}(tape, row):",
        '    """A longer tape with the rows of `tape`."""',
        f"    longer = np.empty(({extents},), dtype=tape.dtype)",
        *("    " * (axis + 1) + f"for i{axis} in range(tape.shape[{axis}]):" for axis in range(rank)),
        "    " * (rank + 1) + f"longer[{index}] = tape[{index}]",
        "    return longer\n",
    ]
    return "\n".join(lines)


def _names(tree: ast.Module) -> set[str]:
    """The names in a tree."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _with_head(text: str, called: set[str], ranks: Sequence[int], dialect: Dialect) -> str:
    """Imports and helpers that the text, with these names in it, uses; then the text."""
    helper = ""
    if ranks:
        loops = (_grow_loops(rank) for rank in ranks)
        helper = "".join(f"{made}\n\n" for made in (loops if dialect == "numba" else [_GROW]))
    helper += "".join(f"{made}\n\n" for name, made in _HELPERS.items() if name in called)
    helper += runtime_functions(called, dialect)
    helper += lane_functions(called)
    helper += library_functions(called, dialect)
    modules = {
        "llvmlite": "import llvmlite.binding\nimport llvmlite.ir",
        "math": "import math",
        "nb": "import numba as nb\nimport numba.extending",
        "np": "import numpy as np",
        "operator": "import operator",
        "sys": "import sys",
        "warnings": "import warnings",
        "scipy": "\n".join(sorted({f"import {m}" for m in re.findall(r"scipy\.(?:linalg|special)\b", helper + text)})),
        "cgutils": "from numba.core import cgutils",
    }
    # parsing the helpers takes longer than printing the function
    imports = "".join(f"{line}\n" for name, line in modules.items() if name in called or f"{name}." in helper)
    head = f"{imports}\n\n" if imports else ""
    return f"{head}{helper.lstrip()}{text}"
