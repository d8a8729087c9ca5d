"""`adcompiler.cuda.kernel`: a kernel, its adjoint, and their texts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from adcompiler.backend.gpu.streams import current, on_stream
from adcompiler.cuda.launch import Grid, Launched, Workspace, check_apart, check_bars, check_open, collected, form_of
from adcompiler.cuda.program import Program, Request, program
from adcompiler.errors import ADCompilerError, TypeProblem
from adcompiler.gpu_arrays import by_dlpack
from adcompiler.ir.types import DTYPES, Type
from adcompiler.options import Options
from adcompiler.signature import ArraySpec, ScalarSpec, Spec, entry_point, spec_of
from adcompiler.source import source_of


def kernel(
    *, active: Sequence[str], outputs: Sequence[str], fastmath: bool = True, deterministic: bool = False
) -> Callable[[Callable[..., None]], Kernel]:
    """Differentiate a kernel that is written for `numba.cuda`.

    Parameters
    ----------
    active : sequence of str
        The arguments by which the outputs are differentiated: arrays, and numbers.
    outputs : sequence of str
        The arrays that the kernel computes.
    fastmath : bool
        Whether a GPU may join products and sums, and use its faster functions, in the adjoint.
    deterministic : bool
        Whether sums over threads are made in a fixed order, so that equal arguments give equal bits; a kernel whose
        adjoint adds atomically in other ways is refused.

    Examples
    --------
    >>> from numba import cuda
    >>> @kernel(active=("x",), outputs=("y",))
    ... def square(x, y):
    ...     i = cuda.grid(1)
    ...     if i < x.shape[0]:
    ...         y[i] = x[i] * x[i]
    >>> square.name
    'square'
    """

    def decorate(function: Callable[..., None]) -> Kernel:
        return Kernel(function, tuple(active), tuple(outputs), fastmath, deterministic)

    return decorate


class Kernel:
    """A kernel of `numba.cuda` with its adjoint."""

    def __init__(
        self,
        function: Callable[..., None],
        active: tuple[str, ...],
        outputs: tuple[str, ...],
        fastmath: bool,
        deterministic: bool,
    ) -> None:
        self.function, self.active, self.outputs = function, active, outputs
        self.fastmath, self.deterministic = fastmath, deterministic
        self.plain = entry_point(function)[0]
        self.name = self.plain.__name__
        self.names = tuple(inspect.signature(self.plain).parameters)
        for name in (*active, *outputs):
            if name not in self.names:
                raise TypeError(f"{self.name}() has no argument {name!r}; its arguments are {', '.join(self.names)}")
        self._programs: dict[Any, list[tuple[Program, tuple[Any, ...]]]] = {}
        self._launched: dict[Any, Launched] = {}
        self._forward: Any = None
        self._last: Program | None = None

    @property
    def shadowed(self) -> tuple[str, ...]:
        """The arguments that have an adjoint."""
        return tuple(dict.fromkeys((*self.active, *self.outputs)))

    # -- launching -----------------------------------------------------------------------------------------------

    @property
    def forward(self) -> Launcher:
        """`forward[grid, block, stream](*args, workspace=None)` runs the kernel itself."""
        return Launcher(self._run)

    @property
    def adjoint(self) -> Launcher:
        """`adjoint[grid, block, stream](*args, bar=…, workspace=None)` runs its adjoint.

        `bar` has an array for each active argument, to which the derivative is added, and for each output, of which
        it gives the cotangent, and takes that of what the output held before: zero where the kernel stored into an
        element that it had not read.
        """
        return Launcher(self._run_back)

    def workspace(self, blocks: Any, block: Any, *args: Any) -> Workspace | None:
        """What `forward` and `adjoint` share, where the adjoint needs what the kernel overwrites; None elsewhere."""
        kept = self._program(Grid.of(blocks, block), args).kept
        return Workspace(kept) if kept else None

    def _run(self, grid: Grid, *args: Any, workspace: Workspace | None = None) -> None:
        with self._there(args) as given:
            if workspace is not None:
                workspace.keep(given)
            grid.launch(self._compiled())(*given)

    @contextmanager
    def _there(self, args: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """The arguments with arrays that offer DLPack as Numba's; raises for one of these that is written."""
        if not any(by_dlpack(type(a)) for a in args):
            yield args
            return
        for name, value in zip(self.names, args, strict=True):
            if name in self.outputs:
                check_open(name, value)
        from adcompiler.backend.gpu import exchange

        with exchange.there(args, exchange.taken) as found:
            yield found

    def _compiled(self) -> Any:
        if self._forward is None:
            from adcompiler.backend.gpu.cuda import cuda, require_device

            require_device()
            self._forward = cuda.jit(self.plain) if self.function is self.plain else self.function
        return self._forward

    def _run_back(self, grid: Grid, *args: Any, bar: Mapping[str, Any], workspace: Workspace | None = None) -> None:
        for name, array in bar.items():
            check_open(f"bar of {name}", array)
        with self._there(args) as given:
            self._adjoint(grid, tuple(given), bar, workspace)

    def _adjoint(self, grid: Grid, args: Sequence[Any], bar: Mapping[str, Any], workspace: Workspace | None) -> None:
        named = dict(zip(self.names, args, strict=True))
        bars = check_bars(self.shadowed, named, bar)
        adjoints = {f"bar of {name}": array for name, array in bar.items()}
        launched = self._made(grid, args)
        check_apart({**named, **adjoints}, [*adjoints, *(self.names[k] for k in launched.program.written)])
        kept = launched.program.kept
        if kept and (workspace is None or workspace.positions != kept or not workspace.copies):
            what = ", ".join(f"'{self.names[k]}'" for k in kept)
            raise ADCompilerError(
                f"the adjoint of {self.name}() reads {what} as it was before the kernel overwrote it",
                None,
                "launch both with one workspace: ws = k.workspace(grid, block, *args), then workspace=ws",
            )
        restored = workspace.restored if kept and workspace is not None else tuple
        overwritten = {self.names[k] for k in launched.program.written} - {*self.outputs}
        apart = [k for k, name in enumerate(self.shadowed) if name in overwritten]
        with collected(bars, apart) as own:
            launched.run(grid, lambda: restored(args), own)

    def _made(self, grid: Grid, args: Sequence[Any]) -> Launched:
        from adcompiler.backend.gpu import cuda

        cuda.require_device()
        found = self._program(grid, args)
        if id(found) not in self._launched:
            function = cuda.module_function(found.printed.text, found.printed.title)
            made = _globals(function)
            first = made[found.gathers.title] if found.gathers is not None else None
            self._launched[id(found)] = Launched(found, first, function, made[f"{found.printed.title}_extents"])
        return self._launched[id(found)]

    # -- compiling -----------------------------------------------------------------------------------------------

    def _program(self, grid: Grid, args: Sequence[Any]) -> Program:
        if len(args) != len(self.names):
            raise TypeError(f"{self.name}() takes {len(self.names)} arguments but {len(args)} were given")
        specs = tuple(map(_spec, args))
        found = self._programs.setdefault((specs, grid.axes), [])
        for made, values in found:
            # what an argument had to be when the kernel was compiled, it must be again
            if all(k in made.given or repr(args[k]) == repr(values[k]) for k in range(len(args))):
                self._last = made
                return made
        self._check_types(specs)
        check = Options.of("kernel", {}).check
        request = Request(self.active, self.outputs, grid.axes, self.fastmath, self.deterministic, check)
        made = program(source_of(self.plain), specs, tuple(args), request)
        found.append((made, tuple(None if k in made.given else a for k, a in enumerate(args))))
        self._last = made
        return made

    def _check_types(self, specs: Sequence[Spec]) -> None:
        """Raise for an active argument that is no real number, and for an output that is no array."""
        for name in self.shadowed:
            spec = specs[self.names.index(name)]
            real = isinstance(spec, (ArraySpec, ScalarSpec)) and spec.type.dtype in ("float32", "float64")
            if not real or (name in self.outputs and not isinstance(spec, ArraySpec)):
                kind = "an array of" if name in self.outputs else "an array of, or a number of,"
                raise TypeProblem(
                    f"'{name}' is not {kind} float32 or float64", None, "leave it out of active=, outputs="
                )

    def source(self, which: str = "adjoint") -> str:
        """The text of the adjoint for the arguments of the latest launch, or that of the kernel."""
        if which == "forward":
            return inspect.getsource(self.plain)
        if which != "adjoint":
            raise TypeError(f"source() knows 'forward' and 'adjoint', not {which!r}")
        return self._latest().printed.text

    def ptx(self, cc: tuple[int, int] = (9, 0)) -> str:
        """What a GPU of a compute capability runs of the adjoint, for the arguments of the latest launch.

        An adjoint of two kernels, of which one gathers, has two modules, one behind the other.
        """
        return "\n".join(self._ptx(cc))

    def _ptx(self, cc: tuple[int, int]) -> list[str]:
        """What a GPU runs of each of the adjoint's kernels."""
        from adcompiler.backend.gpu import cuda

        made = self._latest()
        found = [printed for printed in (made.gathers, made.printed) if printed is not None]
        return [cuda.kernel_ptx(cuda.module_function(p.text, p.title), p.types, cc) for p in found]

    def resources(self, cc: tuple[int, int] = (9, 0)) -> dict[str, int]:
        """Registers of a thread, and bytes of shared memory, of stack and spilled, which the adjoint takes of a GPU.

        Of an adjoint of two kernels, the larger numbers.
        """
        from adcompiler.backend.gpu import cuda

        found = [cuda.kernel_resources(text, cc) for text in self._ptx(cc)]
        return {name: max(taken[name] for taken in found) for name in found[0]}

    def _latest(self) -> Program:
        if self._last is None:
            raise ADCompilerError(
                f"the types of the arguments of {self.name}() are not known yet",
                None,
                "launch it, or call specialise(grid, block, *args)",
            )
        return self._last

    def specialise(self, blocks: Any, block: Any, *args: Any) -> Kernel:
        """Differentiate for arguments like these, and launch nothing."""
        self._program(Grid.of(blocks, block), args)
        return self


