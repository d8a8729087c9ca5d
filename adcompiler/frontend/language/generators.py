"""`sum`, `any`, `all`, `max` and `min` of items whose number is known only at run time: the loops they stand for.

So are comprehensions that no array of a known length holds: of several sequences, or with tests.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from functools import cache, lru_cache

from adcompiler.frontend.language.blocks import run_block
from adcompiler.frontend.language.inline import entered, returned
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.scope import Frame, definition
from adcompiler.frontend.state.values import ListOf, Static, Value
from adcompiler.ir.build import ZERO
from adcompiler.ir.wengert import Var

_BEST = """ if empty:
  if default is None:
   raise ValueError("{name}() arg is an empty sequence")
  return default
 return best"""
_LOOPS: Mapping[str, str] = {
    "sum": "def total(items, start):\n for item in items:\n  start = start + item\n return start",
    "list": "def list_of(items):\n found = []\n for item in items:\n  found.append(item)\n return found",
    "any": "def any_of(items):\n for item in items:\n  if item:\n   return True\n return False",
    "all": "def all_of(items):\n for item in items:\n  if not item:\n   return False\n return True",
    **{
        f"{name} by key": f"""def extreme(items, default, key):
 empty = True
 for item in items:
  if empty:
   best = item
   highest = key(item)
   empty = False
  else:
   value = key(item)
   if value {sign} highest:
    highest = value
    best = item
{_BEST.format(name=name)}"""
        for name, sign in (("max", ">"), ("min", "<"))
    },
    **{
        name: f"""def extreme(items, default):
 empty = True
 for item in items:
  if empty:
   best = item
   empty = False
  elif item {sign} best:
   best = item
{_BEST.format(name=name)}"""
        for name, sign in (("max", ">"), ("min", "<"))
    },
    **{
        f"{name} of array": f"""def extreme(items, default):
 if len(items) == 0:
  raise ValueError("{name}() arg is an empty sequence")
 best = items[0]
 for item in items[1:]:
  if item {sign} best:
   best = item
 return best"""
        for name, sign in (("max", ">"), ("min", "<"))
    },
}


@cache
def _written(name: str) -> ast.FunctionDef:
    return _unplaced(_parsed(name))


def _parsed(name: str) -> ast.FunctionDef:
    node = ast.parse(_LOOPS[name]).body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def loop_over(low: Lowering, name: str, owner: Value, extra: Value | None, key: Value | None = None) -> Value:
    """`sum`, `any`, `all`, `max` or `min` of items whose number is known only at run time, as a loop."""
    array = isinstance(owner, (Var, ListOf)) and name in ("max", "min") and extra is None
    node = _written(f"{name} by key" if key else f"{name} of array" if array else name)
    given = [owner] if name in ("any", "all") else [owner, Static(None) if extra is None else extra]
    given += [key] if key else []
    frame = Frame(low.frame.source, definition(node), None, (*low.frame.path, id(node)))
    frame.env.update(zip((a.arg for a in node.args.args), given, strict=True))
    with entered(low, frame):
        run_block(low, frame.definition.body)
        return returned(frame)


def _unplaced(node: ast.FunctionDef) -> ast.FunctionDef:
    """The function without places: its lines are those of the call."""
    for inner in ast.walk(node):
        for field in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
            if field in inner.__dict__:
                delattr(inner, field)
    return node


REDUCED: Mapping[object, str] = {getattr(builtins, name): name for name in ("sum", "any", "all", "max", "min")}


def reduced(low: Lowering, function: object, node: ast.GeneratorExp) -> Value:
    """`sum(element for …)` and its like, as the loops it stands for."""
    return _looped(low, REDUCED[function], node, resolved(low, low.eval(node.generators[0].iter, "items")))


def appended(low: Lowering, node: ast.ListComp | ast.GeneratorExp, first: Value) -> Value:
    """`[element for …]` over what its first sequence is, as loops that append to a list."""
    return _looped(low, "list", node, first)


def _looped(low: Lowering, name: str, node: ast.ListComp | ast.GeneratorExp, first: Value) -> Value:
    made = _spliced(node, name)
    frame = Frame(low.frame.source, definition(made), low.frame, (*low.frame.path, id(node)))
    frame.env.update({"%items": first, "%start": ZERO, "%default": Static(None)})
    with entered(low, frame):
        run_block(low, frame.definition.body)
        return returned(frame)


@lru_cache(maxsize=1024)
def _spliced(node: ast.ListComp | ast.GeneratorExp, name: str) -> ast.FunctionDef:
    """The loop of `name` with the loops and tests of the generator in place of its own.

    What `:=` binds in it is a name of the function around.
    """
    made = _unplaced(_parsed(name))
    names = {
        "items": "%items",
        "start": "%start",
        "default": "%default",
        "best": "%best",
        "empty": "%empty",
        "item": "%item",
        "found": "%found",
    }
    for inner in ast.walk(made):
        if isinstance(inner, ast.Name) and inner.id in names:
            inner.id = names[inner.id]
        if isinstance(inner, ast.arg):
            inner.arg = names[inner.arg]
    place = next(k for k, stmt in enumerate(made.body) if isinstance(stmt, ast.For))
    loop = made.body[place]
    assert isinstance(loop, ast.For)
    bind_item = ast.Assign([ast.Name("%item", ast.Store())], node.elt)
    body: list[ast.stmt] = [bind_item, *loop.body]
    for k, generator in reversed(list(enumerate(node.generators))):
        for test in reversed(generator.ifs):
            body = [ast.If(test, body, [])]
        items = ast.Name("%items", ast.Load()) if k == 0 else generator.iter
        body = [ast.For(generator.target, items, body, [], None)]
    made.body[place] = body[0]
    bound = {inner.target.id for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr)}
    made.body[:0] = [ast.Nonlocal(sorted(bound))] if bound else []
    return made
