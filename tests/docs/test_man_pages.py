"""The man pages say what the reference says, and every reader of such pages can show them."""

import re
import runpy
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from nnbench.commands import VERBS
from nnbench.verbs import app
from tests.docs.book import DOCS

PAGES: dict[str, Any] = runpy.run_path(str(DOCS / "man_pages.py"))
MADE: dict[str, str] = PAGES["pages"]("1.2.3")
_ESCAPES = {"\\-": "-", "\\(aq": "'", "\\(dq": '"', "\\&": "", "\\e": "\\"}
_SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "FILES", "ENVIRONMENT"]


def as_read(page: str) -> str:
    """Return the words of a page, without requests and fonts."""
    page = re.sub(r"^\.(SH|TP|PP|nh|ad|TH)\b ?", "", re.sub(r"\\f[BIR]", "", page), flags=re.M)
    return re.sub(r"\\(?:-|\(aq|\(dq|&|e)", lambda found: _ESCAPES[found[0]], page)


def test_nnbench_and_every_verb_have_a_page() -> None:
    assert sorted(MADE) == sorted(["nnbench.1", *(f"nnbench-{verb}.1" for verb in VERBS)])
    assert all(f"nnbench-{verb}(1)" in as_read(MADE["nnbench.1"]) for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_a_page_has_every_option_with_its_help(verb: str) -> None:
    """As Typer has them: the page went from there to the reference to roff and back to words."""
    page = as_read(MADE[f"nnbench-{verb}.1"]).partition("\nOPTIONS\n")[2]
    group: Any = typer.main.get_command(app)

    for parameter in group.get_command(None, verb).params:
        if parameter.param_type_name == "option":
            start = page.index("\n" + ", ".join([*parameter.opts, *parameter.secondary_opts]))
            said = " ".join((parameter.help or "").replace("`", "").split())
            assert said in page[start : start + len(said) + 200], parameter.opts


@pytest.mark.parametrize("name", sorted(MADE))
def test_no_text_is_taken_for_a_request(name: str) -> None:
    """A line that begins with a dot is one of ours, and the usual sections are there."""
    page = MADE[name]

    requests = re.findall(r"^[.'].*$", page, re.M)
    assert {line.split()[0] for line in requests} <= {".TH", ".SH", ".TP", ".PP", ".nh", ".ad"}
    headings = re.findall(r"^\.SH (.*)$", page, re.M)
    assert [heading for heading in headings if heading in _SECTIONS] == _SECTIONS
    assert headings[-1] == "SEE ALSO"


@pytest.mark.parametrize("verb", VERBS)
def test_the_example_of_a_verb_can_be_typed(verb: str) -> None:
    program, *arguments = shlex.split(PAGES["EXAMPLES"][verb][0])
    group: Any = typer.main.get_command(app)

    assert (program, arguments[0]) == ("nnbench", verb)
    with group.get_command(None, verb).make_context(verb, arguments[1:]):
        pass


@pytest.mark.parametrize("name", ["nnbench.1", "nnbench-run.1", "nnbench-gate.1"])
def test_groff_has_no_remark(name: str, tmp_path: Path) -> None:
    if shutil.which("groff") is None or shutil.which("preconv") is None:
        pytest.skip("groff is not installed")
    (tmp_path / name).write_text(MADE[name], "utf-8")
    command = ["groff", "-man", "-Tutf8", "-K", "utf8", "-ww", str(tmp_path / name)]

    done = subprocess.run(command, capture_output=True, check=True)

    assert done.stderr == b""
    assert b"SEE ALSO" in re.sub(rb"\x1b\[[0-9;]*m|.\x08", b"", done.stdout)
