"""Examine what nnbench depends on. Nothing is changed; what cannot be examined is a finding, not an error."""

import importlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nnbench.cases import catalogue
from nnbench.machine import environment, noise
from nnbench.machine.clock import Clock
from nnbench.store import MissingStore, Store

State = Literal["ok", "warn", "fail"]

POOR = 0.1  # a slow-down that a gate should not miss
_VECTORS = ("avx512f", "avx2", "asimd")


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the examination."""

    name: str
    state: State
    finding: str


def examine(store: Path) -> list[Check]:
    """Return a check for everything that can make nnbench slow or stop it."""
    facts = environment.machine()
    return [
        *_versions(facts),
        *_processor(facts),
        _guarded("compiler", _compiler),
        _guarded("kernel cache", _kernel_cache),
        _guarded("cases", _cases),
        _guarded("store", lambda: _store(store)),
        _load(facts),
        _guarded("noise", _noise),
    ]


def pairs_of_processes() -> list[Check]:
    """Return what a gate could see on this machine, from ten seconds of pairs that did the same work."""
    from nnbench.reporting.digits import percentage
    from nnbench.studies.gate.speed.noise import see

    seen = see(Clock())
    said = [f"{percentage(seen.smallest_visible(n))} % in {n} pairs" for n in (8, 16)]
    scatter = (
        f"samples of one process scatter by {percentage(seen.within)} %, pairs of processes by"
        f" {percentage(seen.between)} % (n = {seen.n}); {percentage(seen.stolen)} % of the time went to other"
        f" virtual machines; the CPU was taken away {seen.switches:.0f} times a process"
    )
    is_poor = seen.smallest_visible(16) > POOR
    checks = [
        Check("pairs of processes", "warn" if is_poor else "ok", scatter),
        Check("smallest slow-down", "warn" if is_poor else "ok", f"{' and '.join(said)}. {seen.in_words}"),
    ]
    return checks + ([Check("frequency", "ok", "; ".join(seen.facts))] if seen.facts else [])


def _guarded(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except Exception as error:  # whatever it is, it is what the doctor was asked to find
        return Check(name, "fail", " ".join(f"{type(error).__name__}: {error}".split()))


def _versions(facts: dict[str, object]) -> Iterator[Check]:
    for name in ("nnkit", "python", "numpy", "numba", "llvmlite"):
        version = facts.get(name)
        yield Check(name, "ok" if version else "fail", str(version or "not installed"))


def _processor(facts: dict[str, object]) -> Iterator[Check]:
    features = facts.get("cpu_features")
    vectors = [name for name in _VECTORS if isinstance(features, list) and name in features]
    yield Check("processor", "ok", f"{facts.get('cpu') or 'unknown'}, {facts.get('os') or 'unknown system'}")
    if vectors:
        yield Check("vectors", "ok", vectors[0])
    else:
        yield Check("vectors", "warn", "no wide vector instructions were found; training will be slow")
    yield Check("cores", "ok", f"{facts.get('cores')} can be used, for as many trials at a time")


def _compiler() -> Check:
    importlib.import_module("numba")
    return Check("compiler", "ok", "numba can be imported")


def _kernel_cache() -> Check:
    from nnkit import pack

    folder = pack.folder()
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(nearest, os.W_OK):
        return Check(
            "kernel cache", "warn", f"{nearest} cannot be written: every start compiles. Set NNKIT_CACHE_DIR."
        )
    n = len(list(folder.glob("*.o"))) if folder.exists() else 0
    return Check("kernel cache", "ok", f"{folder}: {n} kernels")


def _cases() -> Check:
    entries = catalogue.built_in()
    for entry in entries:
        catalogue.read_case(entry.content, f"cases/{entry.path.name}")
    return Check("cases", "ok" if entries else "fail", f"{len(entries)} built in")


def _store(path: Path) -> Check:
    try:
        with Store.open(path, create=False) as store:
            if damage := store.damage():
                return Check("store", "fail", f"{path}: {'; '.join(damage)}")
            return Check("store", "ok", f"{path}: {len(store.runs())} runs")
    except MissingStore:
        nearest = next(place for place in (path.parent, *path.absolute().parents) if place.exists())
        if not os.access(nearest, os.W_OK):
            return Check("store", "fail", f"{nearest} cannot be written. Name another folder with --store.")
        return Check("store", "ok", f"{path}: none yet; it is made by the first run")


def _load(facts: dict[str, object]) -> Check:
    """Say whether other programs keep the processor busy, since that is what spoils measured times most."""
    try:
        busy = os.getloadavg()[0]
    except (AttributeError, OSError):
        return Check("load", "ok", "cannot be read on this system")
    cores = facts.get("cores")
    text = f"{busy:.1f} programs want the processor, over the last minute"
    if isinstance(cores, int) and busy > 0.5 * cores:
        return Check("load", "warn", f"{text}: times will be noisy, and runs slower")
    return Check("load", "ok", text)


def _noise() -> Check:
    """Say whether times measured now would be worth anything."""
    seen = noise.probe(Clock())
    return Check("noise", "warn" if seen.is_noisy else "ok", str(seen))
