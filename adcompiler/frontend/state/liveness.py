"""Which names of a function may still be read: a name that is not needs no carry and no branch result."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

RETURNED, RESULT, BROKEN, CONTINUED = "%return", "%value", "%break", "%continue"
# what an unrolled loop runs over, kept under this name and a number
ITERATED = "%iter"
FLAGS = frozenset({RETURNED, RESULT, BROKEN, CONTINUED})
_LEAVING = frozenset({RETURNED, RESULT})

Names = frozenset[str]
_NONE: Names = frozenset()
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(slots=True)
class Liveness:
    """Names that may be read later.

    Parameters
    ----------
    after : dict
        For a statement: read after it.
    head : dict
        For a loop: read in a later iteration, or after the loop.
    always : frozenset of str
        Read by nested functions, which may be called at any time, and by generators that loops go through.
    bound : dict
        For a loop: what it and its body bind.
    """

    after: dict[ast.stmt, Names] = field(default_factory=dict)
    head: dict[ast.stmt, Names] = field(default_factory=dict)
    always: Names = _NONE
    bound: dict[ast.stmt, Names] = field(default_factory=dict)


def liveness(body: Sequence[ast.stmt]) -> Liveness:
    """The liveness of the statements of a function.

    >>> tree = ast.parse("s = 0\\nfor i in r:\\n    t = i\\n    s = s + t")
    >>> sorted(liveness(tree.body).head[tree.body[1]] - FLAGS)
    ['s']
    """
    found = Liveness()
    inside = [inner for node in body for inner in ast.walk(node)]
    nested = [inner for inner in inside if isinstance(inner, _SCOPES)]
    asked = [part for inner in inside if isinstance(inner, ast.For) for part in asked_one_by_one(inner.iter)]
    later = (*nested, *(part for part in asked if isinstance(part, ast.GeneratorExp)))
    found.always = frozenset(name for scope in later for name in (*reads(scope), *_shared(scope)))
    _block(found, body, _LEAVING, _NONE)
    return found


def asked_one_by_one(items: ast.expr) -> Iterator[ast.expr]:
    """The expressions that give their items while the body of a `for` over `items` runs."""
    yield items
    match items:
        case ast.Call(func=ast.Name(id="zip" | "enumerate" | "map"), args=args):
            for arg in args:
                yield from asked_one_by_one(arg)
        case ast.GeneratorExp(generators=[first, *_]):
            yield from asked_one_by_one(first.iter)


def reads(node: ast.AST) -> Iterator[str]:
    """The names that are loaded anywhere in a node, but for a comprehension's own; `del` needs a bound name, too."""
    match node:
        case ast.Name(id=name, ctx=ast.Load() | ast.Del()):
            yield name
        case ast.ListComp(generators=parts) | ast.SetComp(generators=parts) | ast.GeneratorExp(generators=parts):
            own = {name for part in parts for name in targets(part.target)}
            yield from reads(parts[0].iter)
            inside = (node.elt, *(p.iter for p in parts[1:]), *(test for p in parts for test in p.ifs))
            yield from (name for inner in inside for name in reads(inner) if name not in own)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from reads(child)


def _shared(scope: ast.AST) -> Iterator[str]:
    """The names of outer functions that a function may assign: `count += 1` reads them as well."""
    return (name for n in ast.walk(scope) if isinstance(n, ast.Nonlocal) for name in n.names)


def targets(node: ast.AST) -> Iterator[str]:
    """The plain names that an assignment target binds."""
    return (n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, (ast.Store, ast.Del)))


def assigned(body: Iterable[ast.AST]) -> Iterator[str]:
    """The names that statements bind in their own function."""
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Lambda():
                pass
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((alias.asname or alias.name).partition(".")[0] for alias in names)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.comprehension():
                yield from assigned((node.iter, *node.ifs))
            case _:
                yield from assigned(ast.iter_child_nodes(node))


def declared(body: Iterable[ast.AST], kinds: tuple[type[ast.Global | ast.Nonlocal], ...]) -> Iterator[str]:
    """The names that statements declare to be of an outer scope, functions inside left out."""
    for node in body:
        if isinstance(node, kinds):
            yield from node.names
        elif not isinstance(node, _SCOPES):
            yield from declared(ast.iter_child_nodes(node), kinds)


def has(body: Iterable[ast.stmt], kind: type[ast.stmt]) -> bool:
    """Whether a `break`, `continue` or `return` belongs to these statements, not to a loop or function inside them."""
    for node in body:
        if isinstance(node, kind):
            return True
        if isinstance(node, _SCOPES):
            continue
        inside = () if isinstance(node, (ast.For, ast.While)) and kind is not ast.Return else ("body", "finalbody")
        if any(has(getattr(node, field, ()), kind) for field in (*inside, "orelse")):
            return True
    return False


def _block(found: Liveness, body: Sequence[ast.stmt], out: Names, leave: Names) -> Names:
    """What is live before a block, given what is live after it and where `break` and `continue` lead."""
    for k in range(len(body) - 1, -1, -1):
        stmt = body[k]
        if k < len(body) - 1:
            out = out | FLAGS
        if has([stmt], ast.Break) or has([stmt], ast.Continue):
            out = out | leave
        found.after[stmt] = out
        out = _before(found, stmt, out, leave)
    return out


def _before(found: Liveness, stmt: ast.stmt, out: Names, leave: Names) -> Names:
    match stmt:
        case ast.If():
            then = _block(found, stmt.body, out, leave)
            return then | _block(found, stmt.orelse, out, leave) | frozenset(reads(stmt.test))
        case ast.With():
            return _block(found, stmt.body, out, leave) | frozenset(n for item in stmt.items for n in reads(item))
        case ast.For() | ast.While():
            return _loop(found, stmt, out, leave)
        case ast.Assign(targets=places):
            kept = out - frozenset(name for t in places if isinstance(t, ast.Name) for name in targets(t))
            return kept | frozenset(reads(stmt))
        case ast.AugAssign(target=ast.Name(id=name)):
            return out | frozenset(reads(stmt)) | {name}
        case ast.FunctionDef():
            return out | frozenset(reads(stmt))
        case _:
            return out | frozenset(reads(stmt))


def _loop(found: Liveness, stmt: ast.For | ast.While, out: Names, leave: Names) -> Names:
    beyond = out | (_block(found, stmt.orelse, out, leave) | {BROKEN} if stmt.orelse else _NONE)
    own = stmt.iter if isinstance(stmt, ast.For) else stmt.test
    each = frozenset(reads(own)) if isinstance(stmt, ast.While) else _NONE
    bound = frozenset(targets(stmt.target)) if isinstance(stmt, ast.For) else _NONE
    found.bound[stmt] = bound | frozenset(assigned(stmt.body))
    head = beyond | each
    while True:
        at_end = head | _LEAVING | {BROKEN}
        before = beyond | each | (_block(found, stmt.body, at_end, at_end) - bound)
        if before <= head:
            break
        head = head | before
    found.head[stmt] = head
    return (head - FLAGS) | (out & FLAGS) | frozenset(reads(own))
