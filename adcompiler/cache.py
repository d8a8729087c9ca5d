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
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import adcompiler

MAGIC = b"adcompiler 1\n"
DIGEST = hashlib.sha256().digest_size
LIMIT = 1 << 30
SUFFIXES = (".py", ".bin", ".json", ".calls")
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
        try:
            with open(self.path / name, "rb") as file:
                return file.read() if _ours(os.fstat(file.fileno())) else None
        except OSError:
            return None

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
            Path(temporary).unlink(missing_ok=True)
            return False
        return True

    def files(self) -> Iterator[Path]:
        """The files of this cache, and nothing else that may lie in the folder."""
        return (path for path in sorted(self.path.iterdir()) if path.suffix in SUFFIXES and path.is_file())

    def prune(self, limit: int = LIMIT) -> int:
        """Remove the oldest files until the rest take at most `limit` bytes; return how many were removed."""
        known = []
        for path in self.files():
            try:
                status = path.stat()
            except OSError:
                continue
            known.append((status.st_mtime, status.st_size, path))
        excess, removed = sum(size for _, size, _ in known) - limit, 0
        for _, size, path in sorted(known):
            if excess <= 0:
                break
            path.unlink(missing_ok=True)
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
        status = path.stat()
        if not _ours(status):
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


@functools.lru_cache(maxsize=1)
def versions() -> str:
    """What generated text depends on besides the user's program: this package, Python, NumPy and the machine."""
    package = Path(adcompiler.__file__).parent
    stamps = [
        (str(path.relative_to(package)), path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(package.rglob("*.py"))
    ]
    return repr((adcompiler.__version__, stamps, sys.version, np.__version__, platform.machine(), sys.platform))


def key(*parts: str) -> str:
    """A short hash of several texts.

    >>> key("ab", "c") == key("a", "bc")
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:".encode() + part.encode())
    return digest.hexdigest()[:20]
