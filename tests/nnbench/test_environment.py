"""The description of the machine: facts where they can be had, None where not, and never an error."""

import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from nnbench.machine import environment
from nnbench.machine.environment import (
    cgroup_quota,
    cpu_make,
    git_revision,
    machine,
    parse_cpuinfo,
    usable_cores,
)

_X86 = "processor\t: 0\nmodel name\t: EPYC: 9B45\nflags\t\t: fpu fma avx avx2 avx512fp16\n\nmodel name\t: b\n"
_ARM = "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd sve\nCPU part\t: 0xd40\n\n"


def test_the_description_can_be_stored_and_printed() -> None:
    found = machine()

    assert json.loads(json.dumps(found)) == found
    assert found["cores"] == usable_cores()
    assert found["python"] == platform.python_version()
    assert found["numpy"] == metadata.version("numpy")
    assert {"cpu", "cpu_features", "memory_bytes", "os", "numba", "llvmlite", "nnkit", "git"} < set(found)


def test_describing_the_machine_imports_neither_numba_nor_nnkit() -> None:
    """Their import takes longer than most commands."""
    folder = Path(environment.__file__).parents[1]
    program = (
        f"import sys; sys.path[:0] = [{str(folder)!r}, {str(folder.parent)!r}]\n"
        "from nnbench.machine.environment import machine\n"
        "machine()\n"
        "print(sorted({'numba', 'llvmlite', 'nnkit', 'numpy'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_nothing_that_fails_stops_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on a system without /proc, git, sysconf and metadata, in a folder that is gone."""

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv("PATH", "")
    monkeypatch.delattr(os, "sysconf", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(environment, "_read", lambda path: None)
    monkeypatch.setattr(metadata, "version", missing)

    found = machine()

    assert [found[name] for name in ("git", "numba", "nnkit", "memory_bytes", "cpu_features")] == [None] * 5
    assert found["cores"] == os.cpu_count()


def test_the_version_of_a_checkout_is_read_from_its_source(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A checkout on the path is not installed, so no metadata knows its version."""
    (tmp_path / "nnkit").mkdir()
    (tmp_path / "nnkit" / "__init__.py").write_text('raise ImportError\n__version__ = "1.2.3"\n')
    monkeypatch.delitem(sys.modules, "nnkit", raising=False)
    monkeypatch.syspath_prepend(tmp_path)

    assert environment._version_in_checkout() == "1.2.3"


@pytest.mark.parametrize(
    ("text", "name", "features"),
    [(_X86, "EPYC: 9B45", ["avx2", "fma"]), (_ARM, None, ["asimd", "sve"]), ("", None, None)],
)
def test_cpuinfo_of_linux(text: str, name: str | None, features: list[str] | None) -> None:
    """The first CPU counts; avx512fp16 is not avx512f."""
    assert parse_cpuinfo(text) == (name, features)


@pytest.mark.parametrize(
    ("text", "make"),
    [
        ("vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n", "Intel, family 6, model 85"),
        ("vendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\n", "AMD, family 26, model 2"),
        ("vendor_id\t: Rare\n", "Rare, family ?, model ?"),
    ],
)
def test_the_make_of_a_cpu_is_not_in_the_name_that_a_cloud_gives_it(text: str, make: str) -> None:
    assert cpu_make(text) == make


def test_a_cpu_that_names_no_vendor_has_its_architecture_for_a_make() -> None:
    assert cpu_make(_ARM) == platform.machine()


def _system(root: Path, membership: str) -> None:
    """Lay out a system whose kernel says that this process belongs to these cgroups."""
    path = root / "proc/self/cgroup"
    path.parent.mkdir(parents=True)
    path.write_text(membership + "\n")


def _cpu(folder: Path, **limits: str) -> None:
    """Write the limits of one cgroup: ``cpu_max`` is the file ``cpu.max``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in limits.items():
        (folder / name.replace("_", ".", 1)).write_text(value + "\n")


def test_no_cgroup_no_quota(tmp_path: Path) -> None:
    assert cgroup_quota(tmp_path) is None


def test_the_tightest_quota_around_the_process_counts(tmp_path: Path) -> None:
    """Version 2 of cgroups: one tree, and a limit may stand at any height of it."""
    _system(tmp_path, "0::/pod/box")
    top = tmp_path / "sys/fs/cgroup"
    _cpu(top / "pod/box", cpu_max="max 100000")
    assert cgroup_quota(tmp_path) is None

    _cpu(top / "pod", cpu_max="150000 100000")
    assert cgroup_quota(tmp_path) == 1.5

    _cpu(top / "pod/box", cpu_max="400000 100000")
    assert cgroup_quota(tmp_path) == 1.5

    _cpu(top / "pod/box", cpu_max="50000 100000")
    assert cgroup_quota(tmp_path) == 0.5


def test_inside_a_container_the_limit_stands_at_the_top(tmp_path: Path) -> None:
    _system(tmp_path, "0::/")
    _cpu(tmp_path / "sys/fs/cgroup", cpu_max="300000 100000")

    assert cgroup_quota(tmp_path) == 3.0


@pytest.mark.parametrize("mount", ["cpu,cpuacct", "cpu"])
def test_version_1_of_cgroups(tmp_path: Path, mount: str) -> None:
    """The controller's folder has one of two names; the path may be the host's and not exist here."""
    _system(tmp_path, "5:devices:/x\n4:cpu,cpuacct:/host/path\n1:name=systemd:/x\n0::/")
    folder = tmp_path / "sys/fs/cgroup" / mount
    _cpu(folder, cpu_cfs_quota_us="-1", cpu_cfs_period_us="100000")
    assert cgroup_quota(tmp_path) is None

    _cpu(folder, cpu_cfs_quota_us="250000", cpu_cfs_period_us="100000")
    assert cgroup_quota(tmp_path) == 2.5


@pytest.mark.parametrize("content", ["", "max", "banana 100000", "100000 0", "100000"])
def test_a_quota_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    _system(tmp_path, "0::/")
    _cpu(tmp_path / "sys/fs/cgroup", cpu_max=content)

    assert cgroup_quota(tmp_path) is None


@pytest.mark.parametrize(
    ("quota", "cores"), [("50000", 1), ("190000", 1), ("300000", 3), ("900000", 4), ("max", 4)]
)
def test_cores_are_those_allowed_within_the_quota_rounded_down(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quota: str, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    _system(tmp_path, "0::/")
    _cpu(tmp_path / "sys/fs/cgroup", cpu_max=f"{quota} 100000")

    assert usable_cores(tmp_path) == cores


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True)


def test_the_revision_says_whether_files_differ_from_it(tmp_path: Path) -> None:
    """Outside of a repository there is none; tags do not hide it."""
    try:
        _git(tmp_path, "init")
    except FileNotFoundError:
        pytest.skip("git is not installed")
    assert git_revision(tmp_path) is None

    (tmp_path / "file").write_text("1")
    _git(tmp_path, "add", "file")
    _git(tmp_path, "commit", "-m", "one")
    _git(tmp_path, "tag", "-a", "v1", "-m", "v1")
    clean = git_revision(tmp_path)
    (tmp_path / "file").write_text("2")

    assert clean is not None
    assert len(clean) == 12
    assert int(clean, 16) >= 0
    assert git_revision(tmp_path) == f"{clean}-dirty"
    assert git_revision(tmp_path / "nowhere") is None
