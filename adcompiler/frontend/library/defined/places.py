"""Lists of numbers that get or lose an item at some place: those behind it move."""

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
