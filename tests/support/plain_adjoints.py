"""The gradients of named programs, computed with the generated code run as plain Python; a process of its own."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def start(names: list[str], result: Path) -> dict[str, Any]:
    """Compute the gradients of the programs called `names` in a process without compilation."""
    environment = {**os.environ, "ADCOMPILER_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "tests.support.plain_adjoints", str(result), *names]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=3600)
    return dict(pickle.loads(result.read_bytes()))


def gradients(names: list[str]) -> dict[str, Any]:
    """Return each program's gradient, or the text of its traceback."""
    from tests.support.cases import Case
    from tests.support.registry import load_programs

    programs = [program for program in load_programs() if program.name in names]
    with ThreadPoolExecutor(max_workers=1) as pool:
        jobs = {program.name: pool.submit(getattr, Case(program), "gradient") for program in programs}
    return {name: job.result() if job.exception() is None else described(job.exception()) for name, job in jobs.items()}


def described(error: BaseException | None) -> str:
    """Return the traceback as text."""
    return "".join(traceback.format_exception(error))


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(pickle.dumps(gradients(sys.argv[2:])))
