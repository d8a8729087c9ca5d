"""Matrix products for Numba: BLAS called once for all layouts in memory, and loops where its call would cost more.

`np.dot` of Numba is compiled for each pair of layouts, and copies what is in memory neither row by row nor column by
column whole, as every other row is.
"""

from __future__ import annotations

from string import Template

from adcompiler.emit.functions.tiles import BY_TILES, TILE, WIDE

# BLAS counts columns first: of matrices in memory row by row it computes the transposed product. It takes factors by
# their addresses: as constants, they need no memory that a call would have to ask for
_GEMM = Template("""
_${letter}gemm = nb.types.ExternalFunction("numba_xxgemm", nb.types.intc(nb.types.char, nb.types.char, nb.types.char,
    nb.types.intp, nb.types.intp, nb.types.intp, nb.types.CPointer(nb.${dtype}), nb.types.CPointer(nb.${dtype}),
    nb.types.intp, nb.types.CPointer(nb.${dtype}), nb.types.intp, nb.types.CPointer(nb.${dtype}),
    nb.types.CPointer(nb.${dtype}), nb.types.intp))
_${letter}gemm_factors = np.ones(1, dtype=np.${dtype}), np.zeros(1, dtype=np.${dtype})
""")
_GEMV = Template("""
_${letter}gemv = nb.types.ExternalFunction("numba_xxgemv", nb.types.intc(nb.types.char, nb.types.char, nb.types.intp,
    nb.types.intp, nb.types.CPointer(nb.${dtype}), nb.types.CPointer(nb.${dtype}), nb.types.intp,
    nb.types.CPointer(nb.${dtype}), nb.types.CPointer(nb.${dtype}), nb.types.CPointer(nb.${dtype})))
_${letter}gemv_factors = np.ones(1, dtype=np.${dtype}), np.zeros(1, dtype=np.${dtype})
""")

# rows or columns that overlap, as those of sliding windows do, BLAS does not take
_LAID_OUT = '''
def _laid_out(a):
    """How far apart rows or columns of a matrix are where the elements of one follow each other, else zeros."""
    m, n = a.shape
    s, t = a.strides
    size = a.itemsize
    if t == size and s >= n * size and s % size == 0:
        return s // size, 0
    if s == size and t >= m * size and t % size == 0:
        return 0, t // size
    return 0, 0
'''

# where a call of BLAS would cost more
_FEW = 500
_SUM = Template("""        for i in range(m):
            for j in range(n):
                found = $begin
                for l in range(k):
                    found += a[i, l] * b[l, j]
                c[i, j] = found
""")
_NEW, _MORE = (_SUM.substitute(begin=begin) for begin in ("a.dtype.type(0)", "c[i, j] if add else a.dtype.type(0)"))

_MATMUL = Template(f'''
def _${{letter}}matmul(a, b):
    """The product of two matrices."""
    m, k = a.shape
    n = b.shape[1]
    c = np.empty((m, n), dtype=a.dtype)
    if m * n * k < {_FEW}:
{_NEW}    else:
        _${{letter}}product_in_rows(c, a, b, False)
    return c
''')

_INTO = Template(f'''
def _${{letter}}matmul_into(c, a, b, add):
    """Write the product of two matrices to a third one, or add it."""
    m, k = a.shape
    n = b.shape[1]
    if m * n * k < {_FEW} and abs(c.strides[1]) >= c.itemsize:
{_MORE}    else:
        _${{letter}}matmul_anywhere(c, a, b, add)
''')

_ANYWHERE = Template('''
def _${letter}matmul_anywhere(c, a, b, add):
    """Write or add the product of two matrices to a third one, which may be transposed, or not laid out in rows."""
    rows, columns = _laid_out(c)
    if rows:
        _${letter}product_in_rows(c, a, b, add)
    elif columns:
        _${letter}product_in_rows(c.T, b.T, a.T, add)
    else:
        d = _${letter}product(a, b)
        for i in range(d.shape[0]):
            for j in range(d.shape[1]):
                c[i, j] = c[i, j] + d[i, j] if add else d[i, j]
''')

_IN_ROWS = Template(f'''
def _${{letter}}matmul_in_rows(c, a, b, add):
    """Write or add the product of two matrices; the elements of a row of `c` follow each other."""
    m, k = a.shape
    n = b.shape[1]
    if m * n * k < {_FEW}:
{_MORE}        return
${{tiles}}    p, q = _laid_out(a)
    r, s = _laid_out(b)
    if p + q == 0:
        a, p = _by_rows(a), k
    if r + s == 0:
        b, r = _by_rows(b), n
    one, zero = _${{letter}}gemm_factors
    beta = one if add else zero
    _${{letter}}gemm(${{kind}}, 110 if r else 116, 110 if p else 116, n, m, k, one.ctypes, b.ctypes, r + s,
                   a.ctypes, p + q, beta.ctypes, c.ctypes, c.strides[0] // c.itemsize)
''')

