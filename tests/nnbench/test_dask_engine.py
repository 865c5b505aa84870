"""Trials on a cluster of dask: a real scheduler and two workers over TCP, and what kills leave behind."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from nnbench.cases import plugins
from nnbench.errors import EnvironmentProblem, NnbenchError
from nnbench.machine.clock import Clock
from nnbench.machine.stopping import Stop
from nnbench.store import Store
from tests.waiting import until

pytest.importorskip("distributed", reason="dask.distributed is the extra `cluster`")
RUN = ("run", "iris", "--optimizer", "sgd", "--epochs", "40", "--engine", "dask", "--json")


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.scheduler = self._start("dask_scheduler", "--host", self.address, "--no-dashboard")
        self.workers = [self.worker(), self.worker()]
        self.clients: list[subprocess.Popen[str]] = []

    def worker(self) -> "subprocess.Popen[bytes]":
        once = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "60")
        return self._start("dask_worker", self.address, *once, "--local-directory", str(self.folder / "dask"))

    def close(self) -> None:
        for client in self.clients:
            client.kill()
            client.communicate()
        for each in (*self.workers, self.scheduler):
            each.kill()
            each.wait()

    def _start(self, module: str, *options: str) -> "subprocess.Popen[bytes]":
        command = (sys.executable, "-m", f"distributed.cli.{module}", *options)
        log = (self.folder / "dask.log").open("ab")
        with log:
            return subprocess.Popen(command, stdout=log, stderr=log)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.close()


def begin(cluster: Cluster, seeds: int) -> "subprocess.Popen[str]":
    command = (sys.executable, "-m", "nnbench", *RUN, "--seeds", str(seeds), "--store", str(cluster.folder))
    client = subprocess.Popen(
        (*command, "--scheduler", cluster.address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    cluster.clients.append(client)
    return client


def recorded(cluster: Cluster) -> int:
    with suppress(NnbenchError), Store.open(cluster.folder / "store.sqlite", create=False) as store:
        return len(store.has(store.run("last").trial_keys))
    return 0


def assert_whole(cluster: Cluster, nnb: Any, seeds: int) -> None:
    """Hold every trial of the store against threads: none is missing, doubled, or another."""
    threads = [part if part != "dask" else "threads" for part in RUN]
    told = [
        nnb(*threads, "--seeds", str(seeds), "--store", str(folder))
        for folder in (cluster.folder, cluster.folder / "threads")
    ]
    found, expected = (json.loads(text) for _, text, _ in told)
    digests = [{trial["key"]: trial["digest"] for trial in each["trials"]} for each in (found, expected)]
    assert len(found["trials"]) == len(digests[0]) == seeds
    assert digests[0] == digests[1]
    assert {trial["status"] for trial in found["trials"]} == {"finished"}


def test_a_run_on_a_cluster_has_the_digests_of_threads(cluster: Cluster, nnb: Any) -> None:
    ended = begin(cluster, 60)
    text, said = ended.communicate()

    assert ended.returncode == 0, said
    assert json.loads(text)["environment"]["engine"] == "dask"
    assert_whole(cluster, nnb, 60)


def test_a_killed_worker_loses_nothing(cluster: Cluster, nnb: Any) -> None:
    running = begin(cluster, 200)
    until(lambda: recorded(cluster))

    cluster.workers[0].send_signal(signal.SIGKILL)
    _, said = running.communicate()

    assert running.returncode == 0, said
    assert recorded(cluster) == 200
    assert_whole(cluster, nnb, 200)


def test_a_killed_scheduler_ends_the_run_with_one_line_and_keeps_what_ended(
    cluster: Cluster, nnb: Any
) -> None:
    running = begin(cluster, 200)
    until(lambda: recorded(cluster))

    cluster.scheduler.send_signal(signal.SIGKILL)
    _, said = running.communicate()

    assert running.returncode == 4, said
    assert "is lost. Every trial that ended is kept" in said.splitlines()[-1]
    assert "Traceback" not in said, said
    assert 0 < recorded(cluster) <= 200
    assert_whole(cluster, nnb, 200)


def test_a_killed_client_loses_nothing_that_was_recorded(cluster: Cluster, nnb: Any) -> None:
    running = begin(cluster, 200)
    until(lambda: recorded(cluster))

    running.send_signal(signal.SIGKILL)
    running.communicate()

    assert 0 < recorded(cluster) <= 200
    again = begin(cluster, 200)
    _, said = again.communicate()
    assert again.returncode == 0, said
    assert_whole(cluster, nnb, 200)


def test_a_worker_that_computes_something_else_is_named_with_both_values(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a machine has another plug-in of the same name."""
    from nnbench.running import clustered

    here = clustered.fingerprint(())
    changed = clustered.Fingerprint((("numpy", "0.1"), *here.facts[1:]))
    monkeypatch.setattr(clustered, "_of_this_process", lambda files: changed)

    with pytest.raises(EnvironmentProblem, match=r"worker tcp://.* differs: numpy is .*, and here 0\.1"):
        clustered.dask_engine(2, cluster.address, Stop(), Clock())


def test_nobody_at_the_address_is_one_line(nnb: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("nnbench.running.clustered._CONNECT_S", 0.5)
    address = f"tcp://127.0.0.1:{free_port()}"

    code, _, said = nnb(*RUN, "--seeds", "2", "--store", str(tmp_path), "--scheduler", address)

    assert code == 4
    assert said.splitlines()[-1].startswith(f"nnbench: --scheduler {address}: no dask scheduler")


def test_the_sources_of_all_plug_ins_are_compared() -> None:
    assert plugins.sources() == plugins.sources_among(name.split("/")[1] for name in plugins.sources())
