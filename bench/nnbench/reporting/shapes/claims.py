"""``nnbench.claims/1`` and ``nnbench.verify/1``."""

from typing import Annotated, Literal, TypedDict

ClaimVerdict = Literal["supported", "refuted", "cannot_tell", "here_not_in_size", "not_measured"]


class Quantity(TypedDict):
    """One number that a claim is measured by."""

    name: Annotated[str, "What it is, in the language of the report."]
    value: Annotated[str, "The expression for one seed."]
    scale: Annotated[Literal["plain", "log", "share"], "How it is read: log is of a ratio, shown as e to it."]
    unit: Annotated[str, "Its unit."]
    effect: Annotated[float | None, "Mean over the seeds."]
    interval: Annotated[list[float | None], "95 %, shared by all numbers that count."]
    n: Annotated[int, "Seeds with a value."]
    verdict: Annotated[ClaimVerdict, "What its interval says."]
    reason: Annotated[str, "Which rule decided, where one word helps."]
    seeds_needed: Annotated[int | None, "Seeds of a new run that would decide; null: decided, or unknown."]
    counts: Annotated[bool, "Whether the claim's verdict rests on it."]
    by_seed: Annotated[list[float | None], "Its value for each seed."]


class Claim(TypedDict):
    """One claim; effect, interval and n are of the first number that has its verdict."""

    id: Annotated[str, "Its name."]
    claim: Annotated[str, "Its title, in the language of the report."]
    sentence: Annotated[str, "The sentence that is measured."]
    note: Annotated[str, "The lecture note it is from."]
    verdict: Annotated[ClaimVerdict, "That of the weakest number that counts."]
    effect: Annotated[float | None, "Mean over the seeds."]
    interval: Annotated[list[float | None] | None, "95 %."]
    n: Annotated[int, "Seeds with a value."]
    seeds_needed: Annotated[int | None, "Seeds of a new run that would decide; null: decided, or unknown."]
    seconds: Annotated[float, "Seconds of measuring."]
    seeds: Annotated[list[int], "The seeds."]
    missing_data: Annotated[list[str], "Data sets that are not here."]
    why_not: Annotated[str, "Why nothing could be measured; empty: it could."]
    quantities: Annotated[list[Quantity], "Every number."]


class ClaimsDocument(TypedDict):
    """What `claims --json` prints."""

    schema: Annotated[Literal["nnbench.claims/1"], "The name and the version of this schema."]
    claims: Annotated[list[Claim], "Every claim that was asked for."]


class Check(TypedDict):
    """What was expected, and what was measured."""

    id: Annotated[str, "The name of the check."]
    group: Annotated[str, "Its group, by which it can be asked for."]
    note: Annotated[str, "The lecture note a figure is from; empty: none."]
    claim: Annotated[str, "What is checked, in words."]
    expected: Annotated[str, "As it is shown."]
    measured: Annotated[str, "As it is shown."]
    ok: Annotated[bool, "Whether they agree."]


class VerifyDocument(TypedDict):
    """What `verify --json` prints."""

    schema: Annotated[Literal["nnbench.verify/1"], "The name and the version of this schema."]
    checks: Annotated[list[Check], "Every check; with --class the first says which optimizer it is."]
