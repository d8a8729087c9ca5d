"""Random statements with lists: filled, appended to, changed and read."""

from __future__ import annotations

from tests.fuzz.expressions import index, scalar
from tests.fuzz.scope import Choice, Scope

Lines = list[str]


def by_list(c: Choice, s: Scope) -> tuple[Lines, Scope]:
    """A list of the elements of a vector, whose numbers change, and what becomes of them."""
    vectors = s.of_rank(1)
    if not vectors:
        return [f"{c.of(s.scalars)} = np.tanh({scalar(c, s, 1)})"], s
    vector = c.of(vectors)
    extent, name, entry = s.arrays[vector][0], c.fresh("l"), c.fresh("e")
    lines = made(c, s, vector, name, entry)
    for _ in range(c.between(0, 2)):
        lines += [changed(c, s, name, extent)]
    target = c.of(s.scalars)
    read = c.of((f"sum({name})", f"{name}[{index(c, s, extent)}]", f"max({name})", f"np.sum(np.array({name}) ** 2)"))
    return [*lines, f"{target} = np.tanh({read})"], s


def made(c: Choice, s: Scope, vector: str, name: str, entry: str) -> Lines:
    """Lines that make a list as long as a vector."""
    inner = s.having(entry)
    if c.chance(0.4):
        step = scalar(c, inner, 1) if c.chance(0.5) else f"{name}[-1] + {entry}"
        return [f"{name} = [{vector}[0]]", f"for {entry} in {vector}[1:]:", f"    {name}.append(np.sin({step}))"]
    return [f"{name} = {c.of((f'list({vector})', f'[np.sin({scalar(c, inner, 1)}) for {entry} in {vector}]'))}"]


def changed(c: Choice, s: Scope, name: str, extent: int) -> str:
    """A line that changes numbers of a list."""
    a, b = (f"{name}[{index(c, s, extent)}]" for _ in range(2))
    return c.of(
        (
            f"{a}, {b} = {b}, {a}",
            f"{a} = np.sin({b}) * 0.7",
            f"{a} += np.sin({scalar(c, s, 1)}) * {b}",
            f"{a} *= {b}",
        )
    )
