"""What gates found, commit by commit: chains, where they changed, and the commit that did it."""

from pathlib import Path

import numpy as np
import pytest

from nnbench.records.gate import GateItem, GateReport
from nnbench.statistics.comparing.change_point import find_changes
from nnbench.studies.gate.history import PLACE, chains, remember
from tests.nnbench.gate import project
from tests.nnbench.gate.project import gate


def report(n: int, ratio: float) -> GateReport:
    item = GateItem("kernel", "speed", "ok", "", ratio=ratio, interval=(ratio * 0.98, ratio * 1.02), n=8)
    return GateReport(f"c{n}", f"c{n + 1}", "a machine", 1.0, (item,), 0, "nothing regressed")


def test_unchanged_links_are_called_changed_in_one_of_a_hundred_chains() -> None:
    random = np.random.default_rng(0)

    n = sum(bool(find_changes(0.01 * random.standard_normal(12), [0.01] * 12)) for _ in range(100))

    assert n <= 5  # 1 is expected, and 6 has less than 0.1 %


def test_a_step_is_found_where_it_was() -> None:
    links = 0.01 * np.random.default_rng(1).standard_normal(30)
    links[17] += 0.08

    (change,) = find_changes(links, [0.01] * 30)

    assert change.first <= 17 <= change.last
    assert change.last - change.first <= 2
    assert change.total == pytest.approx(0.08, abs=0.04)


def test_a_drift_adds_up_where_no_link_shows_it() -> None:
    links = np.full(30, 0.009)

    (change,) = find_changes(links, [0.01] * 30)

    assert (change.first, change.last) == (0, 29)
    assert change.total == pytest.approx(0.27)


def test_two_changes_are_two() -> None:
    links = np.zeros(20)
    links[[4, 15]] = 0.1, -0.1

    assert [(each.first, each.last) for each in find_changes(links, [0.01] * 20)] == [(4, 4), (15, 15)]


def test_a_link_without_an_error_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        find_changes([0.0], [0.0])


def test_a_chain_multiplies_its_ratios_and_names_the_commits(tmp_path: Path) -> None:
    for n, ratio in enumerate([1.0, 1.001, 1.2, 0.999, 1.0]):
        remember(tmp_path, report(n, ratio))

    (chain,) = chains(tmp_path)

    assert chain.level == pytest.approx(1.001 * 1.2 * 0.999)
    (moved,) = chain.moved
    assert (moved.before, moved.after) == ("c2", "c3")
    assert moved.change == pytest.approx(1.2, rel=0.01)


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path: Path) -> None:
    remember(tmp_path, report(0, 1.0))
    with (tmp_path / PLACE).open("a", encoding="utf-8") as stream:
        stream.write('{"base": "c1", "hea')

    assert [chain.n for chain in chains(tmp_path)] == [1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = project.make(tmp_path / "project")
    for n in range(3):
        project.change(made, "optimizer.py", "import numpy as np\n", f"import numpy as np\n# {n}\n")
    project.change(made, "optimizer.py", "w - RATE", "w + RATE")
    project.git(made, "tag", "culprit")
    for n in range(3, 5):
        project.change(made, "optimizer.py", "import numpy as np\n", f"import numpy as np\n# {n}\n")
    return made


def test_bisect_names_the_commit(folder: Path) -> None:
    done = gate(folder, "bisect", "HEAD~6", "HEAD")

    assert done.returncode == 0, done.stderr
    culprit = (folder / ".git/refs/tags/culprit").read_text(encoding="utf-8").strip()
    assert f"first bad commit: {culprit}" in done.stdout
    assert "the update has the opposite sign" in done.stdout


def test_bisect_refuses_what_is_not_worse(folder: Path) -> None:
    done = gate(folder, "bisect", "HEAD~6", "HEAD~5")

    assert done.returncode == 5
    assert "is not shown to be worse" in done.stderr


def test_bisect_refuses_commits_that_are_not_in_a_line(folder: Path) -> None:
    done = gate(folder, "bisect", "HEAD", "HEAD~3")

    assert done.returncode == 2
    assert "does not come after" in done.stderr


def test_the_history_of_a_project_is_printed(folder: Path) -> None:
    assert gate(folder).returncode == 0
    assert gate(folder, "--base", "HEAD~6").returncode == 1

    done = gate(folder, "--history")

    assert done.returncode == 0
    assert "learning  logistic adam:" in done.stdout
    assert "over 2 gates" in done.stdout


def test_no_history_is_said(tmp_path: Path) -> None:
    done = gate(tmp_path, "--history")

    assert done.returncode == 6
    assert "Run `nnbench gate`" in done.stderr
