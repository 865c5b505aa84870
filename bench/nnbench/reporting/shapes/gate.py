"""``nnbench.gate/1``."""

from typing import Annotated, Literal, TypedDict

ItemVerdict = Literal["ok", "regressed", "improved", "accepted", "inconclusive", "not_comparable", "crashed"]


class Item(TypedDict):
    """One subject: base against head."""

    name: Annotated[str, "The subject."]
    family: Annotated[Literal["quality", "speed", "compile"], "What was asked; quality is learning."]
    verdict: Annotated[ItemVerdict, "What was shown."]
    ratio: Annotated[float | None, "Head over base in seconds, of speed and compile."]
    difference: Annotated[float | None, "Head less base in units of the metric, of quality."]
    interval: Annotated[list[float | None] | None, "95 %, of the one of the two that there is."]
    n: Annotated[int, "Pairs."]
    metric: Annotated[str | None, "The metric, of quality."]
    margin: Annotated[float, "What may be lost, in the unit of the interval: 0.03 is 3 % of a ratio."]
    mde: Annotated[float | None, "The smallest effect that this run could have seen, in the same unit."]
    why: Annotated[str, "One clause that a reader can act on."]
    found: Annotated[list[str], "Further lines: where the two part first, what was printed last."]
    evidence: Annotated[dict[str, float | str | None], "What is shown beside, and never decides."]


class GateDocument(TypedDict):
    """What `gate --json` prints."""

    schema: Annotated[Literal["nnbench.gate/1"], "The name and the version of this schema."]
    verdict: Annotated[ItemVerdict, "That of the subject that decides."]
    exit_code: Annotated[int, "The exit code of the gate."]
    why: Annotated[str, "Why it is that."]
    base: Annotated[str, "The commit that head is compared with."]
    head: Annotated[str, "What was compared."]
    machine: Annotated[str, "The machine, in words."]
    seconds: Annotated[float, "Seconds it took."]
    items: Annotated[list[Item], "Every subject, the one that decides first."]
    notes: Annotated[list[str], "What else is to be known."]
