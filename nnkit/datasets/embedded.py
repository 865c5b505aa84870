"""The real datasets that ship inside the package; ``data/LICENSES.md`` says where each comes from."""

from functools import partial
from importlib.resources import files

import numpy as np

from nnkit.datasets.dataset import Arrays, DatasetRecord

_UCI = "CC BY 4.0 (UCI Machine Learning Repository); packaged form BSD-3-Clause (scikit-learn)"


def _read(name: str) -> Arrays:
    path = files("nnkit.datasets").joinpath("data", f"{name}.npz")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return stored["x"], stored["y"]


IRIS = DatasetRecord(
    name="iris",
    summary="Three species of iris by the length and width of sepals and petals, in cm.",
    formula="",
    source="Fisher (1936), Annals of Eugenics 7(2); doi:10.24432/C56C76, two rows corrected as in R",
    licence=_UCI,
    task="classification",
    n_samples=150,
    input_shape=(4,),
    n_classes=3,
    build=partial(_read, "iris"),
)

WINE = DatasetRecord(
    name="wine",
    summary="Wines of three Italian growers by 13 chemical measurements, in their raw units.",
    formula="",
    source="Aeberhard and Forina (1992), UCI; doi:10.24432/C5PC7J",
    licence=_UCI,
    task="classification",
    n_samples=178,
    input_shape=(13,),
    n_classes=3,
    build=partial(_read, "wine"),
)

BREAST_CANCER = DatasetRecord(
    name="breast_cancer",
    summary="Tumours by 30 measurements of cell nuclei; 0 is malignant, 1 is benign.",
    formula="",
    source="Wolberg, Mangasarian, Street and Street (1993), UCI; doi:10.24432/C5DW2B",
    licence=_UCI,
    task="binary",
    n_samples=569,
    input_shape=(30,),
    n_classes=2,
    build=partial(_read, "breast_cancer"),
)

DIGITS = DatasetRecord(
    name="digits",
    summary="Handwritten digits of 13 writers, 8x8 pixels from 0 to 16.",
    formula="",
    source="Alpaydin and Kaynak (1998), UCI; doi:10.24432/C50P49, its test part",
    licence=_UCI,
    task="classification",
    n_samples=1797,
    input_shape=(64,),
    n_classes=10,
    build=partial(_read, "digits"),
)

DIABETES = DatasetRecord(
    name="diabetes",
    summary="Progression of diabetes after a year, by 10 measurements in their raw units (not scaled).",
    formula="",
    source="Efron, Hastie, Johnstone and Tibshirani (2004), Annals of Statistics 32(2)",
    licence="no separate licence stated by the source; packaged form BSD-3-Clause (scikit-learn)",
    task="regression",
    n_samples=442,
    input_shape=(10,),
    build=partial(_read, "diabetes"),
)

EMBEDDED = (IRIS, WINE, BREAST_CANCER, DIGITS, DIABETES)
