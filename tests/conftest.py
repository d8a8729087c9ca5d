"""Fixtures of all tests, a cache folder of their own, and the random programs' profile."""

from __future__ import annotations

import os
import random
import shutil
import tempfile

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "fixed", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("fuzz", settings.get_profile("fixed"), derandomize=False, max_examples=2000, print_blob=True)
settings.load_profile("fixed")

CACHE = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the compiler's files of this run, and of its subprocesses, out of the user's cache folder."""
    config.stash[CACHE] = os.environ["ADCOMPILER_CACHE_DIR"] = tempfile.mkdtemp(prefix="adcompiler-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the cache folder."""
    shutil.rmtree(config.stash[CACHE], ignore_errors=True)


@pytest.fixture(autouse=True)
def seeds() -> None:
    """Every test starts from the same state of the global generators."""
    random.seed(20)
    np.random.seed(20)


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same in every run."""
    return np.random.default_rng(20)
