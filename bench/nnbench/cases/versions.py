"""The suite versions of the cases that ship, to tell which results are judged as the cases are today."""

import tomllib
from collections.abc import Iterator

from nnbench.cases.resources import cases_folder
from nnbench.records.trials import RunRecord


def outdated(run: RunRecord) -> Iterator[str]:
    """Yield a line for each case of a run that has another version by now."""
    now = _versions() if run.cases else {}
    for facts in run.cases:
        version = now.get(facts.name, facts.suite_version)
        if version != facts.suite_version:
            yield (
                f"{facts.name}: this run is of suite version {_spelled(facts.suite_version)}, the case is of"
                f" {_spelled(version)} by now, and the two are not compared. Run it again to judge its trials"
                " anew."
            )


def _versions() -> dict[str, int | None]:
    # Not the catalogue: a report must not wait for what checks a case in full.
    contents = [tomllib.loads(path.read_text(encoding="utf-8")) for path in cases_folder().glob("*.toml")]
    return {
        content["name"]: content.get("calibration", {}).get("suite_version")
        for content in contents
        if "name" in content and "measure" in content
    }


def _spelled(version: int | None) -> str:
    return "none" if version is None else str(version)
