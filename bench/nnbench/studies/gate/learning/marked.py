"""Learning subjects that are tests with the mark ``learning``: found in the head's own interpreter."""

import json
import os
import subprocess

from nnbench.errors import UsageError
from nnbench.plan.gate import LearningSection
from nnbench.studies.gate.sides import Side

# Runs in an interpreter that may have no nnbench. Marks are read off the functions, so nothing is collected.
_FIND = """
import importlib.util, json, os, sys
found = []
for file in json.loads(sys.argv[1]):
    sys.path.insert(0, os.path.dirname(os.path.abspath(file)))
    spec = importlib.util.spec_from_file_location(os.path.basename(file)[:-3], file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    of_module = getattr(module, "pytestmark", [])
    of_module = of_module if isinstance(of_module, list) else [of_module]
    for name, value in vars(module).items():
        if name.startswith("test") and callable(value):
            for mark in [*getattr(value, "pytestmark", []), *of_module]:
                if mark.name == "learning":
                    found.append([file, name, mark.kwargs])
                    break
sys.__stdout__.write("\\n" + json.dumps(found))
"""


def with_marked(subjects: tuple[LearningSection, ...], side: Side) -> list[LearningSection]:
    """Return the subjects, with the tests in place of those that name a folder of tests."""
    found: list[LearningSection] = []
    for each in subjects:
        found += [each] if each.pytest is None else _tests(each, each.pytest, side)
    return found


def _tests(asked: LearningSection, place: str, side: Side) -> list[LearningSection]:
    where = f"tool.nnbench.gate.learning, pytest = {place!r}"
    path = side.folder / place
    files = [path] if path.is_file() else sorted([*path.rglob("test_*.py"), *path.rglob("*_test.py")])
    if not files:
        raise UsageError(f"{where}: there is no test file. Name a folder with test_*.py in it, or a file.")
    names = [str(file.relative_to(side.folder)) for file in files]
    marked = _marked(names, side, where)
    if not marked:
        raise UsageError(f"{where}: no test has the mark. Write @pytest.mark.learning(metric=…, margin=…).")
    known = {"metric", "margin", "better", "seeds", "target", "timeout"}
    for file, name, keywords in marked:
        if unknown := sorted(set(keywords) - known):
            raise UsageError(
                f"{file}, {name}: the mark has no {unknown[0]!r}. Known: {', '.join(sorted(known))}."
            )
    own = asked.model_dump(exclude={"pytest", "name", "call"}, exclude_unset=True)
    return [
        LearningSection.model_validate({**own, **keywords, "name": name, "call": f"{file}:{name}"})
        for file, name, keywords in marked
    ]


def _marked(files: list[str], side: Side, where: str) -> list[tuple[str, str, dict[str, object]]]:
    done = subprocess.run(
        [side.python, "-c", _FIND, json.dumps(files)],
        cwd=side.folder,
        env={**os.environ, **side.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise UsageError(f"{where}: its tests cannot be imported: {said[-1] if said else 'no reason'}.")
    return [(file, name, keywords) for file, name, keywords in json.loads(done.stdout.splitlines()[-1])]
