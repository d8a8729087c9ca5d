"""Differentiation: from a Wengert list to that of its tangent, its adjoint, or its sparsity pattern."""
