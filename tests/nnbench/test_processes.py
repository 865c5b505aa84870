"""Trials in processes: the same records, and nothing lost or doubled when a worker is killed."""

import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nnbench.machine.clock import Clock
from nnbench.machine.stopping import Stop
from nnbench.plan import request
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.settings import from_options, read_settings
from nnbench.records.trials import TrialRecord
from nnbench.running.batches import MOST_ATTEMPTS, MOST_IN_A_BATCH, BatchEngine, WorkerLost
from nnbench.running.choice import are_for_batches, begin, how_to_run
from nnbench.running.engines import EngineLost
from nnbench.running.processes import ProcessLane, process_engine
from nnbench.running.runner import run_trials
from nnbench.training.trial import run_trial
from tests.nnbench import fake_trial
from tests.nnbench.plugin_samples import forget_plugins
from tests.nnbench.test_matrix import crossed
from tests.waiting import until

KILLER = """
import os
import nnkit
def update(params, grads, state, step, learning_rate):
    os.kill(os.getpid(), 9)
nnkit.optimizers.register_numpy("killer", update, learning_rate=0.05)
"""


def trials(case: str = "iris", seeds: int = 8, **options: str) -> list[TrialSpec]:
    given = {"optimizer": "sgd", "seeds": str(seeds), "epochs": "2", **options}
    return request.plan_for([request.one_case(case)], read_settings(from_options(given))).trials()


def run(
    each: Sequence[TrialSpec], engine: Any, stop: Stop | None = None, kept: list[TrialRecord] | None = None
) -> list[TrialRecord]:
    kept = [] if kept is None else kept

    def execute(trial: TrialSpec) -> TrialRecord:
        raise AssertionError("trials are executed elsewhere")

    try:
        run_trials(each, execute=execute, engine=engine, keep=kept.extend, stop=stop or Stop())
    finally:
        engine.close()
    return kept


class FakeLane:
    """A worker in this process that is killed by trials of some seeds, as often as it says."""

    def __init__(self, kills: dict[int, int] | None = None) -> None:
        self.batches: list[int] = []
        self._kills = kills or {}

    def run(self, trials: Sequence[TrialSpec]) -> list[TrialRecord]:
        self.batches.append(len(trials))
        for trial in trials:
            if self._kills.get(trial.seed, 0):
                self._kills[trial.seed] -= 1
                raise WorkerLost("its worker was killed")
        return [fake_trial.run_trial(trial) for trial in trials]

    def close(self) -> None:
        pass


def some(n: int) -> list[TrialSpec]:
    return crossed(optimizer="adam", seeds=str(n)).trials()


def test_records_are_those_of_this_process() -> None:
    """Two configurations of two cases: every digest and every final value."""
    each = [*trials(), *trials("wine", optimizer="adam")]
    expected = {trial.key: run_trial(trial) for trial in each}

    found = run(each, process_engine(2, stop := Stop(), Clock()), stop)

    assert sorted(record.key for record in found) == sorted(expected)
    assert all(record.digest == expected[record.key].digest for record in found)
    assert all(record.final == expected[record.key].final for record in found)


def test_a_killed_worker_is_replaced_and_its_trials_are_run_again() -> None:
    each, stop = trials("digits", seeds=60), Stop()
    lanes = [ProcessLane(stop) for _ in range(2)]
    first = lanes[0]._process.pid
    kept: list[TrialRecord] = []
    running = threading.Thread(target=run, args=(each, BatchEngine(lanes, stop, Clock()), stop, kept))
    running.start()
    until(lambda: kept)

    os.kill(first, signal.SIGKILL)
    running.join()

    assert sorted(record.key for record in kept) == sorted(trial.key for trial in each)
    assert {record.status for record in kept} == {"finished"}
    assert first not in {lane._process.pid for lane in lanes}


