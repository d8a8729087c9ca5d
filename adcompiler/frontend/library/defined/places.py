"""Methods of lists whose length is known only at run time."""

from __future__ import annotations

from typing import Any


def taken_out(items: Any, k: Any) -> Any:
    """`items.pop(k)`."""
    n = len(items)
    if n == 0:
        raise IndexError("pop from empty list")
    k = k + n if k < 0 else k
    if k < 0 or k >= n:
        raise IndexError("pop index out of range")
    taken = items[k]
    for i in range(k, n - 1):
        items[i] = items[i + 1]
    items.pop()
    return taken


def put_in(items: Any, k: Any, item: Any) -> None:
    """`items.insert(k, item)`."""
    n = len(items)
    k = max(k + n, 0) if k < 0 else min(k, n)
    items.append(item)
    for i in range(n, k, -1):
        items[i] = items[i - 1]
    items[k] = item


def index_of(items: Any, name: Any, item: Any, start: Any = 0, stop: Any = None) -> Any:
    """`items.index(item, start, stop)`, of an item that a message calls so."""
    n = len(items)
    first = max(start + n, 0) if start < 0 else start
    last = n if stop is None else stop + n if stop < 0 else min(stop, n)
    for k in range(first, last):
        if items[k] == item:
            return k
    raise ValueError(f"{name} is not in list")


def count_of(items: Any, item: Any) -> Any:
    """`items.count(item)`."""
    found = 0
    for one in items:
        if one == item:
            found += 1
    return found


def same_items(items: Any, others: Any) -> Any:
    """`items == others`."""
    n = len(items)
    if len(others) != n:
        return False
    for k in range(n):
        if items[k] != others[k]:
            return False
    return True


def turned(items: Any) -> None:
    """`items.reverse()`."""
    n = len(items)
    for k in range(n // 2):
        items[k], items[n - 1 - k] = items[n - 1 - k], items[k]


def put_in_order(items: Any, *, key: Any = None, reverse: Any = False) -> None:
    """`items.sort(key=key, reverse=reverse)`."""
    ordered = sorted(items, key=key, reverse=reverse)
    for k in range(len(items)):
        items[k] = ordered[k]


def emptied(items: Any) -> None:
    """`items.clear()`."""
    for _ in range(len(items)):
        items.pop()


def extended(items: Any, more: Any) -> None:
    """`items.extend(more)`."""
    for item in more:
        items.append(item)


def removed(items: Any, item: Any) -> None:
    """`items.remove(item)`."""
    for k in range(len(items)):
        if items[k] == item:
            items.pop(k)
            return
    raise ValueError("list.remove(x): x not in list")
