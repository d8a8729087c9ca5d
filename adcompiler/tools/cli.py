"""The command line: `adcompiler show|check|bench|export|cache|demo FILE.py:function`."""

from __future__ import annotations

import argparse
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import adcompiler
from adcompiler.api import grad
from adcompiler.cache import LIMIT, folder
from adcompiler.errors import ADCompilerError
from adcompiler.tools import demo
from adcompiler.tools.benchmark import benchmark
from adcompiler.tools.gradcheck import MODES, gradcheck
from adcompiler.tools.load import (
    UsageError,
    arguments,
    check_argnums,
    check_call,
    load_function,
    load_module,
    split_target,
    users_frames,
)
from adcompiler.tools.table import amount

Function = Callable[..., Any]
Call = tuple[Function, tuple[Any, ...]]

#: Entries of an array that are compared with differences: each takes several runs of the plain Python function.
SAMPLE = 100

#: What `show --stage` prints, and the attribute of a transformed function that gives it.
STAGES = {
    "side": "show",
    "adjoint": "adjoint_source",
    "lowered": "lowered_source",
    "wengert": "wengert",
    "explain": "explain",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; by default those of the process.

    Returns
    -------
    int
        0 for success, 1 for an error in the program that was named, 2 for a command line that cannot be followed.
    """
    try:
        return execute(argv)
    except BrokenPipeError:
        # the reader, as `head`, has seen enough; what the interpreter still writes out at its end goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def execute(argv: Sequence[str] | None) -> int:
    """Run a command, and write out all that it prints."""
    options = parser().parse_args(argv)
    try:
        options.command(options)
        sys.stdout.flush()
    except ADCompilerError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except UsageError as error:
        print(f"adcompiler: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise
    except Exception as error:
        frames = users_frames(error)
        if frames is None:
            raise
        traceback.print_exception(type(error), error, frames)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="adcompiler", description="Derivatives of Python functions, as Python source.")
    top.add_argument("--version", action="version", version=f"adcompiler {adcompiler.__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="command")
    show = add(commands, "show", run_show, "print the adjoint, beside the function or alone")
    show.add_argument("--stage", choices=STAGES, default="side", help="what to print (default: side by side)")
    show.add_argument("--html", metavar="FILE", help="write a page with all stages instead")
    check = add(commands, "check", run_check, "compare the derivatives with finite differences")
    check.add_argument("--order", type=int, choices=(1, 2), default=1, help="2: also the gradient's derivative")
    check.add_argument("--rtol", type=float, help="relative difference that counts as agreement")
    check.add_argument(
        "--entries",
        type=count,
        default=SAMPLE,
        metavar="N|all",
        help=f"compare N entries of each array, drawn at random, or all (default: {SAMPLE})",
    )
    check.add_argument("--mode", choices=MODES, action="append", help="check this mode only (may be repeated)")
    bench = add(commands, "bench", run_bench, "measure value, gradient and finite differences")
    bench.add_argument("--plot", metavar="FILE", help="also draw the times (needs matplotlib)")
    export = add(commands, "export", run_export, "write a module that needs only NumPy and Numba")
    export.add_argument("-o", "--output", metavar="FILE", help="default: FUNCTION_adjoint.py")
    cache = add(commands, "cache", run_cache, "the disk cache: info, clear or prune; a function is compiled into it")
    cache.add_argument("--limit", type=size, default=LIMIT, help="what prune leaves, as 200M or 1G (default: 1G)")
    add(commands, "demo", run_demo, "source, adjoint, check and timings; of a built-in program by default")
    return top


def add(commands: Any, name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
    """A command with what all of them share."""
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.set_defaults(command=run)
    optional = "?" if name in ("cache", "demo") else None
    metavar = "info|clear|prune|FILE.py:function" if name == "cache" else "FILE.py:function"
    command.add_argument("target", metavar=metavar, nargs=optional, help="the function")
    command.add_argument("--args", metavar="EXPR", help="its arguments, as Python; default: those of FUNCTION_args()")
    command.add_argument("--argnums", type=argnums, help="arguments to differentiate: numbers or names, with commas")
    return command


def argnums(text: str) -> int | str | tuple[int | str, ...]:
    """Argument numbers and names as typed.

    >>> argnums("0"), argnums("w,1")
    (0, ('w', 1))
    """
    parts = tuple(int(part) if part.lstrip("-").isdigit() else part for part in text.split(","))
    if len(set(parts)) < len(parts):
        raise argparse.ArgumentTypeError(f"{text} names an argument twice")
    return parts[0] if len(parts) == 1 else parts


def count(text: str) -> int | None:
    """A number of entries as typed; None for all.

    >>> count("20"), count("all")
    (20, None)
    """
    number = None if text == "all" else int(text)
    if number is not None and number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not positive")
    return number


def size(text: str) -> int:
    """A number of bytes as typed.

    >>> size("1.5k"), size("1G") == 2**30
    (1536, True)
    """
    units = {"K": 2**10, "M": 2**20, "G": 2**30}
    unit = units.get(text[-1:].upper(), 1)
    return int(float(text[:-1] if unit > 1 else text) * unit)


def named(options: argparse.Namespace) -> Call:
    """The function that the command line names, and its arguments."""
    path, name = split_target(options.target)
    module = load_module(path)
    function, args = load_function(module, name), arguments(module, name, options.args)
    check_call(function, name, args)
    check_argnums(function, args, options.argnums)
    return function, args


def transformed(function: Function, options: argparse.Namespace) -> Any:
    """The gradient of a plain function; one decorated with `grad` is its own."""
    if hasattr(function, "adjoint_source") and options.argnums is None:
        return function
    return grad(function, 0 if options.argnums is None else options.argnums)


def run_show(options: argparse.Namespace) -> None:
    """Print a stage of the compilation."""
    function, args = named(options)
    derivative = transformed(function, options)
    if options.html:
        derivative.report(options.html, *args)
        print(f"wrote {options.html}")
    else:
        text = getattr(derivative, STAGES[options.stage])(*args)
        if options.stage != "side":
            print(text)


def run_check(options: argparse.Namespace) -> None:
    """Print a gradient check, or fail with its error."""
    function, args = named(options)
    chosen = {name: getattr(options, name) for name in ("argnums", "order", "rtol", "entries")}
    print(gradcheck(function, *args, **chosen, modes=tuple(options.mode or MODES)))


def run_bench(options: argparse.Namespace) -> None:
    """Print a benchmark, and draw it."""
    function, args = named(options)
    report = benchmark(function, *args, argnums=0 if options.argnums is None else options.argnums)
    print(report)
    if options.plot:
        report.plot(options.plot)
        print(f"wrote {options.plot}")


def run_export(options: argparse.Namespace) -> None:
    """Write a stand-alone module."""
    function, args = named(options)
    output = options.output or f"{options.target.rpartition(':')[2].replace('.', '_')}_adjoint.py"
    transformed(function, options).export(output, *args)
    print(f"wrote {output}")


def run_cache(options: argparse.Namespace) -> None:
    """Describe, fill or empty the cache folder."""
    cache = folder()
    if cache is None:
        print("no cache folder can be used: nothing is kept between processes")
        return
    if options.target in ("clear", "prune"):
        removed = cache.clear() if options.target == "clear" else cache.prune(options.limit)
        print(f"removed {removed} files from {cache.path}")
        return
    if options.target not in (None, "info"):
        function, args = named(options)
        transformed(function, options)(*args)
    files, taken = cache.size()
    print(f"{cache.path}: {files} files, {amount(taken)}")


def run_demo(options: argparse.Namespace) -> None:
    """Tour a function: its text, its adjoint, a check and a benchmark."""
    function, args = named(options) if options.target else (demo.misfit, demo.misfit_args())
    gradient = transformed(function, options)
    heading("The function")
    print(inspect.getsource(inspect.unwrap(function)))
    heading("Its adjoint, which Numba compiles")
    print(gradient.adjoint_source(*args))
    heading("Its gradient")
    print(gradient(*args), "\n")
    heading("Checked against finite differences")
    print(gradcheck(function, *args, argnums=options.argnums, entries=SAMPLE), "\n")
    heading("Measured")
    print(benchmark(function, *args, argnums=0 if options.argnums is None else options.argnums))


def heading(text: str) -> None:
    """Print a heading."""
    print(f"{text}\n{'=' * len(text)}")


if __name__ == "__main__":
    sys.exit(main())
