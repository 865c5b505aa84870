"""What reporting loads: never the training core, and the heavy packages only for what needs them."""

import subprocess
import sys
from pathlib import Path

import pytest

import nnbench.reporting

HEAVY = ("numba", "nnkit", "matplotlib", "rich", "jinja2", "scipy", "pydantic")


def loaded_after(program: str) -> set[str]:
    program += f"\nimport sys\nprint(' '.join(n for n in {HEAVY!r} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("modules", "allowed"),
    [
        (("document", "json.run", "render.csv", "render.markdown", "render.latex"), set()),
        (("render.text",), {"rich"}),
        (("render.html",), {"jinja2"}),
        (("figures.curves",), {"matplotlib"}),
    ],
)
def test_each_format_loads_only_what_it_needs(modules: tuple[str, ...], allowed: set[str]) -> None:
    """JSON, CSV, Markdown and LaTeX need no package; text brings rich, a page jinja2, a figure matplotlib."""
    program = "\n".join(f"import nnbench.reporting.{each}" for each in modules)

    assert loaded_after(program) == allowed


def test_no_module_of_reporting_loads_the_training_core() -> None:
    """All modules together load neither numba nor nnkit."""
    root = Path(nnbench.reporting.__path__[0])
    names = [
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in root.rglob("*.py")
        if path.stem != "__init__"
    ]

    found = loaded_after("\n".join(f"import nnbench.reporting.{each}" for each in names))

    assert len(names) > 15
    assert found == {"matplotlib", "rich", "jinja2"}
