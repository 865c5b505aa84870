"""Puts the man pages into a wheel as it is built, where `man nnbench` finds them."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManPages(BuildHookInterface):  # type: ignore[misc,type-arg]
    """Writes the pages before the wheel is packed, and removes them afterwards."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, str(Path(self.root) / "docs"))
        import man_pages

        self.folder = Path(tempfile.mkdtemp())
        for path in man_pages.write(self.folder, self.metadata.version):
            build_data["shared_data"][str(path)] = f"share/man/man1/{path.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
