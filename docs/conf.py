"""How Sphinx builds the book: `sphinx-build -W docs OUTPUT`, with the extra `docs` installed.

Pages are plain CommonMark that GitHub shows as they are. What they link to outside this folder becomes part
of the book: it is copied beside them for the build, and the links are led there.
"""

import base64
import json
import re
import shutil
from pathlib import Path
from typing import Any

project = "nnbench"
copyright = "the nnbench authors, MIT licence"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = "nnbench"
html_static_path = ["_static"]
html_css_files = ["book.css"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

_HERE = Path(__file__).parent
_BESIDE = _HERE / "_beside"  # in no commit: .gitignore has it
_OUTSIDE = ("CONTRIBUTING.md", "reports/published")
_NOTEBOOKS = "notebooks"


def bring_beside(*_: object) -> None:
    """Copy what stands outside this folder and is linked to."""
    shutil.rmtree(_BESIDE, ignore_errors=True)
    for name in _OUTSIDE:
        source, target = _HERE.parent / name, _BESIDE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
    for notebook in (_HERE / _NOTEBOOKS).glob("*.ipynb"):
        _write_as_page(notebook, _BESIDE / _NOTEBOOKS)


def _write_as_page(notebook: Path, folder: Path) -> None:
    """Write a notebook as a page: its words, its code, what that printed, and pictures beside the page."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = []
    for place, cell in enumerate(json.loads(notebook.read_text("utf-8"))["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            pieces.append(source.replace("](../", "](../../"))
            continue
        is_shell = source.startswith("!")
        pieces.append(f"```{'bash' if is_shell else 'python'}\n{source.removeprefix('!')}\n```")
        for output in cell["outputs"]:
            if picture := output.get("data", {}).get("image/png"):
                name = f"{notebook.stem}-{place}.png"
                (folder / name).write_bytes(base64.b64decode(picture))
                pieces.append(f"![what the cell above draws]({name})")
            elif printed := "".join(output.get("text", ())).replace("\r", "").rstrip():
                pieces.append(f"```text\n{printed}\n```")
    (folder / f"{notebook.stem}.md").write_text("\n\n".join(pieces) + "\n", "utf-8")


def lead_there(app: object, docname: str, source: list[str]) -> None:
    """Write links to what was copied as links to the copy."""
    up = "../" * docname.count("/")
    if not docname.startswith(_BESIDE.name):
        outside = "|".join(re.escape(name) for name in _OUTSIDE)
        source[0] = re.sub(rf"\]\({re.escape(up)}\.\./(?=(?:{outside}))", f"]({up}{_BESIDE.name}/", source[0])


def name_language(app: object, pagename: str, template: str, context: dict[str, Any], tree: object) -> None:
    """Say in a page in Korean that it is, for those who have it read to them."""
    if pagename.endswith(".ko"):
        context["language"] = "ko"


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx when to do each."""
    app.connect("html-page-context", name_language)
    app.connect("config-inited", bring_beside)
    app.connect("source-read", lead_there)
    return {"parallel_read_safe": True}
