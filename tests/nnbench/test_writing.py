"""Files for users are written as a whole or not at all, and no text of theirs commands a terminal."""

import errno
import os
from pathlib import Path

import pytest

from nnbench.errors import EnvironmentProblem, UsageError
from nnbench.machine.writing import make_folder, printable, write_files


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the disk is full: the file can be made and written, and then it cannot be kept."""

    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)


def test_all_files_are_written(tmp_path: Path) -> None:
    write_files({tmp_path / "a.md": "µ\n", tmp_path / "b.svg": b"\x00\r\n"})

    assert (tmp_path / "a.md").read_bytes() == "µ\n".encode()
    assert (tmp_path / "b.svg").read_bytes() == b"\x00\r\n"
    assert sorted(os.listdir(tmp_path)) == ["a.md", "b.svg"]


@pytest.mark.usefixtures("full_disk")
def test_on_a_full_disk_the_old_file_stays_and_no_other_appears(tmp_path: Path) -> None:
    """One line says which file and why."""
    old = tmp_path / "old.md"
    old.write_text("old", encoding="utf-8")

    with pytest.raises(EnvironmentProblem, match=r"old\.md: cannot be written: No space left on device\.$"):
        write_files({old: "new"})
    with pytest.raises(EnvironmentProblem):
        write_files({tmp_path / "new.md": "new"})

    assert os.listdir(tmp_path) == ["old.md"]
    assert old.read_text(encoding="utf-8") == "old"


def test_files_that_belong_together_are_all_written_or_none(tmp_path: Path) -> None:
    """The first could be written, and stays out since the second cannot."""
    (tmp_path / "b.md").mkdir()

    with pytest.raises(UsageError, match=r"b\.md: this is a folder"):
        write_files({tmp_path / "a.svg": b"new", tmp_path / "b.md": "new"})

    assert os.listdir(tmp_path) == ["b.md"]


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path) -> None:
    real = tmp_path / "real.md"
    real.write_text("old", encoding="utf-8")
    real.chmod(0o640)
    (tmp_path / "link.md").symlink_to("real.md")

    write_files({tmp_path / "link.md": "new"})

    assert (tmp_path / "link.md").is_symlink()
    assert real.read_text(encoding="utf-8") == "new"
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["", "/dev/null", "a\0b", "\ud800", "a" * 300, "loop"])
def test_a_name_that_no_file_can_have_is_wrong_usage(name: str, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(UsageError):
        write_files({tmp_path / name: "text"})

    assert os.listdir(tmp_path) == ["loop"]


def test_a_name_may_be_as_long_as_the_disk_takes(tmp_path: Path) -> None:
    write_files({tmp_path / ("a" * 255): "text"})

    assert os.listdir(tmp_path) == ["a" * 255]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    make_folder(tmp_path / "a" / "b")

    with pytest.raises(UsageError, match="file: cannot be made"):
        make_folder(tmp_path / "file")
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("adam · relu, 95 %", "adam · relu, 95 %"),
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("over\rwritten\b\x9b2J", r"over\rwritten\x08\x9b2J"),
        ("\u202eturned\u2028line", r"\u202eturned\u2028line"),
        ("bytes\udcff", r"bytes\udcff"),
        ("two\nlines", r"two\nlines"),
    ],
)
def test_what_a_terminal_would_obey_is_spelt_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_may_stay_stays() -> None:
    assert printable("a\n\tb\x1b", keep="\n\t") == "a\n\tb\\x1b"
