"""The document of schema ``nnbench.judge/1``: results made elsewhere, in the shapes of ``nnbench.run/1``."""

from dataclasses import asdict
from typing import cast

from nnbench.evidence.case import Findings
from nnbench.records.judged import JudgedFile
from nnbench.reporting.json import run as run_json
from nnbench.reporting.json.by_seed import fewer_seeds_as_list
from nnbench.reporting.shapes.run import JudgedFile as FileShape
from nnbench.reporting.shapes.run import JudgeDocument, NamedVerdict
from nnbench.statistics.comparing.looks import LEVEL


def as_dict(found: Findings, file: JudgedFile) -> JudgeDocument:
    return {
        "schema": "nnbench.judge/1",
        "file": cast(FileShape, asdict(file)),
        "against": found.run.against,
        "level": LEVEL,
        "configurations": [run_json.configuration(summary) for summary in found.summaries],
        "verdicts": verdicts(found),
        "may_be_best": [run_json.may_be_best(judgement) for judgement in found.judgements],
        "fewer_seeds": fewer_seeds_as_list(found),
    }


def verdicts(found: Findings) -> list[NamedVerdict]:
    """Return the verdicts of a run, whose ``a`` and ``b`` are the names in the file."""
    varying = found.run.varying
    return [
        cast(NamedVerdict, {**row, "a": each.a.label(varying), "b": each.b.label(varying)})
        for row, each in zip(run_json.verdicts(found), found.comparisons, strict=True)
    ]
