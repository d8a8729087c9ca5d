"""How much memory a process can still fill, by what the system, control groups and limits say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_PROC, _CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


def free() -> int | None:
    """How many bytes this process can still fill: the least that any limit leaves."""
    found = [*_of_the_machine(), *_of_groups(), *_of_limits()]
    return max(min(found), 0) if found else None


def _of_the_machine() -> Iterator[int]:
    known = _table(_PROC / "meminfo")
    if "MemAvailable:" in known:
        # in KiB
        yield 1024 * (known["MemAvailable:"] + known.get("SwapFree:", 0))


def _of_groups() -> Iterator[int]:
    """What is left of the limits of the control groups of this process, of either version, and of those above them."""
    for line in _lines(_PROC / "self" / "cgroup"):
        _, controllers, path = line.split(":", 2)
        version_1 = "memory" in controllers.split(",")
        if not version_1 and controllers:
            continue
        root = _CGROUPS / "memory" if version_1 else _CGROUPS
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if version_1 else ("memory.max", "memory.current")
        place = root / path.lstrip("/")
        # inside a container the path may be that of the host, of which only the root is there
        for group in {root, place, *(above for above in place.parents if above.is_relative_to(root))}:
            limit, used = (_number(group / name) for name in names)
            if limit is not None and used is not None:
                cache = _table(group / "memory.stat").get("total_inactive_file" if version_1 else "inactive_file", 0)
                yield limit - used + cache


def _of_limits() -> Iterator[int]:
    try:
        import resource
    except ImportError:  # of Unix alone
        return
    pages = [int(word) for line in _lines(_PROC / "self" / "statm") for word in line.split()]
    if pages:
        size = resource.getpagesize()
        for kind, used in ((resource.RLIMIT_AS, pages[0]), (resource.RLIMIT_DATA, pages[5])):
            limit = resource.getrlimit(kind)[0]
            if limit != resource.RLIM_INFINITY:
                yield limit - used * size


def _table(path: Path) -> dict[str, int]:
    """The lines of a file that are a word and a number."""
    rows = [line.split() for line in _lines(path)]
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _number(path: Path) -> int | None:
    """The number that is a file's content; None for a limit that is none."""
    text = "".join(_lines(path))
    return int(text) if text.isdigit() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
