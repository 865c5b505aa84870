"""The case that trains a model of another framework, as the text of its file."""

import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from nnbench.cases import catalogue
from nnbench.cases.casefile import as_toml
from nnbench.cases.choices import canonical
from nnbench.cases.spec import CaseSpec
from nnbench.starters.fitting import fitted
from nnbench.starters.model import LayerTable, Model
from nnkit import losses


def case_text(model: Model, name: str, dataset: str | None) -> str:
    """Return the case file of a model, or raise UsageError where no data or no loss fits it.

    What could not be taken over as it was is added to the notes of the model.
    """
    found = fitted(model, dataset)
    if found.head:
        model.notes.append(f"The {found.head} at the end is left out: the loss here has it in it.")
    own = {"optimizer": model.optimizer or "adam", "activation": "relu", "init": "glorot_uniform"}
    tables = _with_axis_of_activations(_with_axis_of_inits(found.layers, own), own)
    like = _case_on(found.record.name)
    sections = {
        "data": {"dataset": found.dataset, **_data(model, like)},
        "model": tables,
        "axes": own,
        "training": {"loss": found.loss, **_budget(like)},
        "measure": {
            "metric": "loss" if losses.resolve(found.loss).kind == "real" else "accuracy",
            "noticeable": like.measure.noticeable if like else 0.01,
        },
        "run": {"optimizer": _compared(own["optimizer"]), "seeds": 10},
    }
    head = {"name": name, "summary": f"{model.where}, on {found.dataset}"}
    text = "\n\n".join(["\n".join([*_comments(model), *as_toml(head)]), *_written(sections)]) + "\n"
    catalogue.read_case(tomllib.loads(text), model.where)  # nothing is written that cannot be run
    return text


def _data(model: Model, like: CaseSpec | None) -> dict[str, Any]:
    scale = like.data.scale if like else "standardize"
    if model.scale and scale != model.scale:
        scale = "unit"
    return {"validation": like.data.validation if like else 0.25, "scale": scale}


def _case_on(dataset: str) -> CaseSpec | None:
    """Return a case that ships, on the same data: how these are split and scaled, and for how long."""
    for entry in catalogue.built_in():
        case = catalogue.case_named(entry.name)
        if case.data.dataset == dataset and case.transfer is None:
            return case
    return None


def _compared(optimizer: str) -> list[str]:
    """Return the optimizer, and those that a user would hold against it."""
    same = canonical("optimizers", optimizer, "optimizer")
    return [optimizer, *(one for one in ("sgd", "momentum", "adam") if one != same)]


def _budget(like: CaseSpec | None) -> dict[str, Any]:
    if like is None:
        return {"epochs": 20, "batch_size": 32}
    return {"epochs": like.training.epochs, "batch_size": like.training.batch_size}


# -- the text -----------------------------------------------------------------------------------------


def _with_axis_of_inits(tables: Sequence[LayerTable], own: dict[str, str]) -> list[LayerTable]:
    """Let the commonest initializer of kernels be the axis's own, so that others can take its place."""
    drawn = [
        {**one, "kernel_initializer": one.get("kernel_initializer", own["init"])} if _has_kernel(one) else one
        for one in tables
    ]
    found = Counter(one["kernel_initializer"] for one in drawn if _has_kernel(one))
    own["init"] = found.most_common(1)[0][0] if found else own["init"]
    return [_renamed(one, "kernel_initializer", own["init"], "$init") for one in drawn]


def _with_axis_of_activations(tables: Sequence[LayerTable], own: dict[str, str]) -> list[LayerTable]:
    """Let the commonest activation be the axis's own; one at the end is part of the task, and stays."""
    found = Counter(one["activation"] for one in tables[:-1] if "activation" in one)
    own["activation"] = found.most_common(1)[0][0] if found else own["activation"]
    hidden = [_renamed(one, "activation", own["activation"], "$activation") for one in tables[:-1]]
    return [*hidden, *tables[-1:]]


def _has_kernel(table: LayerTable) -> bool:
    return table["type"] in ("Dense", "Conv1D", "Conv2D")


def _renamed(table: LayerTable, key: str, value: str, word: str) -> LayerTable:
    return {**table, key: word} if table.get(key) == value else table


def _comments(model: Model) -> list[str]:
    return [f"# {note}" for note in (f"Made of {model.where}.", *model.notes)]


def _written(sections: dict[str, Any]) -> Iterator[str]:
    for name, section in sections.items():
        if name == "model":
            lines = ["layers = [", *(f"  {_inline(table)}," for table in section), "]"]
        else:
            lines = [f"{key} = {_inline(value)}" for key, value in section.items()]
        yield "\n".join([f"[{name}]", *lines])


def _inline(value: Any) -> str:
    """Return a value in one line of TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