# BLAS shares products larger than this among its threads; where there are no such vectors, Numba drops the branch
_TILES = """    if _WIDE:
        if (m >= 8 or b.strides[1] == b.itemsize) and (m * n * k < 262144 or _threads() == 1):
            _by_tiles(c, a, b, add)
            return
"""

_MATVEC = Template('''
def _${letter}matvec(a, x):
    """The product of a matrix and a vector."""
    m, n = a.shape
    c = np.empty(m, dtype=a.dtype)
    if m * n < 100:
        for i in range(m):
            c[i] = 0
            for j in range(n):
                c[i] += a[i, j] * x[j]
    else:
        _${letter}matvec_large(c, a, x)
    return c
''')

_LARGE = Template('''
def _${letter}matvec_large(c, a, x):
    """Write the product of a matrix and a vector to a vector whose elements follow each other."""
    m, n = a.shape
    p, q = _laid_out(a)
    if p + q == 0:
        a, p = _by_rows(a), n
    if x.strides[0] != x.itemsize:
        together = np.empty(n, dtype=x.dtype)
        for j in range(n):
            together[j] = x[j]
        x = together
    one, zero = _${letter}gemv_factors
    _${letter}gemv(${kind}, 116 if p else 110, n if p else m, m if p else n, one.ctypes, a.ctypes, p + q,
                   x.ctypes, zero.ctypes, c.ctypes)
''')

_PRODUCT = Template('''
@nb.extending.intrinsic
def _${letter}product(typing, a, b):
    """`np.dot(a, b)`, compiled once for all layouts in memory."""
    a, b = a.copy(layout="A"), b.copy(layout="A")
    if a.ndim == 1:
        result = nb.types.Array(a.dtype, 1, "C")

        def transposed(a, b):
            return _${letter}matvec(b.T, a)

        def left(context, builder, signature, args):
            return context.compile_internal(builder, transposed, signature, args)

        return result(a, b), left
    called = nb.typeof(_${letter}matmul if b.ndim == 2 else _${letter}matvec)
    found = typing.resolve_function_type(called, (a, b), {})

    def call(context, builder, signature, args):
        return context.get_function(called, found)(builder, args)

    return found.return_type(a, b), call
''')

_PRODUCT_INTO = '''
@nb.extending.intrinsic
def _${letter}product_where(typing, c, a, b, add):
    """Write or add `np.dot(a, b)` to a matrix, compiled once for all layouts in memory."""
    called = typing.resolve_value_type(_${letter}matmul_where)
    found = typing.resolve_function_type(called, (*(x.copy(layout="A") for x in (c, a, b)), nb.boolean), {})

    def call(context, builder, signature, args):
        return context.get_function(called, found)(builder, args)

    return found.return_type(*found.args), call
'''

#: What LAPACK and BLAS call the element types.
LETTERS = {"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}


def for_all(name: str, template: Template) -> dict[str, str]:
    """A function for each element type that LAPACK and BLAS know, by its name."""
    texts = {}
    for dtype, s in LETTERS.items():
        real = {"c": "float32", "z": "float64"}.get(s, dtype)
        tiles = _TILES if real == dtype else ""
        texts[f"_{s}{name}"] = template.substitute(letter=s, dtype=dtype, real=real, kind=ord(s), tiles=tiles)
    return texts


#: Those worth a call.
BLAS: dict[str, str] = {
    **for_all("matmul", _MATMUL),
    **for_all("matmul_into", _INTO),
    **for_all("matmul_anywhere", _ANYWHERE),
    **for_all("matmul_in_rows", _IN_ROWS),
    **for_all("matvec", _MATVEC),
    **for_all("matvec_large", _LARGE),
}
#: The functions, by the names that texts use.
PRODUCTS: dict[str, str] = {
    **for_all("product", _PRODUCT),
    **for_all("product_into", Template(_PRODUCT_INTO.replace("where", "into"))),
    **for_all("product_in_rows", Template(_PRODUCT_INTO.replace("where", "in_rows"))),
    **BLAS,
    "_by_tiles": BY_TILES,
    "_laid_out": _LAID_OUT,
    "_tile": TILE,
}
#: Declarations that stand before the functions of their names.
DECLARED: dict[str, str] = {**for_all("matmul_in_rows", _GEMM), **for_all("matvec_large", _GEMV), "_by_tiles": WIDE}

__all__ = ["BLAS", "DECLARED", "LETTERS", "PRODUCTS", "for_all"]
