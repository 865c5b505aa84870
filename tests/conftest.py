"""How the tests run: where compiled kernels are kept, and which examples hypothesis tries."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# A first call compiles kernels: no deadline. In CI the same examples every time: a red run is repeatable.
settings.register_profile("nnbench", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("nnbench")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder before anything compiles; a folder that the caller chose stays."""
    if "NNKIT_CACHE_DIR" in os.environ:
        return
    cache = getattr(config, "cache", None)
    beside = Path(tempfile.gettempdir(), "nnkit_test_kernels")
    folder = beside if cache is None else cache.mkdir("nnkit_kernels")
    os.environ["NNKIT_CACHE_DIR"] = str(folder)