class Launcher:
    """A kernel that waits for its configuration."""

    def __init__(self, run: Callable[..., None]) -> None:
        self.run = run

    def __getitem__(self, configuration: Any) -> Callable[..., None]:
        if not isinstance(configuration, tuple) or len(configuration) not in (2, 3):
            raise TypeError("a launch needs [grid, block] or [grid, block, stream]")
        grid = Grid.of(*configuration)

        def launch(*args: Any, **options: Any) -> None:
            with on_stream(grid.stream or current()):
                self.run(grid, *args, **options)

        return launch


def _spec(value: Any) -> Spec:
    """The specification of an argument: an array of any library is one of its element type and rank."""
    shape, dtype = form_of(value)
    if isinstance(value, (tuple, list, dict)):
        raise TypeProblem("a tuple as an argument of a differentiated kernel", None, "pass its items one by one")
    if shape is None or dtype is None or not len(shape):
        return spec_of(value)
    name = np.dtype(dtype).name
    if name not in DTYPES:
        raise TypeProblem(
            f"arrays of {name} are outside the language", None, "use float64, float32, an integer or bool"
        )
    return ArraySpec(Type(name, len(shape)), (False,) * len(shape))


def _globals(function: Any) -> dict[str, Any]:
    plain = getattr(function, "py_func", function)
    found: dict[str, Any] = plain.__globals__
    return found
