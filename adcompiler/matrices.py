"""Transformations whose results are matrices: Jacobians and Hessians."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from adcompiler.calls.instance import Instance, apart
from adcompiler.calls.matrices.dense import Matrix, Mode, argument_tree, arranged, leaves_of
from adcompiler.calls.matrices.directions import Leaf
from adcompiler.calls.plan import Plan
from adcompiler.calls.planning import Argument, number_position, primal_plan, split
from adcompiler.calls.results import Tree, value_tree
from adcompiler.errors import NotDifferentiable, Span, UnsupportedSyntax
from adcompiler.handlers import handled_in
from adcompiler.options import Options
from adcompiler.signature import OutTree
from adcompiler.transformed import Argnums, Function, Seeded, made_callable

MODES = {"jacobian": ("auto", "forward", "reverse", "sparse"), "hessian": ("auto", "sparse")}

if TYPE_CHECKING:
    from adcompiler.calls.matrices.sparse import SparseMatrix
    from adcompiler.frontend.state.context import Lowering as Program
    from adcompiler.frontend.state.values import Value
    from adcompiler.inspect import View


@handled_in("adcompiler.inside")
def jacobian(
    f: Function | None = None, argnums: Argnums = 0, *, mode: str = "auto", has_aux: bool = False, **options: Any
) -> Any:
    """The derivatives of each entry of a function's result with respect to each entry of its arguments.

    Parameters
    ----------
    f : callable
        A plain Python function with any floating results.
    argnums : int, str or sequence of these
        Numbers or names of the arguments to differentiate.
    mode : "auto", "forward", "reverse" or "sparse"
        Columns by tangents, rows by adjoints, several at once; "auto" takes the side with fewer entries. "sparse" finds
        which entries may be other than zero and computes these alone, several in each direction.
    has_aux : bool
        Whether `f` returns `(value, aux)`; the result is then `(jacobian, aux)`.
    **options
        See `adcompiler.options.Options`.

    Returns
    -------
    callable
        A function of the arguments of `f` that gives an array of shape `out.shape + arg.shape`, or with "sparse" a
        `scipy.sparse.csr_matrix` of shape `(out.size, arg.size)`, rows and columns in C order. Results that are tuples,
        lists or dictionaries give that structure, in each entry of which stands that of the arguments. By a complex
        argument, real results have gradients, and complex ones the derivative of a holomorphic function.

    Raises
    ------
    UnsupportedSyntax, MissingRule, TypeProblem
        At a call: where the compiler does not take the function, with the line and what to write instead.
    NotDifferentiable
        At a call: where the derivative does not exist, as with respect to an integer.

    Examples
    --------
    >>> import numpy as np
    >>> def polar(p):
    ...     return np.array([p[0] * np.cos(p[1]), p[0] * np.sin(p[1])])
    >>> jacobian(polar)(np.array([2.0, 0.0]))
    array([[1., 0.],
           [0., 2.]])
    """
    return _made("jacobian", f, argnums, mode, has_aux, options)


@handled_in("adcompiler.inside")
def hessian(
    f: Function | None = None, argnums: Argnums = 0, *, mode: str = "auto", has_aux: bool = False, **options: Any
) -> Any:
    """The second derivatives of a function that returns one number.

    Parameters
    ----------
    f, argnums, has_aux, **options
        As for `jacobian`.
    mode : "auto" or "sparse"
        Columns by tangents of the adjoint, several at once; with "sparse" several of them in each direction.

    Returns
    -------
    callable
        A function of the arguments of `f` that gives an array of shape `arg.shape + arg.shape`, or with "sparse" a
        `scipy.sparse.csr_matrix` of shape `(arg.size, arg.size)`; for several arguments, rows by argument in each entry
        of which stand the columns by argument.

    Raises
    ------
    UnsupportedSyntax, MissingRule, TypeProblem
        At a call: where the compiler does not take the function, with the line and what to write instead.
    NotDifferentiable
        At a call: where the derivative does not exist, as with respect to an integer.

    Examples
    --------
    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 2.0]))
    array([[4., 6.],
           [6., 0.]])
    """
    return _made("hessian", f, argnums, mode, has_aux, options)


def _made(kind: str, f: Function | None, argnums: Argnums, mode: str, has_aux: bool, options: Mapping[str, Any]) -> Any:
    made, known = Jacobian if kind == "jacobian" else Hessian, MODES[kind]
    if mode not in known:
        raise ValueError(f"{kind}() has no mode {mode!r}; choose one of: {', '.join(map(repr, known))}")
    chosen = Options.of(kind, options)
    if f is None:
        return lambda function: made(kind, made_callable(kind, function), argnums, has_aux, chosen, mode)
    return made(kind, made_callable(kind, f), argnums, has_aux, chosen, mode)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the compiled form, the leaves of the arguments and those by which is differentiated, the results."""

    instance: Instance
    leaves: list[Any]
    arguments: list[Argument]
    wrt: tuple[int, ...]
    out: OutTree
    results: Sequence[Any]

    @property
    def columns(self) -> list[Leaf]:
        """The leaves by which is differentiated."""
        fn = self.instance.lowering.interface
        return [Leaf(p, fn.type(fn.params[p]), np.shape(self.leaves[p])) for p in self.wrt]

    @property
    def tree(self) -> Tree:
        """The form of what is differentiated."""
        return value_tree(self.out, self.instance.lowering.interface)

    def fresh(self) -> list[Any]:
        """The leaves, with copies of those that the function writes or draws from."""
        return self.instance.fresh(apart(self.leaves))

    def matrix(self, mode: Mode) -> Matrix:
        """What computes the matrix."""
        made = self.instance
        return made.plan((mode, self.wrt, self.out), lambda: Matrix(made, mode, self.out, self.wrt))

    def sparse(self, kind: str) -> SparseMatrix:
        """What computes the matrix where most entries are zero."""
        # it brings text of the compiler's along, which other calls do not need
        from adcompiler.calls.matrices.sparse import SparseMatrix

        made = self.instance
        key = "sparse", kind, self.wrt, self.out
        return made.plan(key, lambda: SparseMatrix(made, kind, self.out, self.wrt, self.tree))


