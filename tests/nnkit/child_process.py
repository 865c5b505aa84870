"""Python in a fresh process: another CPU to compile for, another cache, the JIT switched off."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_python(*arguments: str, **environment: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``python`` with these arguments and variables, from the root of the checkout."""
    search_path = os.pathsep.join([str(ROOT), *(path for path in sys.path if path)])
    variables = {**os.environ, "PYTHONPATH": search_path, **{k: str(v) for k, v in environment.items()}}
    return subprocess.run(
        [sys.executable, *arguments], env=variables, capture_output=True, text=True, timeout=300, cwd=ROOT
    )


def output_of(*arguments: str, **environment: str | Path) -> str:
    """Return what the process prints; one that fails shows its error."""
    done = run_python(*arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout
