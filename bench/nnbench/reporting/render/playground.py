"""A page to play with, as one HTML file: recorded numbers in few bytes, and a script that turns them."""

import base64
import zlib
from collections.abc import Sequence
from functools import partial, singledispatch
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from nnbench.cases.resources import reports_folder
from nnbench.errors import UsageError
from nnbench.machine.writing import printable
from nnbench.records.claims import Language
from nnbench.records.descent import Descent, Path
from nnbench.records.playground import Setting, Trained
from nnbench.reporting.digits import number
from nnbench.reporting.render import html
from nnbench.reporting.texts.page import WORDS, phrase

MOST_BYTES = 3_000_000
MOST_POINTS = 400  # of one path
_TEMPLATE = "playground.html.j2"
# In the order in which they stand on the page; those of the report come first.
SHARED = ("elements", "address", "theme", "scales")
OWN = ("arrays", "plot", "pictures", "controls", "nets", "ways", "start")


@singledispatch
def render(found: Any, language: Language = "en") -> str:
    """Return the page, in this language. Errors: UsageError where it would be larger than a page may be."""
    raise TypeError(type(found))


@render.register
def _(found: Trained, language: Language = "en") -> str:
    rows = [
        [*setting.choices, *_ends(setting, found.has_accuracy), phrase(setting.status, language)]
        for setting in found.settings
    ]
    ends = [phrase(header, language) for header in _END_HEADERS[: 4 if found.has_accuracy else 2]]
    headers = [*(phrase(_words(axis), language) for axis in found.axes), *ends, phrase("status", language)]
    told = phrase("{0} settings, trained on seed {1} alone.", language, len(found.settings), found.seed)
    return _page(
        found.case, f"{found.summary}. {told}", _trained(found), headers, rows, found.command, language
    )


@render.register
def _(found: Descent, language: Language = "en") -> str:
    rows = [
        [
            path.optimizer,
            f"{path.learning_rate:g}",
            number(path.values[-1]),
            phrase(_END_WORDS[path.end], language),
        ]
        for path in found.paths
    ]
    names = ("optimizer", "learning rate", "last value", "end")
    headers = [phrase(name, language) for name in names]
    return _page(
        found.function, f"{found.summary} {found.formula}", _descended(found), headers, rows,
        found.command, language,
    )  # fmt: skip


_END_HEADERS = ("training loss", "validation loss", "training accuracy", "validation accuracy")
_END_WORDS = {
    "converged": "converged",
    "saddle": "at a saddle",
    "local_minimum": "in a local minimum",
    "diverged": "diverged",
    "running": "still on its way",
}


def _ends(setting: Setting, has_accuracy: bool) -> list[str]:
    names = ("loss", "val_loss", *(("accuracy", "val_accuracy") if has_accuracy else ()))
    return [number(_last(setting.curves[name])) for name in names]


def _last(values: NDArray[Any]) -> float:
    known = values[~np.isnan(values)]
    return float(known[-1]) if known.size else float("nan")


def _words(axis: str) -> str:
    return axis.replace("_", " ")


# -- what the script reads ----------------------------------------------------------------------------


def packed(values: NDArray[Any]) -> str:
    """Return the bytes of an array, smallest byte first, deflated, in letters of base64."""
    plain = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()
    return base64.b64encode(zlib.compress(plain, 9)).decode()


def _trained(found: Trained) -> dict[str, Any]:
    names = ("loss", "val_loss", *(("accuracy", "val_accuracy") if found.has_accuracy else ()))
    frames = [frame for setting in found.settings for frame in setting.frames]
    curves = [[setting.curves[name] for name in names] for setting in found.settings]
    plane = found.plane
    return {
        "kind": "trained",
        "axes": [{"name": name, "label": _words(name), "choices": found.axes[name]} for name in found.axes],
        "settings": [
            {
                "choices": setting.choices,
                "status": setting.status,
                "n_epochs": setting.n_epochs,
                "n_frames": len(setting.frames),
                "shape": setting.shape,
            }
            for setting in found.settings
        ],
        "curves": {"names": names, "epochs": found.curve_epochs, "values": packed(_single(curves))},
        "frames": {
            "kind": found.kind,
            "n_classes": found.n_classes,
            "n_shown": found.settings[0].shape[0],
            "n_units": found.n_units,
            "epochs": found.frame_epochs,
            "values": packed(np.concatenate(frames or [np.empty(0, np.uint8)])),
        },
        "plane": plane and {
            "extent": plane.extent,
            "points": packed(plane.points),
            "targets": packed(plane.targets),
            "n_train": plane.n_train,
        },
    }  # fmt: skip


def _single(values: Any) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)


def _descended(found: Descent) -> dict[str, Any]:
    kept, land = [_thinned(path) for path in found.paths], found.landscape
    axes = {
        "optimizer": list(dict.fromkeys(path.optimizer for path in found.paths)),
        "learning_rate": [f"{rate:g}" for rate in sorted({path.learning_rate for path in found.paths})],
    }
    return {
        "kind": "descent",
        "axes": [{"name": name, "label": _words(name), "choices": choices} for name, choices in axes.items()],
        "settings": [
            {
                "choices": [path.optimizer, f"{path.learning_rate:g}"],
                "status": _END_WORDS[path.end],
                "steps": steps.tolist(),
                "n_points": len(steps),
            }
            for path, steps in zip(found.paths, kept, strict=True)
        ],
        "points": packed(_joined([path.points for path in found.paths], kept)),
        "values": packed(_joined([path.values for path in found.paths], kept)),
        "landscape": {
            "extent": [float(axis[end]) for axis in (land.x, land.y) for end in (0, -1)],
            "shape": land.z.shape,
            "z": packed(_joined([land.z], [np.arange(len(land.z))])),
            "labels": [land.x_label, land.y_label],
        },
        "minima": found.minima.tolist(),
        "least": found.least,
        "limit": found.stability_limit,
    }


def _joined(arrays: Sequence[NDArray[Any]], kept: Sequence[NDArray[np.intp]]) -> NDArray[np.float32]:
    """Return the kept rows of all arrays; what overflows is as good as infinitely far."""
    with np.errstate(over="ignore"):
        return _single(np.concatenate([each[rows] for each, rows in zip(arrays, kept, strict=True)]))


def _thinned(path: Path) -> NDArray[np.intp]:
    """Return the steps of a path that are shown: all of a short one, and the first ones of every other."""
    n = len(path.values)
    return np.arange(n) if n <= MOST_POINTS else np.unique(
        np.rint(np.linspace(0.0, np.sqrt(n - 1), MOST_POINTS) ** 2).astype(np.intp)
    )  # fmt: skip


# -- the page -----------------------------------------------------------------------------------------


def _page(
    name: str,
    summary: str,
    data: dict[str, Any],
    headers: list[str],
    rows: list[list[str]],
    command: str,
    language: Language,
) -> str:
    folder = reports_folder()
    files = [folder / "script" / f"{name}.js" for name in SHARED]
    files += [folder / "playground" / f"{name}.js" for name in OWN]
    script = "\n".join(file.read_text(encoding="utf-8") for file in files)
    styles = [folder / "style.css", folder / "playground" / "playground.css"]
    with np.errstate(over="ignore"):
        page = html.template(_TEMPLATE).render(
            title=phrase("Playground: {0}", language, name),
            language=language,
            phrase=partial(phrase, language=language),
            summary=summary,
            command=command,
            headers=headers,
            rows=rows,
            policy=html.policy(script),
            style=Markup("\n".join(style.read_text(encoding="utf-8") for style in styles)),
            script=Markup(script),
            data=html.embedded(data | {"words": WORDS.get(language, {})}),
        )
    if len(page.encode()) > MOST_BYTES:
        raise UsageError(
            f"playground: the page would have {len(page.encode()) / 1e6:.1f} MB, and at most"
            f" {MOST_BYTES / 1e6:g}. Name fewer rates, optimizers, activations or inits."
        )
    return printable(page, keep="\n\t")