class Matrices(Seeded):
    """A function of the arguments of `function` that gives a matrix of derivatives.

    Parameters
    ----------
    kind : "jacobian" or "hessian"
        What it gives.
    function, argnums, has_aux, options
        As for `Transformed`.
    mode : str
        How it is computed.
    """

    def __init__(
        self, kind: str, function: Function, argnums: object, has_aux: bool, options: Options, mode: str
    ) -> None:
        super().__init__(kind, function, argnums, has_aux, options)
        self.mode = mode

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The matrix at these arguments."""
        call = self._call(args, kwargs)
        columns = argument_tree(call.arguments, not isinstance(self.argnums, tuple))
        plain = {leaf.position for leaf in call.columns if leaf.plain}
        if self.mode == "sparse":
            sparse = call.sparse(self.kind)
            blocks = sparse.blocks(call.leaves, call.fresh, call.columns)
            self.last = call.instance, sparse.finder.plan
        else:
            matrix, rows = self._matrix(call)
            self.last = call.instance, matrix.plan
            blocks = matrix.blocks(call.fresh, call.columns, rows)
        found = arranged(blocks, columns if self.kind == "hessian" else call.tree, columns, plain)
        if not self.has_aux:
            return found
        value = primal_plan(call.instance.lowering).make(call.results)
        return found, value[1]

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        binder = self.subject.binder
        values = binder.values(args, kwargs)
        instance, leaves = self.subject.find(values)
        lowering = instance.lowering
        out, aux = split(lowering, self.has_aux, binder.name)
        if self.kind == "hessian":
            number_position(lowering, values, binder.name, out, self.has_aux, "hessian")
        arguments = [Argument(lowering, binder, values, place) for place in binder.places(self.places, lowering.final)]
        wrt = tuple(dict.fromkeys(p for a in arguments for p in a.required()))
        results: Sequence[Any] = ()
        # the function runs many times, and draws from a generator as often as one call does
        kept = apart(leaves)
        draws = any(isinstance(leaf, np.random.Generator) for leaf in leaves)
        if draws or (self.kind == "jacobian" and self.mode != "sparse") or aux is not None:
            primal = instance.plan(("primal",), lambda: primal_plan(lowering))
            results = primal.results(instance.fresh(list(leaves)))
        return Call(instance, kept, arguments, wrt, out, results)

    def _found(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Instance, Plan, list[Any]]:
        call = self._call(args, kwargs)
        plan = call.sparse(self.kind).finder.plan if self.mode == "sparse" else self._matrix(call)[0].plan
        return call.instance, plan, call.leaves

    def _program(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> View:
        if self.mode == "sparse":
            raise self._no_matrix(self.subject.span)
        return super()._program(args, kwargs)

    def _no_matrix(self, span: Span | None) -> UnsupportedSyntax:
        """What is raised where compiled code would have to make a matrix of SciPy's."""
        return UnsupportedSyntax(f"{self.kind} of mode 'sparse' in compiled code", span, "use mode='auto' there")

    def _matrix(self, call: Call) -> tuple[Matrix, list[Leaf]]:
        """What computes the matrix, and the leaves of its rows."""
        raise AssertionError("a kind of matrix says how it is computed")

    def _given(self, function: Function) -> tuple[Any, ...]:
        return (*super()._given(function), self.mode)

    def __lower_call__(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Value:
        """A call in a program that is being compiled."""
        from adcompiler.calls.inside.matrices import Matrix as Inner
        from adcompiler.calls.inside.nesting import Outside

        if self.mode == "sparse":
            raise self._no_matrix(low.b.span)
        made = Inner(Outside(self, self.subject), self.places, self.has_aux, self.kind, self.mode)
        return made.__lower_call__(low, args, kwargs, node)


class Jacobian(Matrices):
    """The derivative of each entry of a result by each entry of the arguments."""

    def _matrix(self, call: Call) -> tuple[Matrix, list[Leaf]]:
        rows = leaves_of(call.tree, call.results)
        if not rows:
            name = self.subject.binder.name
            raise NotDifferentiable(f"{name}() returns no float", self.subject.span, "return floats or arrays of them")
        sizes = [sum(leaf.directions for leaf in leaves) for leaves in (call.columns, rows)]
        chosen: Mode = (
            "forward" if self.mode == "forward" or (self.mode == "auto" and sizes[0] <= sizes[1]) else "reverse"
        )
        return call.matrix(chosen), rows


class Hessian(Matrices):
    """The derivative of each entry of the gradient by each entry of the arguments."""

    def _matrix(self, call: Call) -> tuple[Matrix, list[Leaf]]:
        return call.matrix("hessian"), call.columns
