"""Files of results as people and trackers write them; every number follows from a formula."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Twelve configurations, far enough apart that ten seeds tell most of them from the best.
LEVELS = dict(
    zip(
        (
            "muon",
            "adamw",
            "adam",
            "nadam",
            "lion",
            "rmsprop",
            "sam",
            "momentum",
            "lamb",
            "sgd",
            "rprop",
            "adadelta",
        ),
        (0.966, 0.959, 0.95, 0.94, 0.93, 0.92, 0.91, 0.90, 0.88, 0.86, 0.80, 0.50),
        strict=True,
    )
)
SEEDS = range(10)


def score(name: str, seed: int) -> float:
    """Return what the seed does to all, and what it does to this one, which is smaller."""
    place = list(LEVELS).index(name)
    return round(LEVELS[name] + 0.01 * math.sin(3 * seed) + 0.002 * math.sin(5 * seed + 7 * place), 4)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def twelve(path: Path, *, header: str = "config,seed,accuracy") -> Path:
    rows = (f"{name},{seed},{score(name, seed)}" for name in LEVELS for seed in SEEDS)
    return write(path, header, *rows)


def pair(
    path: Path, a: Sequence[object], b: Sequence[object], *, header: str = "config,seed,accuracy"
) -> Path:
    """Write two configurations, a and b, with a value for each seed from 0 on."""
    rows = [f"{name},{seed},{value}" for name, own in (("a", a), ("b", b)) for seed, value in enumerate(own)]
    return write(path, header, *rows)


def judged(nnb: Any, *arguments: str) -> dict[str, Any]:
    """Return the document of ``nnbench judge … --json``."""
    code, shown, said = nnb("judge", *arguments, "--json")
    assert code == 0, said
    document: dict[str, Any] = json.loads(shown)
    return document


MLFLOW_HEADER = (
    "run_id,experiment_id,status,artifact_uri,start_time,end_time,metrics.val_loss,metrics.val_accuracy,"
    "params.optimizer,params.seed,params.lr,params.epochs,tags.mlflow.runName,tags.mlflow.user"
)


def mlflow(path: Path) -> Path:
    """Write what ``mlflow.search_runs().to_csv(index=False)`` does: the newest run first."""
    rows = []
    for name, rate in (("adam", "0.001"), ("sgd", "0.1")):
        for seed in range(8):
            status, value = "FINISHED", str(score(name, seed))
            if (name, seed) in (("sgd", 3), ("sgd", 4)):
                status, value = ("FAILED", "") if seed == 3 else ("RUNNING", "0.2")
            rows.append(
                f"{seed:032x},1,{status},mlflow-artifacts:/1/{name}{seed},2026-01-02 03:04:0{seed}+00:00,"
                f"2026-01-02 03:05:00+00:00,0.1,{value},{name},{seed},{rate},20,gifted-owl-{seed},me"
            )
    return write(path, MLFLOW_HEADER, *reversed(rows))


WANDB_HEADER = (
    '"Name","State","Notes","User","Tags","Created","Runtime","Sweep","batch_size","lr","method","task","optimizer",'
    '"seed","epoch","val_accuracy"'
)


def wandb(path: Path) -> Path:
    """Write what the table of runs is exported as: everything quoted, settings beside metrics."""
    rows = []
    for place, name in enumerate(("adam", "sgd")):
        for seed in range(8):
            state = "crashed" if (name, seed) == ("sgd", 3) else "finished"
            value = "" if state == "crashed" else score(name, seed)
            rows.append(
                f'"fluffy-sweep-{8 * place + seed}","{state}","-","me","","2026-01-02T03:04:05.000Z","61","",'
                f'"32","{(0.001, 0.1)[place]}","","","{name}","{seed}","{20 if value else ""}","{value}"'
            )
    return write(path, WANDB_HEADER, *rows)
