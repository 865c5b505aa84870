"""The JSON document of ``nnbench claims``."""

from collections.abc import Sequence
from typing import Any, Final

from nnbench.records.claims import ClaimResult, Language
from nnbench.reporting.shapes.claims import Claim, ClaimsDocument

SCHEMA: Final = "nnbench.claims/1"


def as_dict(found: Sequence[ClaimResult], language: Language) -> ClaimsDocument:
    """Return the document: of every claim its verdict and what it comes from."""
    return {"schema": SCHEMA, "claims": [_claim(result, language) for result in found]}


def _claim(result: ClaimResult, language: Language) -> Claim:
    spec = result.claim
    counting = [quantity for quantity in result.quantities if quantity.counts]
    same = [quantity for quantity in counting if quantity.verdict == result.verdict]
    first = next(iter(same or counting), None)
    return {
        "id": spec.id,
        "claim": spec.title.said(language),
        "sentence": spec.sentence.said(language),
        "note": spec.note,
        "verdict": result.verdict,
        "effect": None if first is None else first.effect,
        "interval": None if first is None else list(first.interval),
        "n": 0 if first is None else first.n,
        "seeds_needed": None if first is None else first.seeds_needed,
        "seconds": result.seconds,
        "seeds": list(result.seeds),
        "missing_data": list(result.missing_data),
        "why_not": result.why_not or spec.unmeasured.said(language),
        "quantities": [
            {
                "name": section.name.said(language),
                "value": section.value,
                "scale": section.scale,
                "unit": section.unit,
                "effect": quantity.effect,
                "interval": list(quantity.interval),
                "n": quantity.n,
                "verdict": quantity.verdict,
                "reason": quantity.reason,
                "seeds_needed": quantity.seeds_needed,
                "counts": quantity.counts,
                "by_seed": list(quantity.values),
            }
            for section, quantity in zip(spec.quantities, result.quantities, strict=False)
        ],
    }


def rows(data: ClaimsDocument) -> list[dict[str, Any]]:
    """Return a row for each quantity, for CSV."""
    return [
        {"id": claim["id"], "claim": claim["claim"], "claim_verdict": claim["verdict"]}
        | {name: value for name, value in quantity.items() if name != "by_seed"}
        for claim in data["claims"]
        for quantity in claim["quantities"]
    ]
