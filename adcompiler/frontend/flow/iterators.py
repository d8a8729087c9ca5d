"""Where a function uses an iterator up: what gives its items once is taken only where one place asks for them."""

from __future__ import annotations

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator

from adcompiler.frontend.state.liveness import asked_one_by_one
from adcompiler.frontend.state.scope import Definition, Frame

# of itertools
TOOLS = "chain product accumulate pairwise combinations permutations repeat islice starmap zip_longest".split()
_BUILTINS = "list tuple dict sum any all max min sorted map filter zip enumerate reversed".split()
_OTHERS = "reduce extend update from_iterable fromiter join prod fsum".split()
# what takes each item of an argument once, by its name
_TAKERS = frozenset((*TOOLS, *_BUILTINS, *_OTHERS))

_Loops = frozenset[int]


def used_at_once(frame: Frame, node: ast.AST) -> bool:
    """Whether the value of an expression is iterated where it stands."""
    return any(id(node) in _direct(definition) for definition in _around(frame))


def asked_by_loop(frame: Frame, node: ast.AST) -> bool:
    """Whether a `for` asks for the items of an expression one by one, and runs its body in between."""
    return any(id(node) in _asked(definition) for definition in _around(frame))


def used_in_place(frame: Frame, node: ast.AST) -> bool:
    """Whether the value of an expression is iterated or indexed where it stands."""
    return any(id(node) in _direct(definition) | _indexed(definition) for definition in _around(frame))


def used_once(frame: Frame, node: ast.AST) -> bool:
    """Whether it is, or is given a name that is read in one place, which iterates it."""
    return any(id(node) in _once(definition) for definition in _around(frame))


def _around(frame: Frame | None) -> Iterator[Definition]:
    """The functions around an expression: a comprehension has a frame, but its text is that of the function around."""
    while frame is not None:
        if frame.definition.body:
            yield frame.definition
        frame = frame.parent


@functools.lru_cache(maxsize=4096)
def _direct(definition: Definition) -> frozenset[int]:
    found: list[ast.expr] = []
    for stmt in definition.body:
        for node in ast.walk(stmt):
            found += _taken(node)
    return frozenset(map(id, found))


@functools.lru_cache(maxsize=4096)
def _asked(definition: Definition) -> frozenset[int]:
    nodes = (node for stmt in definition.body for node in ast.walk(stmt))
    return frozenset(id(asked) for node in nodes if isinstance(node, ast.For) for asked in asked_one_by_one(node.iter))


@functools.lru_cache(maxsize=4096)
def _indexed(definition: Definition) -> frozenset[int]:
    nodes = (node for stmt in definition.body for node in ast.walk(stmt))
    return frozenset(id(node.value) for node in nodes if isinstance(node, ast.Subscript))


def _taken(node: ast.AST) -> list[ast.expr]:
    """The expressions whose items a node takes."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args) if name in _TAKERS:
            return args
        case ast.For(iter=items) | ast.comprehension(iter=items) | ast.Starred(value=items):
            return [items]
        case ast.Assign(targets=[ast.Tuple() | ast.List()], value=items):
            return [items]
    return []


@functools.lru_cache(maxsize=4096)
def _once(definition: Definition) -> frozenset[int]:
    """`_direct`, and what is given a name that one place reads, no oftener than the name is given."""
    direct = _direct(definition)
    given: dict[str, list[tuple[ast.Name, _Loops]]] = defaultdict(list)
    read: dict[str, list[tuple[ast.Name, _Loops]]] = defaultdict(list)
    for stmt in definition.body:
        for node, loops in _names(stmt, frozenset()):
            (read if isinstance(node.ctx, ast.Load) else given)[node.id].append((node, loops))
    named = set()
    for stmt in definition.body:
        for inner in ast.walk(stmt):
            match inner:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    gives, reads = given[name], read[name]
                    if len(gives) == len(reads) == 1 and id(reads[0][0]) in direct and reads[0][1] <= gives[0][1]:
                        named.add(id(value))
    return direct | named


def _names(node: ast.AST, loops: _Loops) -> Iterator[tuple[ast.Name, _Loops]]:
    """The names in a node, with what may run them several times: loops, comprehensions and functions around them."""
    inner = loops | {id(node)}
    match node:
        case ast.Name():
            yield node, loops
        case ast.For():
            yield from _names(node.iter, loops)
            for part in (node.target, *node.body):
                yield from _names(part, inner)
            for part in node.orelse:
                yield from _names(part, loops)
        case ast.ListComp() | ast.GeneratorExp() | ast.DictComp() | ast.SetComp():
            first = node.generators[0].iter
            yield from _names(first, loops)
            for part in (p for p in ast.walk(node) if isinstance(p, ast.Name)):
                if not any(part is other for other in ast.walk(first)):
                    yield part, inner
        case ast.While() | ast.FunctionDef() | ast.Lambda():
            for child in ast.iter_child_nodes(node):
                yield from _names(child, inner)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _names(child, loops)
