"""Files kept between processes: generated text, machine code and what a warm start needs to skip the compiler.

Machine code is unpickled and run, so a folder that others may write to is not used, every file is sealed with a
checksum, and its name is a hash of all that its content depends on. A file that is damaged or cannot be read is
as good as absent; one that cannot be written is done without.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import platform
import stat
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import adcompiler

MAGIC = b"adcompiler 1\n"
DIGEST = hashlib.sha256().digest_size
LIMIT = 1 << 30
SUFFIXES = (".py", ".bin", ".json", ".calls")
_DAY = 86400.0
# a file is opened where it stands, and at once: not behind a link, not when somebody writes into a pipe
_AT_ONCE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
#: What unpickling may raise for a file of another build that the checksum lets through.
UNREADABLE = (pickle.UnpicklingError, EOFError, AttributeError, ImportError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that belongs to the user alone.

    Parameters
    ----------
    path : Path
        Where it is.
    """

    path: Path

    def load(self, name: str) -> bytes | None:
        """The content of a sealed file; None where it is absent, damaged or somebody else's."""
        data = self._read(name)
        if data is None or not data.startswith(MAGIC):
            return None
        digest, content = data[len(MAGIC) : len(MAGIC) + DIGEST], data[len(MAGIC) + DIGEST :]
        return content if hashlib.sha256(content).digest() == digest else None

    def store(self, name: str, content: bytes) -> bool:
        """Write a sealed file; tell whether it could be written."""
        _tidy(self)
        return self._write(name, MAGIC + hashlib.sha256(content).digest() + content)

    def module(self, name: str, text: str) -> Path | None:
        """The path of a file that holds exactly `text`; None where it cannot be written."""
        content = text.encode()
        there = self._read(name) == content or self._write(name, content)
        return self.path / name if there else None

    def _read(self, name: str) -> bytes | None:
        path = self.path / name
        try:
            with open(path, "rb", opener=lambda path, flags: os.open(path, flags | _AT_ONCE)) as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode) or not _ours(status):
                    return None
                data = file.read()
        except OSError:
            return None
        if time.time() - status.st_mtime > _DAY:
            # those that nobody needs are removed first
            with suppress(OSError):
                os.utime(path)
        return data

    def _write(self, name: str, data: bytes) -> bool:
        # readers in other processes see the whole file or none of it
        try:
            handle, temporary = tempfile.mkstemp(prefix=f".{name}-", dir=self.path)
        except OSError:
            return False
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(temporary, self.path / name)
        except OSError:
            return False
        finally:
            # of what was written in full this name is gone
            with suppress(OSError):
                os.unlink(temporary)
        return True

    def files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """The files of this cache, and nothing else that may lie in the folder."""
        with suppress(OSError):
            for path in sorted(self.path.iterdir()):
                if path.suffix in SUFFIXES or _is_temporary(path):
                    with suppress(OSError):
                        status = path.lstat()
                        if not stat.S_ISDIR(status.st_mode):
                            yield path, status

    def size(self) -> tuple[int, int]:
        """The number of files, and the bytes they take."""
        sizes = [status.st_size for _, status in self.files()]
        return len(sizes), sum(sizes)

    def prune(self, limit: int = LIMIT) -> int:
        """Remove what nobody has used for longest until the rest takes at most `limit` bytes; return how many files.

        What a process that was ended has left half written goes after a day.
        """
        known = [(status.st_mtime, status.st_size, path) for path, status in self.files()]
        excess, removed, now = sum(size for _, size, _ in known) - limit, 0, time.time()
        for changed, size, path in sorted(known):
            if excess > 0 or (_is_temporary(path) and now - changed > _DAY):
                with suppress(OSError):
                    path.unlink()
                    excess, removed = excess - size, removed + 1
        return removed

    def clear(self) -> int:
        """Remove every file of this cache; return how many there were."""
        return self.prune(limit=-1)


def folder() -> Folder | None:
    """The folder in use: `ADCOMPILER_CACHE_DIR`, else one in the user's cache folder; None where neither will do."""
    return _usable(os.environ.get("ADCOMPILER_CACHE_DIR") or _default())


def _default() -> str:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", os.path.join("~", "AppData", "Local"))
    elif sys.platform == "darwin":
        base = os.path.join("~", "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    return os.path.expanduser(os.path.join(base, "adcompiler"))


@functools.lru_cache(maxsize=16)
def _usable(place: str) -> Folder | None:
    """The folder at `place`, made where it is missing; warns once where it cannot be used."""
    path = Path(place).absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            problem = "it is a link to a folder"
        elif not _ours(status):
            problem = "it belongs to another user, or others may write to it"
        elif not os.access(path, os.W_OK | os.X_OK):
            problem = "it cannot be written to"
        else:
            return Folder(path)
    except OSError as error:
        problem = error.strerror or type(error).__name__
    warnings.warn(
        f"the cache folder {path} is not used: {problem}; every process compiles anew. Set ADCOMPILER_CACHE_DIR to a "
        "folder of yours with mode 0700.",
        RuntimeWarning,
        stacklevel=2,
    )
    return None


@functools.lru_cache(maxsize=16)
def _tidy(folder: Folder) -> int:
    """Keep the folder small: once a process, and only in one that adds to it."""
    return folder.prune()


def _ours(status: os.stat_result) -> bool:
    """Whether a file or folder belongs to this user and nobody else may write to it."""
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _is_temporary(path: Path) -> bool:
    """Whether a file is one that is, or was, being written: `.NAME.SUFFIX-RANDOM`."""
    return path.name.startswith(".") and path.suffix.partition("-")[0] in SUFFIXES


@functools.lru_cache(maxsize=1)
def versions() -> str:
    """What generated text depends on besides the user's program: packages, Python and the machine."""
    # importing Numba takes longer than everything else in this package
    import llvmlite.binding
    import numba

    stamps = tuple(_stamps(os.path.dirname(adcompiler.__file__)))
    packages = adcompiler.__version__, stamps, np.__version__, numba.__version__, llvmlite.__version__
    processor = platform.machine(), llvmlite.binding.get_host_cpu_name(), _features(llvmlite.binding)
    return repr((packages, sys.version, sys.platform, processor))


def _stamps(folder: str) -> Iterator[tuple[str, int, int]]:
    """The files of Python in a folder and those below, with their times and sizes."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.endswith(".py"):
                status = entry.stat()
                yield entry.name, status.st_mtime_ns, status.st_size
            elif entry.name != "__pycache__" and entry.is_dir():
                yield from _stamps(entry.path)


def _features(binding: Any) -> str:
    """What this processor can do, which decides the text of some loops."""
    try:
        return str(binding.get_host_cpu_features().flatten())
    except RuntimeError:
        # LLVM does not know it
        return ""


def key(*parts: str) -> str:
    """A short hash of several texts.

    >>> key("ab", "c") == key("a", "bc")
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:".encode() + part.encode())
    return digest.hexdigest()[:20]
