"""``nnbench compare``: one against one, from the store."""

from typing import TYPE_CHECKING, Annotated

import typer

from nnbench.terminal import options

if TYPE_CHECKING:
    from nnbench.records.trials import Comparison
    from nnbench.reporting.blocks import Table
    from nnbench.store import Store
    from nnbench.studies.versus import Pair

DONE, WORSE, UNDECIDED = 0, 1, 5


def command(
    a: Annotated[str, typer.Argument(metavar="A", help="A run, or a configuration such as 'adam,relu'.")],
    b: Annotated[str, typer.Argument(metavar="B", help="What A is compared with, of the same kind.")],
    run: Annotated[
        str, typer.Option(metavar="RUN", help="The run that has the configurations; by default the newest.")
    ] = "last",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if A is worse, with 5 if that cannot be told.")
    ] = False,
    store: options.Store = None,
    to: options.Destination = options.PRINTED,
    color: options.Color = None,
) -> int:
    """Say whether A is better than B, seed by seed.

    A and B are two configurations of a run, named by some of their choices, or two runs.
    """
    from nnbench.plan.settings import display_settings
    from nnbench.reporting.json import run as run_json
    from nnbench.store import Store
    from nnbench.studies import versus
    from nnbench.terminal import printing as present

    chosen = display_settings(store=store, color=color)
    with Store.open(chosen.store, create=False) as opened:
        pairs = _pairs(opened, a, b, run)
    verdicts = versus.decided(pairs)
    rows = [run_json.verdict(verdict) for verdict in verdicts]
    data = {"schema": "nnbench.compare/1", "level": versus.LEVEL, "verdicts": rows}
    document = present.page(f"Is {a} better than {b}?", [_table(pairs, verdicts)])
    present.deliver(present.result("comparison", document, data, rows), to, chosen.color)
    return _exit_code(verdicts) if strict else DONE


def _pairs(store: "Store", a: str, b: str, run: str) -> "list[Pair]":
    from nnbench.evidence import findings
    from nnbench.studies import versus

    if store.has_run(a) and store.has_run(b):
        return versus.of_runs(findings.find(store, store.run(a)), findings.find(store, store.run(b)))
    return versus.of_configurations(findings.find(store, store.run(run)), a, b)


def _exit_code(verdicts: "list[Comparison]") -> int:
    found = {verdict.verdict for verdict in verdicts}
    if "worse" in found:
        return WORSE
    return UNDECIDED if "cannot_tell" in found else DONE


def _table(pairs: "list[Pair]", verdicts: "list[Comparison]") -> "Table":
    from nnbench.reporting.blocks import Cell, Column, Table
    from nnbench.reporting.texts import words

    rows = [
        (
            Cell(pair.facts.name),
            Cell(pair.a_label),
            Cell(pair.b_label),
            Cell(words.signed_difference(verdict, pair.facts)),
            Cell(*words.VERDICT[verdict.verdict]),
            Cell(str(verdict.n)),
            Cell(verdict.reason),
        )
        for pair, verdict in zip(pairs, verdicts, strict=True)
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
    noticeable = dict.fromkeys(f"{words.noticeable(pair.facts)} ({pair.facts.name})" for pair in pairs)
    notes = [f"Equivalent: the whole interval within {', '.join(noticeable)}."]
    notes += ["p values are Holm-corrected over the rows of this table."] if len(rows) > 1 else []
    if any(pair.n_tests > 1 for pair in pairs):
        notes.append("p values of a race are multiplied by the tests it may make: every pair at every look.")
    return Table("", columns, tuple(rows), tuple(notes))
