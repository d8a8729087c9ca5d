"""Memory of one call serves the next."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import numpy as np
from adcompiler.backend.runtime.malloc import keep_freed_memory
{first}
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        blocks = [np.ones(50_000) for _ in range(6)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the limits are those of glibc")
def test_pages_are_kept_between_calls() -> None:
    found = []
    for first in ("", "keep_freed_memory()"):
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(first=first)], capture_output=True, text=True, check=True
        )
        found.append(int(run.stdout))
    plain, kept = found
    assert kept < 500 < plain