def test_a_plug_in_that_kills_its_workers_fails_its_own_trials_alone(
    nnb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is told the plug-in, and the other trials of the batch are run elsewhere."""
    forget_plugins(monkeypatch)
    plugin = tmp_path / "killer.py"
    plugin.write_text(KILLER)

    code, text, said = nnb(
        *(
            "run",
            "iris",
            "--optimizer",
            "killer,sgd",
            "--epochs",
            "1",
            "--seeds",
            "1",
            "--plugin",
            str(plugin),
        ),
        *("--engine", "processes", "--jobs", "1", "--store", str(tmp_path), "--json"),
    )

    assert code == 3, said
    assert text.count('"status": "finished"') == 1
    assert f"its worker was killed or ended (-9), {MOST_ATTEMPTS} times" in text


def test_a_stop_keeps_what_is_done_and_cuts_the_rest_short() -> None:
    each, stop = trials("digits", seeds=200), Stop()
    kept: list[TrialRecord] = []
    running = threading.Thread(target=run, args=(each, process_engine(2, stop, Clock()), stop, kept))
    running.start()
    until(lambda: kept)

    stop.set()
    running.join()

    assert 0 < len(kept) < 200
    assert {record.status for record in kept} == {"finished"}


def test_workers_that_never_answer_end_the_run_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnbench.running.processes._COMMAND", ("false",))

    with pytest.raises(EngineLost, match=r"5 workers, one after the other, ended with 1 .* --engine threads"):
        run(trials(), process_engine(1, stop := Stop(), Clock()), stop)


def test_a_trial_that_was_alone_in_three_killed_workers_has_failed() -> None:
    """Its companions of the batch, and one that lost two workers, have not."""
    lane = FakeLane({7: 10, 11: 2})

    kept = run(some(40), BatchEngine([lane], Stop(), Clock()))

    assert len(kept) == 40
    assert [record.seed for record in kept if record.status == "failed"] == [7]
    assert {record.seed: record.error for record in kept}[7] == "RuntimeError: its worker was killed, 3 times"


def test_batches_grow_while_trials_are_short_and_no_worker_is_left_without() -> None:
    lanes = [FakeLane() for _ in range(2)]

    kept = run(some(2000), BatchEngine(lanes, Stop(), Clock()))

    assert len({record.key for record in kept}) == len(kept) == 2000
    assert max(lanes[0].batches + lanes[1].batches) <= MOST_IN_A_BATCH
    assert min(len(lane.batches) for lane in lanes) > 1


@pytest.mark.parametrize(
    ("n", "options", "engine"),
    [
        pytest.param(20_000, {}, "processes", id="many short ones"),
        pytest.param(100, {}, "threads", id="few short ones"),
        pytest.param(20_000, {"jobs": "1"}, "threads", id="one at a time"),
        pytest.param(20_000, {"budget": "5m"}, "threads", id="a budget"),
        pytest.param(100, {"engine": "processes"}, "processes", id="asked for"),
    ],
)
def test_many_short_trials_get_processes(n: int, options: dict[str, str], engine: str) -> None:
    chosen = read_settings(from_options({"jobs": "2", **options}))

    assert how_to_run(trials(seeds=n), chosen, chosen.jobs or 2) == engine


def test_threads_take_short_trials_in_batches_and_give_the_same_records() -> None:
    each, stop = [*trials(seeds=40), *trials("wine", seeds=3)], Stop()
    expected = {trial.key: run_trial(trial).digest for trial in each}

    kept = run(each, begin("threads", 2, None, stop, Clock(), in_batches=True), stop)

    assert {record.key: record.digest for record in kept} == expected


@pytest.mark.parametrize(
    ("case", "options", "expected"),
    [
        pytest.param("iris", {}, True, id="short"),
        pytest.param("iris", {"budget": "5m"}, False, id="a budget admits one trial after the other"),
        pytest.param("mnist1d", {"epochs": "200"}, False, id="long"),
    ],
)
def test_only_short_trials_share_a_batch(case: str, options: dict[str, str], expected: bool) -> None:
    assert are_for_batches(trials(case, **options), read_settings(from_options(options))) == expected


def test_long_trials_keep_threads() -> None:
    each = trials("mnist1d", seeds=2000, epochs="200")

    assert how_to_run(each, read_settings({}), 2) == "threads"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--engine", "process"), "Did you mean 'processes'?"),
        (("--engine", "processes", "--budget", "5m"), "Leave one of the two out"),
        (("--scheduler", "tcp://a:1"), "Add --engine dask"),
    ],
)
def test_what_does_not_go_together_is_refused(nnb: Any, options: tuple[str, ...], said: str) -> None:
    code, _, told = nnb("run", "iris", *options)

    assert (code, told.count("\n")) == (2, 1)
    assert said in told
