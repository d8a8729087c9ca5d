"""A matrix product that keeps a tile of the result in registers: the text that defines it for Numba.

SciPy's BLAS chooses its code by a list of processors, and computes on those it does not know with half of what vectors
of 512 bits do. Where there are such vectors, products that one thread computes are computed here.
"""

from __future__ import annotations

from adcompiler.emit.runtime_calls import THREADS

# Eight rows of three vectors, the three vectors of the row of `b` and the broadcast number leave four of 32 registers.
# The unused rows of a tile repeat its last row, lanes that stand for no column are neither read nor written.
TILE = '''
@nb.extending.intrinsic(prefer_literal=True)
def _tile(typing, c, a, b, i, j, l, top, left, rows, columns, depth, count, more):
    """Write or add to `c`, from an element on, a product of up to eight rows and `count` vectors of 64 bytes.

    The rows of `a` begin in column `l`, those of `b` at `top` and `left`.
    """
    count = count.literal_value

    def call(context, builder, signature, args):
        from llvmlite import ir
        from numba.core import cgutils

        parts = [cgutils.create_struct_proxy(t)(context, builder, value=x) for t, x in zip(signature.args[:3], args)]
        i, j, l, top, left, rows, columns, depth, _, more = args[3:]
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
        soon = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer(), *[bits] * 3])
        soon = cgutils.get_or_insert_function(builder.module, soon, "llvm.prefetch.p0")

        def at(place, offset, type):
            start = builder.bitcast(place, ir.IntType(8).as_pointer())
            return builder.bitcast(builder.gep(start, [offset]), type.as_pointer())

        def everywhere(x):
            one = builder.insert_element(ir.Constant(ir.VectorType(x.type, 64 // size), ir.Undefined), x, bits(0))
            lanes = ir.Constant(ir.VectorType(bits, 64 // size), [0] * (64 // size))
            return builder.shuffle_vector(one, one, lanes)

        begin = (i, c_row, j, index(size)), (i, a_row, l, a_column), (top, b_row, left, index(size))
        begin = [builder.add(builder.mul(*x[:2]), builder.mul(*x[2:])) for x in begin]
        c_at, a_at, b_at = [at(x.data, offset, number) for x, offset in zip(parts, begin)]
        lanes = [ir.Constant(ir.VectorType(index, 64 // size), [64 // size * v + k for k in range(64 // size)])
                 for v in range(count)]
        within = [builder.icmp_signed("<", lane, everywhere(columns)) for lane in lanes]
        last = builder.sub(rows, index(1))
        row = [builder.select(builder.icmp_signed("<", index(r), rows), index(r), last) for r in range(8)]
        row = [at(a_at, builder.mul(r, a_row), number) for r in row]
        sums = [[cgutils.alloca_once_value(builder, zero) for _ in range(count)] for _ in range(8)]
        with cgutils.for_range(builder, depth) as loop:
            there = at(b_at, builder.mul(loop.index, b_row), vector)
            factors = [builder.call(load, [at(there, index(64 * v), vector), align, within[v], zero])
                       for v in range(count)]
            # each column of a transposed matrix is in lines of memory of its own, far from those of the one before
            there = at(row[0], builder.mul(builder.add(loop.index, index(8)), a_column), ir.IntType(8))
            builder.call(soon, [there, bits(0), bits(3), bits(1)])
            for r in range(8):
                x = everywhere(builder.load(at(row[r], builder.mul(loop.index, a_column), number)))
                for total, factor in zip(sums[r], factors):
                    builder.store(builder.call(fma, [x, factor, builder.load(total)]), total)
        places = [[at(c_at, builder.add(builder.mul(index(r), c_row), index(64 * v)), vector) for v in range(count)]
                  for r in range(8)]
        # a row that was just written may lie in the same 64 bytes: a load of these would wait for it, with any mask
        with builder.if_then(more):
            for r in range(8):
                mask = builder.icmp_signed("<", index(r), rows)
                for v in range(count):
                    old = builder.call(load, [places[r][v], align, builder.and_(within[v], everywhere(mask)), zero])
                    builder.store(builder.fadd(old, builder.load(sums[r][v])), sums[r][v])
        for r in range(8):
            with builder.if_then(builder.icmp_signed("<", index(r), rows)):
                for v in range(count):
                    builder.call(store, [builder.load(sums[r][v]), places[r][v], align, within[v]])
        return context.get_dummy_value()

    return nb.types.none(c, a, b, *[nb.intp] * 8, nb.types.literal(count), more), call
'''

# The columns of `b` that stand over many tiles are packed: read from far apart, they would take each other's places in
# the cache. So do the columns of a transposed `a`, of which fewer are read before the next tile needs the same ones.
# Numba asks of a sum with a sign whether it counts from the end
BY_TILES = '''
def _by_tiles(c, a, b, add):
    """Write or add the product of two matrices; the elements of a row of `c` follow each other."""
    m, k = a.shape
    n, vector = b.shape[1], 64 // c.itemsize
    packs = m > 32 or b.strides[1] != b.itemsize
    deep = 512 if a.strides[1] == a.itemsize else 256
    packed = np.empty((min(k, deep) if packs else 0, 3 * vector), dtype=c.dtype)
    for l in range(0, max(k, 1), deep):
        depth = min(k - l, deep)
        for j in range(0, n, 3 * vector):
            width = min(n - j, 3 * vector)
            over, top, left = b, l, j
            if packs:
                for p in range(depth):
                    for q in range(width):
                        packed[p, q] = b[np.uint64(l + p), np.uint64(j + q)]
                over, top, left = packed, 0, 0
            more = add or l > 0
            for i in range(0, m, 8):
                rows = min(m - i, 8)
                if width > 2 * vector:
                    _tile(c, a, over, i, j, l, top, left, rows, width, depth, 3, more)
                elif width > vector:
                    _tile(c, a, over, i, j, l, top, left, rows, width, depth, 2, more)
                else:
                    _tile(c, a, over, i, j, l, top, left, rows, width, depth, 1, more)
'''

#: What is known when the text is compiled, and what BLAS is asked when it runs.
WIDE = f"""
_WIDE = bool(llvmlite.binding.get_host_cpu_features().get("avx512f"))
{THREADS}"""

__all__ = ["BY_TILES", "TILE", "WIDE"]
