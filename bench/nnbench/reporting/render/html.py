"""A document as one HTML file: style, figures and script inside, and nothing from the network.

Without its script the page is whole: the script only draws some figures anew, and sorts, filters and copies.
"""

import base64
import hashlib
import json
import re
from functools import partial
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from nnbench.cases.resources import reports_folder
from nnbench.machine.writing import printable
from nnbench.reporting.blocks import Block, Document, FigureRef
from nnbench.reporting.plots import plot
from nnbench.reporting.render import latex, markdown
from nnbench.reporting.texts.page import WORDS

_TEMPLATE = "page.html.j2"
_STYLE = "style.css"
# In the order in which they stand on the page: what is called at once must have been said before.
SCRIPT = (
    "elements",
    "address",
    "theme",
    "copying",
    "tables",
    "scales",
    "lines",
    "panel",
    "reading",
    "descent",
    "standings",
    "ranks",
    "heat",
    "dots",
    "start",
)
# What stands before <svg> belongs to a file of its own and not inside a page.
_PROLOG = re.compile(r"^.*?(?=<svg)", re.DOTALL)
# The style of a whole page, not of one picture; style.css has it for those that are finished.
_STYLE_OF_ALL = re.compile(r"<defs>\s*<style type=\"text/css\">\*\{[^<]*</style>\s*</defs>")
# Hundredths of a point cannot be seen, and page.html.j2's style has the letters of all pictures.
_FINER = re.compile(r"(\.\d\d)\d+")
_TAG = re.compile(r"<[^!>]*>")
_LETTERS = re.compile(r"font-family: [^;\"]*; ?")
_LONG_WORD = re.compile(r"(\S{30})(?=\S{10})")
_INTERVAL = re.compile(r"(?<=\S) (\[[^\[\]]*\](?: ×)?)(?=$|, p )")
# A number and its unit stay on one line, as do "n = 6" and "p < 0.001".
_TOGETHER = re.compile(
    r"(?<=\d) (?=(?:%|pp|ns|µs|ms|s|min|h|[KMG]iB|[kMG]?B|×)(?!\w))"
    r"|(?<=\b[np]) (?=[=<>])|(?<=\b[np] [=<>]) (?=\d)"
)
# Signs that would end the data or the script around them. A string of JSON may spell any of them.
_ENDING = {sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def render(document: Document) -> str:
    """Return the page."""
    folder = reports_folder()
    script = "\n".join((folder / "script" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPT)
    figures: list[dict[str, Any]] = []
    page = template(_TEMPLATE).render(
        document=document,
        policy=policy(script),
        style=Markup((folder / _STYLE).read_text(encoding="utf-8")),
        script=Markup(script),
        kind=_kind,
        cell_text=_cell_text,
        together=_together,
        on_paper=latex.is_kept,
        drawing=_drawing,
        plot=partial(_plot, figures),
        data=partial(_data, figures, document.language),
    )
    return printable(page, keep="\n\t")


def template(name: str) -> Template:
    """Return a template of a page; what it is given is escaped, and what it is not given is an error."""
    environment = Environment(
        loader=FileSystemLoader(reports_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def policy(script: str) -> str:
    """Return what the page may do: run this one script, look as it does, and ask nobody for anything.

    The figures carry styles of their own, inside their elements.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:;"
        " base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _kind(block: Block) -> str:
    return "FigureRef" if isinstance(block, FigureRef) else type(block).__name__


def _cell_text(text: str) -> Markup:
    """Set the interval behind an estimate apart: it never breaks, and goes below where room is short."""
    # A word of a hundred letters may break: it would push all that follows off the page.
    parts = (str(escape(part)) for part in _LONG_WORD.sub(r"\1\0", text).split("\0"))
    return Markup(_INTERVAL.sub(r" <small>\1</small>", "<wbr>".join(parts)))


def _together(text: str) -> str:
    """Keep a number and its unit on one line. Not in cells: they are copied into tables of data."""
    return _TOGETHER.sub("\u00a0", text)


def _drawing(figure: FigureRef) -> Markup:
    # Only here: a page without figures must not wait for matplotlib.
    from nnbench.reporting.figures.curves import svg

    drawn = _STYLE_OF_ALL.sub("", _PROLOG.sub("", svg(figure).decode("utf-8")))
    return Markup(_TAG.sub(lambda tag: _LETTERS.sub("", _FINER.sub(r"\1", tag[0])), drawn))


def _plot(figures: list[dict[str, Any]], figure: FigureRef) -> str:
    """Keep what the script draws in the picture's place; return the identifier of the place, or nothing."""
    found = plot.data(figure)
    if found is None:
        return ""
    name = f"figure-{len(figures) + 1}"
    figures.append({"id": name} | found)
    return name


def _data(figures: list[dict[str, Any]], language: str) -> Markup:
    """Return what the script needs."""
    escapes = {"latex": latex.SPECIAL, "markdown": markdown.MARKUP.pattern}
    return embedded({"figures": figures, "escapes": escapes, "words": WORDS.get(language, {})})


def embedded(content: dict[str, Any]) -> Markup:
    """Return JSON that no parser of HTML can take for anything else."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return Markup("".join(_ENDING.get(sign, sign) for sign in text))
