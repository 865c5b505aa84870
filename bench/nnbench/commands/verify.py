"""``nnbench verify``: the exact figures of the lecture notes, measured again."""

from typing import Annotated

import typer

from nnbench.terminal import options


def command(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID…]", help="Figures by id: X1, or one check of it, X1.a; else all."),
    ] = None,
    lang: options.Lang = "en",
    to: options.Destination = options.PRINTED,
    color: options.Color = None,
) -> int:
    """Check the exact figures of the lecture notes by this program's own code.

    Each is held against what the note prints, to its last digit, or against a closed form. The exit code is 1
    if one of them fails.
    """
    from nnbench.plan.settings import display_settings
    from nnbench.reporting.views import verify as view
    from nnbench.studies.verify import catalogue
    from nnbench.terminal import printing

    language = options.language(lang)
    chosen = display_settings(store=None, color=color)
    found = list(catalogue.carry_out(catalogue.chosen(ids or [])))
    rows = view.rows(found, language)
    data = {"schema": "nnbench.verify/1", "checks": rows}
    made = printing.result("verify", view.build(found, language), data, rows)
    printing.deliver(made, to, chosen.color)
    return 0 if all(each.ok for each in found) else 1
