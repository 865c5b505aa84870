"""Claims: the verdicts in one table, and for each claim its sentence, quantities and picture."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_never

from nnbench.records.claims import (
    CLAIM_VERDICTS,
    ClaimFacts,
    ClaimResult,
    ClaimVerdict,
    Language,
    QuantityFacts,
    QuantityResult,
    Wording,
)
from nnbench.reporting import digits
from nnbench.reporting.blocks import (
    Block,
    Cell,
    ClaimFigure,
    Column,
    Document,
    DotRow,
    Item,
    LabelledImage,
    LabelledLine,
    Listing,
    Paragraph,
    Section,
    Table,
    Tone,
)
from nnbench.reporting.texts.claims import say
from nnbench.reporting.views.run import machine, versions

_TONES: dict[ClaimVerdict, Tone] = {
    "supported": "good",
    "refuted": "bad",
    "here_not_in_size": "same",
    "cannot_tell": "unsure",
    "not_measured": "quiet",
}
MOST_IN_FULL = 5  # claims that a terminal shows with everything
Found = Sequence[ClaimResult]


def build(
    found: Found, language: Language, environment: Mapping[str, Any], *, is_brief: bool = False
) -> Document:
    """Return the report of these claims, or the table of their verdicts alone.

    ``environment`` is where and when the report was made: the machine, and ``date``.
    """
    blocks = (headline(found, language), overview(found, language), _made(found, language, environment))
    sections = [Section(say("overview", language), blocks)]
    if is_brief:
        told = Paragraph(say("more", language, found[0].claim.id))
        return Document(say("title", language), (*sections, Section("", (told,))), language)
    sections += [Section(say("legend", language), (Paragraph(say("how_to_read", language)),))]
    sections += [_section(result.claim, result, language) for result in found]
    return Document(say("title", language), tuple(sections), language)


def _made(found: Found, language: Language, environment: Mapping[str, Any]) -> Listing:
    seconds = digits.seconds(sum(result.seconds for result in found))
    items = (
        Item(say("machine", language), machine(environment)),
        Item(say("versions", language), versions(environment)),
        Item(say("made", language), say("computed", language, environment.get("date", ""), seconds)),
    )
    return Listing(tuple(item for item in items if item.text))


def headline(found: Found, language: Language) -> Paragraph:
    """Count the verdicts."""
    counted = [(verdict, sum(result.verdict == verdict for result in found)) for verdict in CLAIM_VERDICTS]
    told = " · ".join(f"{say(verdict, language)} {n}" for verdict, n in counted if n)
    return Paragraph(f"{say('claims', language, len(found))}: {told}.", lead=True)


def overview(found: Found, language: Language) -> Table:
    """Return a row for each claim: its verdict, and the first quantity that the verdict comes from."""
    columns = (
        Column(say("id", language)),
        Column(say("claim", language), wraps=True),
        Column(say("verdict", language), wraps=True),
        Column(say("effect", language)),
        Column(say("n", language), "right"),
    )
    rows = tuple(_overview_row(result.claim, result, language) for result in found)
    return Table("", columns, rows)


def _overview_row(spec: ClaimFacts, result: ClaimResult, language: Language) -> tuple[Cell, ...]:
    told = _verdict(result.verdict, _decisive(result), language)
    place = _place_of_decisive(result)
    effect = n = ""
    if place is not None:
        quantity = result.quantities[place]
        effect, n = shown_effect(spec.quantities[place], quantity), str(quantity.n)
    return (
        Cell(spec.id),
        Cell(spec.title.said(language)),
        Cell(told, _TONES[result.verdict]),
        Cell(effect),
        Cell(n),
    )


def _decisive(result: ClaimResult) -> QuantityResult | None:
    place = _place_of_decisive(result)
    return None if place is None else result.quantities[place]


def _place_of_decisive(result: ClaimResult) -> int | None:
    """Return which quantity the verdict comes from: the first that counts and has it."""
    counting = [place for place, quantity in enumerate(result.quantities) if quantity.counts]
    same = [place for place in counting if result.quantities[place].verdict == result.verdict]
    return next(iter(same or counting), None)


def _verdict(verdict: ClaimVerdict, quantity: QuantityResult | None, language: Language) -> str:
    if verdict == "cannot_tell" and quantity is not None and quantity.seeds_needed:
        return say("seeds_needed", language, f"{quantity.seeds_needed:,}")
    reason = quantity.reason if quantity is not None and verdict == "refuted" else ""
    more = f": {say(reason, language)}" if reason == "too_small" else ""
    return say(verdict, language) + more


def _section(spec: ClaimFacts, result: ClaimResult, language: Language) -> Section:
    heading = f"{spec.id} · {spec.title.said(language)}"
    blocks: list[Block] = [_lead(spec, result, language), _about(spec, result, language)]
    if result.quantities:
        blocks.append(_quantities(spec, result, language))
    if (figure := _figure(spec, result, language)) is not None:
        blocks.append(figure)
    return Section(heading, tuple(blocks))


def _lead(spec: ClaimFacts, result: ClaimResult, language: Language) -> Paragraph:
    told = [_verdict(result.verdict, _decisive(result), language)]
    if (place := _place_of_decisive(result)) is not None and result.quantities[place].n:
        section, quantity = spec.quantities[place], result.quantities[place]
        told.append(f"{section.name.said(language)}: {shown_effect(section, quantity)}, n = {quantity.n}")
    if result.missing_data:
        told.append(say("missing", language, ", ".join(result.missing_data)))
    if result.why_not:
        told.append(say("left_out", language, result.why_not))
    if spec.unmeasured.said(language):
        told.append(spec.unmeasured.said(language))
    first, *rest = told
    return Paragraph(". ".join((first[:1].upper() + first[1:], *rest)) + ".", lead=True)


def _about(spec: ClaimFacts, result: ClaimResult, language: Language) -> Listing:
    note = f" ({spec.note})" if spec.note else ""
    # The sentence as the note has it stands beside its translation.
    both = [spec.sentence.said(language)]
    if language == "en" and spec.sentence.ko and spec.sentence.en:
        both.append(f"“{spec.sentence.ko}”")
    items = [Item(say("sentence", language), " — ".join(both) + note)]
    texts: list[tuple[str, Wording]] = [
        ("original", spec.original),
        ("method", spec.method),
        ("remark", spec.remark),
    ]
    items += [Item(say(word, language), text.said(language)) for word, text in texts if text.said(language)]
    if result.seeds:
        items.append(Item(say("seeds", language), digits.ranges(list(result.seeds))))
    return Listing(tuple(items))


def _quantities(spec: ClaimFacts, result: ClaimResult, language: Language) -> Table:
    columns = (
        Column(say("quantity", language), wraps=True),
        Column(say("effect", language)),
        Column(say("rule", language), rank=2, below=f"{say('rule', language)} {{}}"),
        Column(say("size", language), rank=3, below=f"{say('size', language)} {{}}"),
        Column(say("verdict", language), wraps=True),
        Column(say("n", language), "right", rank=1),
    )
    rows = []
    for section, quantity in zip(spec.quantities, result.quantities, strict=True):
        told = _verdict(quantity.verdict, quantity, language)
        tone = _TONES[quantity.verdict]
        if not quantity.counts:
            told, tone = f"({told}; {say('shown', language)})", "quiet"
        rows.append(
            (
                Cell(section.name.said(language)),
                Cell(shown_effect(section, quantity) if quantity.n else "–"),
                Cell(_rule(section, language)),
                Cell(_size(section)),
                Cell(told, tone),
                Cell(str(quantity.n)),
            )
        )
    filled = [place for place in range(len(columns)) if any(row[place].text for row in rows)]
    return Table(
        "",
        tuple(columns[place] for place in filled),
        tuple(tuple(row[place] for place in filled) for row in rows),
    )


def shown_effect(section: QuantityFacts, quantity: QuantityResult) -> str:
    """Return mean and interval as they are read: a logarithm as the ratio that it is of."""
    if not quantity.n:
        return ""
    low, high = quantity.interval
    text = f"{_number(quantity.effect, section)} [{_number(low, section)}, {_number(high, section)}]"
    return digits.with_unit(text, section.unit) if section.unit else text


def _number(value: float, section: QuantityFacts) -> str:
    value = displayed(value, section)
    if not math.isfinite(value):
        return "−∞" if value < 0 else "∞" if value > 0 else "–"
    text = f"{value:.3g}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{value:.2e}"
    if abs(value) >= 1000 and "e" in text and abs(value) < 1e5:
        text = f"{value:,.0f}"
    return text.replace("-", digits.MINUS)


def displayed(value: float, section: QuantityFacts) -> float:
    """Return a value on the scale on which it is shown."""
    if section.scale == "log":
        return math.exp(min(value, 700.0))
    return _factor(section) * value


def _factor(section: QuantityFacts) -> float:
    return 100.0 if section.unit in ("pp", "%") else 1.0


def _rule(section: QuantityFacts, language: Language) -> str:
    if section.sign == "in":
        return say("in", language, _number(section.low, section), _number(section.high, section))
    sign = {">=": "≥", "<=": "≤"}.get(section.sign, section.sign)
    return f"{sign} {_number(section.low, section)}"


def _size(section: QuantityFacts) -> str:
    if section.size is None:
        return ""
    if isinstance(section.size, tuple):
        return f"{_number(section.size[0], section)}–{_number(section.size[1], section)}"
    return _number(section.size, section)


def _figure(spec: ClaimFacts, result: ClaimResult, language: Language) -> ClaimFigure | None:
    picture = spec.picture
    caption = [picture.caption.said(language)] if picture.caption.said(language) else []
    dots: tuple[DotRow, ...] = ()
    lines: tuple[LabelledLine, ...] = ()
    images: tuple[LabelledImage, ...] = ()
    match picture.kind:
        case "dots":
            dots = tuple(_dots(spec, result, language))
            caption.append(say("dots", language))
        case "lines":
            pairs = zip(picture.labels, result.lines, strict=False)
            lines = tuple(LabelledLine(label.said(language), line) for label, line in pairs if line.x)
            caption.append(say("bands", language))
        case "images":
            drawn = zip(picture.labels, result.images, picture.extents, picture.are_classes, strict=False)
            images = tuple(
                LabelledImage(label.said(language), image, extent, is_classes)
                for label, image, extent, is_classes in drawn
            )
            caption.append(say("first_seed", language))
        case _:
            assert_never(picture.kind)
    if not (dots or lines or images):
        return None
    title = spec.title.said(language)
    return ClaimFigure(
        name=f"claim-{spec.id.lower()}" + ("" if language == "en" else f"-{language}"),
        caption=" ".join(caption),
        alternative=f"{spec.id}: {title}. {say(result.verdict, language)}",
        x_label=picture.x_label.said(language),
        y_label=picture.y_label.said(language),
        x_is_log=picture.x_is_log,
        y_is_log=picture.y_is_log,
        ticks=picture.ticks,
        dots=dots,
        lines=lines,
        images=images,
    )


def _dots(spec: ClaimFacts, result: ClaimResult, language: Language) -> Iterator[DotRow]:
    for section, quantity in zip(spec.quantities, result.quantities, strict=True):
        if not quantity.n:
            continue
        edges = [section.low, section.high] if section.sign == "in" else [section.low]
        side = 0 if section.sign == "in" else 1 if section.sign.startswith(">") else -1
        low, high = quantity.interval
        yield DotRow(
            label=section.name.said(language),
            text=shown_effect(section, quantity),
            mean=quantity.effect,
            low=low,
            high=high,
            edges=tuple(edges),
            side=side,
            counts=quantity.counts,
            told=f"{_rule(section, language)}: {_verdict(quantity.verdict, quantity, language)}",
            seeds=tuple(
                each for each in zip(result.seeds, quantity.values, strict=False) if math.isfinite(each[1])
            ),
            factor=_factor(section),
            is_log=section.scale == "log",
            unit=section.unit,
        )
