"""``nnbench doctor``: what this machine is, and what is wrong with it."""

from typing import Annotated

import typer

from nnbench.terminal import options

ENVIRONMENT = 4


def command(
    noise: Annotated[
        bool, typer.Option("--noise", help="Also time pairs of processes for 10 s: what could a gate see?")
    ] = False,
    store: options.Store = None,
    to: options.Destination = options.PRINTED,
    color: options.Color = None,
) -> int:
    """Check this machine, the kernel cache and the store."""
    from nnbench.plan.settings import display_settings
    from nnbench.reporting.blocks import Cell, Column, Table, Tone
    from nnbench.studies import checkup
    from nnbench.terminal import printing as present

    chosen = display_settings(store=store, color=color)
    checks = checkup.examine(chosen.store)
    if noise:
        checks += checkup.pairs_of_processes()
    items = [{"name": check.name, "state": check.state, "finding": check.finding} for check in checks]
    tones: dict[str, Tone] = {"ok": "good", "warn": "unsure", "fail": "bad"}
    columns = (Column("check"), Column("state"), Column("found", wraps=True))
    rows = tuple(
        (Cell(check.name), Cell(check.state, tones[check.state]), Cell(check.finding)) for check in checks
    )
    document = present.page("doctor", [Table("", columns, rows)])
    data = {"schema": "nnbench.doctor/1", "checks": items}
    present.deliver(present.result("doctor", document, data, items), to, chosen.color)
    return ENVIRONMENT if any(check.state == "fail" for check in checks) else 0
