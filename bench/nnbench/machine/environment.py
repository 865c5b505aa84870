"""The machine a run is measured on, in words that a report can print. What cannot be found out is None."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path

# The vector instructions that decide which kernels run; the other flags of a CPU say nothing here.
_FEATURES = ("avx512f", "avx2", "fma", "asimd", "sve")
_MAKES = {"GenuineIntel": "Intel", "AuthenticAMD": "AMD"}
_GIT_TIMEOUT_S = 2.0


def machine() -> dict[str, object]:
    """Return what is known of this machine and these versions, as values that JSON can hold."""
    cpu, features = _processor()
    return {
        "cpu": cpu,
        "cpu_features": features,
        "cores": usable_cores(),
        "memory_bytes": _memory_bytes(),
        "os": platform.platform() or None,
        "python": platform.python_version(),
        "numpy": _version("numpy"),
        "numba": _version("numba"),
        "llvmlite": _version("llvmlite"),
        "nnkit": _version("nnkit-bench") or _version_in_checkout(),
        "git": git_revision(Path()),
    }


def cpu_make(text: str | None = None) -> str:
    """Return who made the CPU, and which it is: ``"Intel, family 6, model 85"``; clouds hide it in the name.

    ``text`` is what Linux's ``/proc/cpuinfo`` says; elsewhere the machine's architecture has to do.
    """
    fields = _fields(text or _read(Path("/proc/cpuinfo")) or "")
    vendor = fields.get("vendor_id", "")
    if not vendor:
        return platform.machine() or "unknown make"
    family, model = fields.get("cpu family", "?"), fields.get("model", "?")
    return f"{_MAKES.get(vendor, vendor)}, family {family}, model {model}"


def usable_cores(root: Path = Path("/")) -> int:
    """Return how many trials can run at once: the cores this process may use, within its cgroup's quota."""
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    quota = cgroup_quota(root)
    # Rounded down: a thread that is throttled for part of its time spoils every measurement of speed.
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def cgroup_quota(root: Path = Path("/")) -> float | None:
    """Return the smallest CPU quota, in cores, of this process's cgroup and those around it, or None."""
    quotas = [
        quota
        for folder in _cgroup_folders(root)
        if (quota := _quota_v2(folder) or _quota_v1(folder)) is not None
    ]
    return min(quotas, default=None)


def _cgroup_folders(root: Path) -> Iterator[Path]:
    """Yield the folders that may limit this process, from its own cgroup up to the top of the mount."""
    mount = root / "sys/fs/cgroup"
    for line in (_read(root / "proc/self/cgroup") or "").splitlines():
        _, _, named = line.partition(":")
        controllers, _, inside = named.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        # An empty name is cgroup 2. Version 1 is mounted under the names of the controllers, together or
        # apart; inside a container the path is often the host's, and only the top of the mount is there.
        tops = [mount] if not controllers else [mount / controllers, mount / "cpu"]
        for top in tops:
            folder = top / inside.strip("/")
            yield folder
            yield from (parent for parent in folder.parents if parent.is_relative_to(top))


def _quota_v2(folder: Path) -> float | None:
    limit, _, period_us = (_read(folder / "cpu.max") or "max").strip().partition(" ")
    return _ratio(limit, period_us)


def _quota_v1(folder: Path) -> float | None:
    return _ratio(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _ratio(limit_us: str | None, period_us: str | None) -> float | None:
    try:
        quota = float(limit_us or "") / float(period_us or "")
    except (ValueError, ZeroDivisionError):
        return None  # "max", -1 below, or no such file: there is no limit here
    return quota if quota > 0 else None


def _processor() -> tuple[str | None, list[str] | None]:
    """Return the name of the CPU and those of its features that matter here."""
    text = _read(Path("/proc/cpuinfo"))
    if text is not None:
        name, features = parse_cpuinfo(text)
        return name or platform.processor() or platform.machine() or None, features
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string"), _features_of_mac()
    return os.environ.get("PROCESSOR_IDENTIFIER") or platform.processor() or None, None


def parse_cpuinfo(text: str) -> tuple[str | None, list[str] | None]:
    """Read the first CPU of Linux's ``/proc/cpuinfo``: its name (ARM gives none) and its features."""
    fields = _fields(text)
    flags = fields.get("flags") or fields.get("Features")
    return fields.get("model name"), _known_features(flags)


def _fields(cpuinfo: str) -> dict[str, str]:
    """Return what is said of the first CPU."""
    return dict(re.findall(r"^([^\t:]+?)\s*:\s*(.*)$", cpuinfo.split("\n\n")[0], re.MULTILINE))


def _features_of_mac() -> list[str] | None:
    if platform.machine() == "arm64":
        return ["asimd"]
    return _known_features(_output("sysctl", "-n", "machdep.cpu.features", "machdep.cpu.leaf7_features"))


def _known_features(flags: str | None) -> list[str] | None:
    if not flags:
        return None
    found = set(flags.lower().split())
    return [name for name in _FEATURES if name in found]


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None  # Windows has no sysconf


def _version(distribution: str) -> str | None:
    # The metadata, never the module: importing numba takes longer than most commands.
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _version_in_checkout() -> str | None:
    """Read the version out of nnkit's source, for a checkout that is on the path but not installed."""
    spec = util.find_spec("nnkit")
    source = _read(Path(spec.origin)) if spec is not None and spec.origin else None
    found = re.search(r"^__version__\s*=\s*[\"']([^\"']+)", source or "", re.MULTILINE)
    return found.group(1) if found else None


def git_revision(folder: Path) -> str | None:
    """Return the commit checked out around ``folder``, with ``-dirty`` if files differ from it, or None."""
    # A file-system monitor is a program of the folder's choice: do not start it just to read a revision.
    describe = ("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    return _output("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(folder), *describe)


def _output(*command: str) -> str | None:
    """Return what a program prints, on one line, or None if it fails in any way."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=_GIT_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return " ".join(done.stdout.split()) or None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
