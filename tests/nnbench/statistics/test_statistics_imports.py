"""The statistics load without the heavy packages."""

import os
import subprocess
import sys
from pathlib import Path

import nnbench.statistics


def test_statistics_import_neither_scipy_nor_numba_nor_nnkit() -> None:
    """All modules of the package, imported in a fresh process, leave the heavy ones unloaded."""
    root = Path(nnbench.statistics.__path__[0])
    names = [".".join(path.relative_to(root).with_suffix("").parts) for path in root.glob("*/[a-z]*.py")]
    program = "".join(f"import nnbench.statistics.{name}\n" for name in names)
    program += "import sys\nprint(sorted({'scipy', 'numba', 'nnkit', 'pydantic'} & set(sys.modules)))"

    # The child finds the package where this process found it, installed or not.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )

    assert len(names) > 10
    assert done.stdout.strip() == "[]"
