"""A document as one HTML file: style and figures inside, nothing from the network, no script."""

import re

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from nnbench.cases.resources import reports_folder
from nnbench.reporting.blocks import Block, Document, FigureRef

_TEMPLATE = "page.html.j2"
_STYLE = "style.css"
# What stands before <svg> belongs to a file of its own and not inside a page.
_PROLOG = re.compile(r"^.*?(?=<svg)", re.DOTALL)


def render(document: Document) -> str:
    """Return the page."""
    folder = reports_folder()
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE).render(
        document=document,
        style=Markup((folder / _STYLE).read_text(encoding="utf-8")),
        kind=_kind,
        drawing=_drawing,
    )


def _kind(block: Block) -> str:
    return "FigureRef" if isinstance(block, FigureRef) else type(block).__name__


def _drawing(figure: FigureRef) -> Markup:
    # Only here: a page without figures must not wait for matplotlib.
    from nnbench.reporting.figures.curves import svg

    return Markup(_PROLOG.sub("", svg(figure).decode("utf-8")))
