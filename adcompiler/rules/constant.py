"""Operations whose derivative is zero wherever it exists: declared, so that constant never looks like forgotten."""

from __future__ import annotations

import ast
import math
import operator

import numpy as np

from adcompiler.rules.rule import zero

zero("lt", ast.Lt, np.less, operator.lt)
zero("le", ast.LtE, np.less_equal, operator.le)
zero("gt", ast.Gt, np.greater, operator.gt)
zero("ge", ast.GtE, np.greater_equal, operator.ge)
zero("eq", ast.Eq, np.equal, operator.eq)
zero("ne", ast.NotEq, np.not_equal, operator.ne)

zero("logical_and", np.logical_and)
zero("logical_or", np.logical_or)
zero("logical_xor", np.logical_xor)
zero("logical_not", ast.Not, np.logical_not, operator.not_)
zero("isnan", math.isnan, np.isnan)
zero("isinf", math.isinf, np.isinf)
zero("isfinite", math.isfinite, np.isfinite)

zero("floordiv", ast.FloorDiv, np.floor_divide, operator.floordiv)
zero("sign", np.sign)
zero("floor", np.floor)
zero("ceil", np.ceil)
zero("trunc", np.trunc, np.fix)
zero("rint", np.rint)

zero("bitand", ast.BitAnd, np.bitwise_and, operator.and_)
zero("bitor", ast.BitOr, np.bitwise_or, operator.or_)
zero("bitxor", ast.BitXor, np.bitwise_xor, operator.xor)
zero("invert", ast.Invert, np.invert, operator.invert)
zero("lshift", ast.LShift, np.left_shift, operator.lshift)
zero("rshift", ast.RShift, np.right_shift, operator.rshift)

# reductions and allocations have their axes and dtypes as arguments: the front end knows what means them
zero("stop")
zero("any")
zero("all")
zero("argmax")
zero("argmin")
zero("argsort")
zero("empty")
zero("zeros")
zero("dim")
zero("split")
zero("short")

# sets of columns are no numbers
zero("union")
