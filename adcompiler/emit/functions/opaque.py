"""Calls of a library on whole arrays as Python expressions, and the functions of the text that they call."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence

from adcompiler.emit.casts import Dialect
from adcompiler.emit.functions.decompositions import DECLARED as DECLARED_DECOMPOSITIONS
from adcompiler.emit.functions.decompositions import DECOMPOSITIONS, ROBUST
from adcompiler.emit.functions.factors import DECLARED, FACTORS, FOR_PYTHON
from adcompiler.emit.functions.fourier import FFT
from adcompiler.emit.functions.products import BLAS, LETTERS, PRODUCTS
from adcompiler.emit.functions.products import DECLARED as DECLARED_BLAS
from adcompiler.emit.functions.sets import UNION, UNITED
from adcompiler.emit.functions.special import ADDRESSES, FUNCTIONS
from adcompiler.emit.functions.triangles import TRIANGLES
from adcompiler.emit.syntax import call
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Assign

# NumPy's function where the call is no more than that
_PLAIN = ("cholesky", "det", "inv")

_NAME = re.compile(r"\w+")
_COMPILED = '\n@nb.njit(error_model="numpy", nogil=True)'

_COFACTORS = '''
def _cofactors(a):
    """The cofactors of a matrix, from its singular values: finite where the determinant is zero."""
    u, s, vh = np.linalg.svd(a)
    others = np.ones_like(s)
    for i in range(s.size):
        for j in range(s.size):
            if i != j:
                others[i] *= s[j]
    return np.linalg.det(u) * np.linalg.det(vh) * np.dot(np.conj(u) * others, np.conj(vh))
'''

_ARGSORT = '''
def _argsort(x):
    """The indices that sort a vector, NaN last, equal elements in their order."""
    n = x.size
    order, other = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for k in range(n):
        order[k] = k
    width = 1
    while width < n:
        for start in range(0, n, 2 * width):
            middle, end = min(start + width, n), min(start + 2 * width, n)
            i, j = start, middle
            for k in range(start, end):
                if i < middle and (j >= end or not (x[order[j]] < x[order[i]] or
                                                    (x[order[i]] != x[order[i]] and x[order[j]] == x[order[j]]))):
                    other[k] = order[i]
                    i += 1
                else:
                    other[k] = order[j]
                    j += 1
        order, other = other, order
        width *= 2
    return order
'''

_SPLIT = '''
def _split(steps, slots):
    """How far after a kept state to keep the next, so that the fewest steps run again (Griewank and Walther's revolve).

    `steps` are to be reversed from that state, and `slots` states, it included, may be kept.
    """
    if slots < 2:
        return steps
    # `reach` steps can be reversed so that none runs more than r times beyond once
    r, earlier, before, reach = 1, 0, 1, slots + 1
    while reach < steps:
        r += 1
        earlier, before, reach = before, reach, reach * (slots + r) // r
    return max(1, earlier, steps - (reach - before))
'''

#: Functions that others call.
_FIRST = (
    *(f"_{letter}{name}" for letter in LETTERS.values() for name in ("product", "product_into", "product_in_rows")),
    *(f"_{letter}lu{case}" for letter in LETTERS.values() for case in ("", "_otherwise")),
    *("_by_rows", "_by_tiles", "_cofactors_of_any", "_det", "_finite", "_inv", "_laid_out", "_lu_back_long"),
    *("_lu_columns", "_lu_rows", "_minus", "_one_sided", "_tile", "_united"),
    *BLAS,
    *(FFT.keys() - {"_fft"}),
)
#: Functions of the text for Numba: what it does not have, or does otherwise than NumPy.
_FOR_NUMBA: dict[str, str] = {
    "_argsort": _ARGSORT,
    "_split": _SPLIT,
    "_union": UNION,
    "_united": UNITED,
    **DECOMPOSITIONS,
    **FACTORS,
    **FFT,
    **FUNCTIONS,
    **PRODUCTS,
    **TRIANGLES,
}
#: Those worth a call, which are compiled once for all texts; the others are small or in the middle of loops.
APART = frozenset(
    {"_argsort", "_clogdet", "_det", "_inv", "_slogdet"}
    | {name for name in FACTORS if "lu" in name or "cofactors" in name or name == "_one_sided"}
    | (DECOMPOSITIONS.keys() - {"_by_rows", *ROBUST})
    | BLAS.keys()
    | FFT.keys()
    | TRIANGLES.keys()
)
#: Those that only some sizes need, compiled when they are first called, by their parameters; they return nothing.
LAZY: dict[str, str] = {
    **dict.fromkeys(("_fft_chirped", "_fft_mixed", "_fft_wide"), "a, out, sign"),
    **dict.fromkeys(
        (f"_{s}matmul_{name}" for s in LETTERS.values() for name in ("anywhere", "in_rows")), "c, a, b, add"
    ),
    "_cofactors_of_any": "found, a",
    **dict.fromkeys((f"_{letter}lu_otherwise" for letter in LETTERS.values()), "f, finite"),
    **dict.fromkeys(("_lu_back_long", "_lu_rows"), "f, x"),
    "_one_sided": "f, done",
    **dict.fromkeys((f"_{letter}matvec_large" for letter in LETTERS.values()), "c, a, x"),
}
#: By the functions, which of their arguments are arrays anywhere in memory, as those that are only copied or read once:
#: these functions are compiled once for all layouts.
READ_ONCE: dict[str, tuple[int, ...]] = {
    **{f"_{letter}{name}": (0,) for letter in LETTERS.values() for name in ("lu", "cholesky", "eigh")},
    **{f"_lu_{name}{rank}": (1,) for name in ("solve", "back") for rank in (1, 2)},
    **dict.fromkeys((f"_{letter}cofactors" for letter in LETTERS.values()), (0,)),
    "_finite": (0,),
    **dict.fromkeys(TRIANGLES, (0, 1)),
}
#: Those whose loops are over few elements, or add up numbers in their order: vectors would only take time to compile.
WITHOUT_VECTORS = frozenset(
    {
        *(
            f"_{letter}{name}"
            for letter in LETTERS.values()
            for name in ("matmul", "matmul_into", "matvec", "cofactors")
        ),
        *("_clogdet", "_det", "_inv", "_lu_back1", "_lu_columns", "_lu_solve1", "_slogdet", "_solve_triangular1"),
    }
)
_BEFORE = {**DECLARED, **DECLARED_BLAS, **DECLARED_DECOMPOSITIONS, **ADDRESSES}
#: Names that a text may use for these functions.
LIBRARY = frozenset({*_FOR_NUMBA, *FOR_PYTHON})
_FOR_PYTHON = {
    "_cofactors": _COFACTORS,
    "_split": _SPLIT,
    "_svd": DECOMPOSITIONS["_svd"],
    "_union": UNION,
    "_united": UNITED,
    **FOR_PYTHON,
}


def library_call(stmt: Assign, args: list[ast.expr], dialect: Dialect, last: Type) -> ast.expr:
    """The expression of a call; `last` is the type of the last argument."""
    params = dict(stmt.params)
    match stmt.op:
        case "union":
            return call("_union", *args)
        case "eigh":
            return _eigh(args[0], LETTERS[last.dtype], params, dialect)
        case "slogdet":
            return call("_clogdet" if last.dtype.startswith("complex") else "_slogdet", *args)
    return _of_numba(stmt.op, args, params, last) if dialect == "numba" else _of_python(stmt.op, args, params)


def _of_numba(op: str, args: list[ast.expr], params: Mapping[str, object], last: Type) -> ast.expr:
    """A call of one of the functions that a text for Numba brings along."""
    rank, letter = last.rank, LETTERS.get(last.dtype)
    match op:
        case "cofactor":
            return call(f"_{letter}cofactors", *args)
        case "fft":
            return call("_fft", *args, ast.Constant(bool(params["inverse"])))
        case "det" | "inv":
            return call(f"_{op}", args[1] if len(args) > 1 else call(f"_{letter}lu", *args))
        case "cholesky" | "lu":
            return call(f"_{letter}{op}", *args)
        case "lu_solve":
            return call(f"_lu_{'back' if params['back'] else 'solve'}{rank}", *args)
        case "solve_triangular":
            function = "_solve_triangular1" if rank == 1 else f"_{letter}solve_triangular2"
            return call(function, *args, ast.Constant(bool(params.get("lower"))))
    return call(f"_{op}", *args)


def _of_python(op: str, args: list[ast.expr], params: Mapping[str, object]) -> ast.expr:
    """A call of NumPy or SciPy."""
    match op:
        case "cofactor":
            return call("_cofactors", *args)
        case "fft":
            plain = {"norm": ast.Constant("forward")} if params["inverse"] else {}
            return call("np.fft.ifft" if params["inverse"] else "np.fft.fft", *args, **plain)
        case "lu":
            return call("_lu", *args)
        case "lu_solve":
            return call("_lu_solve", *args, ast.Constant(bool(params["back"])))
        case "argsort":
            return call("np.argsort", *args, kind=ast.Constant("stable"))
        case "solve_triangular":
            lower = ast.Constant(bool(params.get("lower")))
            return call("scipy.linalg.solve_triangular", *args, lower=lower, check_finite=ast.Constant(False))
        case "qr":
            return call("np.vstack", call("np.linalg.qr", *args))
        case "svd":
            return call("_svd", *args)
        case "pinv":
            return call("np.linalg.pinv", *args)
    assert op in _PLAIN
    return call(f"np.linalg.{op}", args[0])


def _eigh(a: ast.expr, letter: str, params: dict[str, object], dialect: Dialect) -> ast.expr:
    """The values above the vectors, by NumPy's driver of LAPACK or by SciPy's."""
    lower, robust = bool(params["lower"]), bool(params["robust"])
    if dialect == "numba":
        return call(f"_{letter}eigh_robust" if robust else f"_{letter}eigh", a, ast.Constant(lower))
    if robust:
        return call("np.vstack", call("scipy.linalg.eigh", a, lower=ast.Constant(lower)))
    return call("np.vstack", call("np.linalg.eigh", a, ast.Constant("L" if lower else "U")))


def product(args: list[ast.expr], types: Sequence[Type], dialect: Dialect) -> ast.expr:
    """The expression of a product of vectors and matrices."""
    letter = LETTERS.get(types[0].dtype)
    if dialect == "python" or letter is None or types[0].dtype != types[1].dtype or types[0].rank == types[1].rank == 1:
        return call("np.dot", *args)
    return call(f"_{letter}product", *args)


def library_functions(used: Collection[str], dialect: Dialect) -> str:
    """The definitions of the functions that a text calls, with those they call first."""
    known = _FOR_NUMBA if dialect == "numba" else _FOR_PYTHON
    wanted = {name for name in used if name in known}
    named = wanted
    while named := {n for other in named for n in _NAME.findall(known[other]) if n in _FIRST and n in known} - wanted:
        wanted |= named
    first = sorted(wanted, key=lambda name: (name not in _FIRST, name))
    if dialect == "python":
        return "".join(f"{known[name]}\n\n" for name in first)
    return "".join(f"{definition(name)}\n\n" for name in first)


def definition(name: str) -> str:
    """One of these functions for Numba, with what is declared for it."""
    text = _FOR_NUMBA[name]
    head = "" if text.startswith("\n@") else _COMPILED
    return f"{_BEFORE.get(name, '')}{head}{text}"


def on_its_own(name: str) -> str:
    """A module with one of these functions for Numba and those that it calls."""
    text = library_functions([name], "numba")
    modules = {
        "cgutils.": "from numba.core import cgutils",
        "llvmlite.": "import llvmlite.binding\nimport llvmlite.ir",
        "math.": "import math",
        "nb.": "import numba as nb",
        "extending.": "import numba.extending",
        "np.": "import numpy as np",
    }
    return "".join(f"{line}\n" for used, line in modules.items() if used in text) + f"\n{text.lstrip()}"


__all__ = [
    "APART",
    "LAZY",
    "LETTERS",
    "LIBRARY",
    "READ_ONCE",
    "WITHOUT_VECTORS",
    "definition",
    "library_call",
    "library_functions",
    "on_its_own",
    "product",
]
