"""``nnbench compare``: one against one, from the store."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnbench.records.trials import Comparison
    from nnbench.reporting.blocks import StandingsFigure, Table
    from nnbench.store import Store
    from nnbench.studies.versus import Versus

DONE, WORSE, UNDECIDED = 0, 1, 5


def command(
    a: Annotated[str, typer.Argument(metavar="A", help="A run, or a configuration such as 'adam,relu'.")],
    b: Annotated[str, typer.Argument(metavar="B", help="What A is compared with, of the same kind.")],
    run: Annotated[
        str, typer.Option(metavar="RUN", help="The run that has the configurations; by default the newest.")
    ] = "last",
    planned: Annotated[
        bool,
        typer.Option("--planned", help="A and B were to be compared from the start: judge them alone."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if A is worse, with 5 if that cannot be told.")
    ] = False,
    store: options.Store = None,
    to: options.Destination = options.PRINTED,
    color: options.Color = None,
) -> int:
    """Say whether A is better than B, seed by seed.

    A and B are two configurations of a run, named by some of their choices, or two runs. Two configurations
    are judged among all comparisons of their run, which is what made one look at them; --planned says that
    this one was chosen before.
    """
    from nnbench.plan.settings import display_settings
    from nnbench.reporting.json import run as run_json
    from nnbench.statistics.comparing.looks import LEVEL
    from nnbench.store import Store
    from nnbench.terminal import printing as present

    chosen = display_settings(store=store, color=color)
    with Store.open(chosen.store, create=False) as opened:
        compared = _compared(opened, a, b, run, planned=planned)
    rows = [run_json.verdict(pair.comparison) for pair in compared.pairs]
    data = {"schema": "nnbench.compare/1", "level": LEVEL, "family": compared.family, "verdicts": rows}
    document = present.page(f"Is {a} better than {b}?", [*_figure(compared), _table(compared)])
    present.deliver(present.result("comparison", document, data, rows), to, chosen.color)
    return _exit_code([pair.comparison for pair in compared.pairs]) if strict else DONE


def _compared(store: "Store", a: str, b: str, run: str, *, planned: bool) -> "Versus":
    from nnbench.evidence import findings
    from nnbench.studies import versus

    if store.has_run(a) and store.has_run(b):
        return versus.of_runs(findings.find(store, store.run(a)), findings.find(store, store.run(b)))
    return versus.of_configurations(findings.find(store, store.run(run)), a, b, planned=planned)


def _exit_code(verdicts: "list[Comparison]") -> int:
    found = {verdict.verdict for verdict in verdicts}
    if "worse" in found:
        return WORSE
    return UNDECIDED if "cannot_tell" in found else DONE


def _figure(compared: "Versus") -> "Iterator[StandingsFigure]":
    """Yield the dots and intervals, where all pairs are of one case and so have one axis."""
    from nnbench.reporting.blocks import Standing, StandingsFigure
    from nnbench.reporting.texts import words

    facts = compared.pairs[0].facts
    found = [pair for pair in compared.pairs if words.has_score(pair.comparison.difference)]
    if not found or any(pair.facts != facts for pair in found):
        return
    against = {pair.b_label for pair in found}
    is_behind = any(pair.comparison.verdict == "better" for pair in found)
    rows = [Standing(label, 0.0, (0.0, 0.0), not is_behind) for label in against if len(against) == 1]
    for pair in found:
        one = pair.comparison
        rows.append(Standing(pair.a_label, one.difference, one.interval, one.verdict != "worse"))
    yield StandingsFigure(
        name="comparison-standings",
        caption=f"Mean difference in {words.metric(facts)} of A to B on {facts.name}, paired by seed.",
        alternative=f"Differences of {len(found)} configurations to B.",
        facts=facts,
        rows=tuple(rows),
        meaning=("not shown to be worse", "worse"),
    )


def _table(compared: "Versus") -> "Table":
    from nnbench.reporting.blocks import Cell, Column, Table
    from nnbench.reporting.texts import words

    rows = [
        (
            Cell(pair.facts.name),
            Cell(pair.a_label),
            Cell(pair.b_label),
            Cell(words.signed_difference(pair.comparison, pair.facts)),
            Cell(*words.VERDICT[pair.comparison.verdict]),
            Cell(str(pair.comparison.n)),
            Cell(pair.comparison.reason),
        )
        for pair in compared.pairs
    ]
    columns = (
        Column("case"),
        Column("A", rank=2, wraps=True, below="A: {}"),
        Column("B", rank=3, wraps=True, below="B: {}"),
        Column("A − B [95%], p"),
        Column("A is"),
        Column("seeds", "right", rank=1, below="{} seeds"),
        Column("why", rank=4, wraps=True, below="{}"),
    )
    near = dict.fromkeys(f"{words.noticeable(pair.facts)} ({pair.facts.name})" for pair in compared.pairs)
    notes = (f"Equivalent: the whole interval within {', '.join(near)}.", compared.family)
    return Table("", columns, tuple(rows), notes)
