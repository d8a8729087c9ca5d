"""A matrix product that keeps a tile of the result in registers: the text that defines it for Numba.

SciPy's BLAS chooses its code by a list of processors, and computes on those it does not know with half of what vectors
of 512 bits do. Where there are such vectors, products that one thread computes are computed here.
"""

from __future__ import annotations

from adcompiler.emit.telling import THREADS

# Eight rows of three vectors, the three vectors of the row of `b` and the broadcast number leave four of 32 registers.
# The unused rows of a tile repeat its last row, lanes that stand for no column are neither read nor written.
TILE = '''
@nb.extending.intrinsic(prefer_literal=True)
def _tile(typing, c, a, b, count, more):
    """Write or add to `c` the product of up to eight rows and of `count` vectors of 64 bytes, its columns."""
    count = count.literal_value

    def call(context, builder, signature, args):
        from llvmlite import ir
        from numba.core import cgutils

        parts = [cgutils.create_struct_proxy(t)(context, builder, value=x) for t, x in zip(signature.args[:3], args)]
        (rows, columns), (_, depth), _ = [cgutils.unpack_tuple(builder, x.shape, 2) for x in parts]
        (c_row, _), (a_row, a_column), (b_row, _) = [cgutils.unpack_tuple(builder, x.strides, 2) for x in parts]
        number, size = parts[0].data.type.pointee, signature.args[0].dtype.bitwidth // 8
        vector, index = ir.VectorType(number, 64 // size), rows.type
        mask, bits = ir.VectorType(ir.IntType(1), 64 // size), ir.IntType(32)
        zero, align = ir.Constant(vector, None), bits(size)
        load = ir.FunctionType(vector, [vector.as_pointer(), bits, mask, vector])
        store = ir.FunctionType(ir.VoidType(), [vector, vector.as_pointer(), bits, mask])
        vectors = f"v{64 // size}f{8 * size}"
        load = cgutils.get_or_insert_function(builder.module, load, f"llvm.masked.load.{vectors}.p0")
        store = cgutils.get_or_insert_function(builder.module, store, f"llvm.masked.store.{vectors}.p0")
        fma = ir.FunctionType(vector, [vector] * 3)
        fma = cgutils.get_or_insert_function(builder.module, fma, f"llvm.fma.{vectors}")

        def at(place, offset, type):
            start = builder.bitcast(place, ir.IntType(8).as_pointer())
            return builder.bitcast(builder.gep(start, [offset]), type.as_pointer())

        def everywhere(x):
            one = builder.insert_element(ir.Constant(ir.VectorType(x.type, 64 // size), ir.Undefined), x, bits(0))
            lanes = ir.Constant(ir.VectorType(bits, 64 // size), [0] * (64 // size))
            return builder.shuffle_vector(one, one, lanes)

        lanes = [ir.Constant(ir.VectorType(index, 64 // size), [64 // size * v + k for k in range(64 // size)])
                 for v in range(count)]
        within = [builder.icmp_signed("<", lane, everywhere(columns)) for lane in lanes]
        last = builder.sub(rows, index(1))
        row = [builder.select(builder.icmp_signed("<", index(r), rows), index(r), last) for r in range(8)]
        row = [at(parts[1].data, builder.mul(r, a_row), number) for r in row]
        sums = [[cgutils.alloca_once_value(builder, zero) for _ in range(count)] for _ in range(8)]
        with cgutils.for_range(builder, depth) as loop:
            there = at(parts[2].data, builder.mul(loop.index, b_row), vector)
            factors = [builder.call(load, [at(there, index(64 * v), vector), align, within[v], zero])
                       for v in range(count)]
            for r in range(8):
                x = everywhere(builder.load(at(row[r], builder.mul(loop.index, a_column), number)))
                for total, factor in zip(sums[r], factors):
                    builder.store(builder.call(fma, [x, factor, builder.load(total)]), total)
        for r in range(8):
            with builder.if_then(builder.icmp_signed("<", index(r), rows)):
                for v in range(count):
                    place = at(parts[0].data, builder.add(builder.mul(index(r), c_row), index(64 * v)), vector)
                    old = builder.call(load, [place, align, builder.and_(within[v], everywhere(args[4])), zero])
                    builder.call(store, [builder.fadd(old, builder.load(sums[r][v])), place, align, within[v]])
        return context.get_dummy_value()

    return nb.types.none(c, a, b, nb.types.literal(count), more), call
'''

# the columns of `b` that stand over many tiles are packed: read from far apart, they would take each other's places in
# the cache
BY_TILES = '''
def _by_tiles(c, a, b, add):
    """Write or add the product of two matrices; the elements of a row of `c` follow each other."""
    m, k = a.shape
    n, vector = b.shape[1], 64 // c.itemsize
    packed = np.empty((min(k, 512), 3 * vector), dtype=c.dtype)
    for l in range(0, max(k, 1), 512):
        depth = min(k - l, 512)
        for j in range(0, n, 3 * vector):
            width = min(n - j, 3 * vector)
            over = b[l:l + 512, j:j + width]
            if m > 32 or over.strides[1] != b.itemsize:
                for p in range(depth):
                    for q in range(width):
                        packed[p, q] = over[p, q]
                over = packed[:, :width]
            for i in range(0, m, 8):
                rows, columns = a[i:i + 8, l:l + 512], c[i:i + 8, j:j + width]
                if width > 2 * vector:
                    _tile(columns, rows, over, 3, add or l > 0)
                elif width > vector:
                    _tile(columns, rows, over, 2, add or l > 0)
                else:
                    _tile(columns, rows, over, 1, add or l > 0)
'''

#: What is known when the text is compiled, and what BLAS is asked when it runs.
WIDE = f"""
_WIDE = bool(llvmlite.binding.get_host_cpu_features().get("avx512f"))
{THREADS}"""

__all__ = ["BY_TILES", "TILE", "WIDE"]
