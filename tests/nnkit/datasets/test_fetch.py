"""Fetching ends with the published bytes or with one clear line, whatever mirrors and interruptions do."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnkit.datasets.fetch import Limits, fetch
from nnkit.datasets.remote import RemoteFile
from nnkit.errors import EnvironmentProblem
from tests.nnkit.datasets.mirror import Mirror, dead_url, published, serving, stay_on_loopback
from tests.waiting import until

CONTENT = bytes(range(256)) * 400  # 102,400 bytes
BRISK = Limits(silence_s=0.3, least_bytes=1000, n_transfers=3)


class Notes:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.arrivals: list[int] = []

    def arrived(self, file: RemoteFile, n_bytes: int) -> None:
        self.arrivals.append(n_bytes)

    def noted(self, text: str) -> None:
        self.texts.append(text)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The data folder, which does not exist yet."""
    stay_on_loopback(monkeypatch, tmp_path / "data")
    return tmp_path / "data" / "set"


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving(files={"a.gz": CONTENT}) as found:
        yield found


def refusal(*files: RemoteFile, limits: Limits = BRISK) -> str:
    with pytest.raises(EnvironmentProblem) as caught:
        fetch("set", files, limits=limits)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def begin(folder: Path, content: bytes) -> Path:
    """Leave behind what an interrupted transfer would have."""
    folder.mkdir(parents=True)
    part = folder / "a.gz.part"
    part.write_bytes(content)
    return part


def test_files_arrive_once(mirror: Mirror, folder: Path) -> None:
    """Every file is fetched, nothing else is left, and a second call asks nobody."""
    mirror.files["b.gz"] = b"small"
    files = [published("a.gz", CONTENT, mirror), published("b.gz", b"small", mirror)]

    assert fetch("set", files) == 2
    assert fetch("set", files) == 0

    assert mirror.requests == [("/a.gz", ""), ("/b.gz", "")]
    assert (folder / "a.gz").read_bytes() == CONTENT
    assert (folder / "b.gz").read_bytes() == b"small"
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "a.gz", "b.gz"]


def test_a_cut_transfer_goes_on_where_it_ended(mirror: Mirror, folder: Path) -> None:
    """Only what is missing is asked for again, and every byte is sent once."""
    mirror.cut_after = [30_000, 40_000]

    fetch("set", [published("a.gz", CONTENT, mirror)], limits=BRISK)

    assert mirror.requests == [("/a.gz", ""), ("/a.gz", "bytes=30000-"), ("/a.gz", "bytes=70000-")]
    assert mirror.n_sent == len(CONTENT)
    assert (folder / "a.gz").read_bytes() == CONTENT


def test_an_interrupted_fetch_is_taken_up_by_the_next(mirror: Mirror, folder: Path) -> None:
    """Ctrl-C keeps what has arrived; the same call later asks for the rest."""

    class Interrupting(Notes):
        def arrived(self, file: RemoteFile, n_bytes: int) -> None:
            raise KeyboardInterrupt

    file = published("a.gz", CONTENT, mirror)
    mirror.cut_after = [40_000]
    with pytest.raises(KeyboardInterrupt):
        fetch("set", [file], watcher=Interrupting())
    kept = (folder / "a.gz.part").stat().st_size

    fetch("set", [file])

    assert 0 < kept <= 40_000
    assert mirror.requests == [("/a.gz", ""), ("/a.gz", f"bytes={kept}-")]
    assert (folder / "a.gz").read_bytes() == CONTENT


@given(cuts=st.lists(st.integers(0, 3000), max_size=4), has_ranges=st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_file_in_its_place_is_whole(
    cuts: list[int], has_ranges: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Wherever transfers are cut: the file is the published one, or it is not there and somebody says so."""
    content = CONTENT[:2500]
    folder = tmp_path_factory.mktemp("cuts")
    with pytest.MonkeyPatch.context() as patch, serving(files={"a.gz": content}) as mirror:
        stay_on_loopback(patch, folder)
        mirror.cut_after, mirror.ignores_range = list(cuts), not has_ranges
        file, problem = published("a.gz", content, mirror), ""
        try:
            fetch("set", [file], limits=BRISK)
        except EnvironmentProblem as error:
            problem = str(error)

        path = folder / "set/a.gz"
        assert ("ended after" in problem) != path.exists()
        assert not path.exists() or path.read_bytes() == content
        # Three transfers are allowed: where fewer are cut, the file must be there.
        assert path.exists() or (len(cuts) >= 3 and max(cuts[:3]) < len(content))


def test_a_server_without_ranges_begins_again(mirror: Mirror, folder: Path) -> None:
    """Where a server sends everything though the rest was asked for, the first part is not kept before it."""
    mirror.cut_after, mirror.ignores_range = [50_000], True

    fetch("set", [published("a.gz", CONTENT, mirror)], limits=BRISK)

    assert (folder / "a.gz").read_bytes() == CONTENT
    assert len(mirror.requests) == 2


def test_wrong_bytes_are_thrown_away_and_the_next_mirror_is_asked(mirror: Mirror, folder: Path) -> None:
    """A file of the right size with one wrong bit is not kept, and it is said where the right one is from."""
    wrong = bytes([1]) + CONTENT[1:]
    notes = Notes()
    with serving(files={"a.gz": wrong}) as liar:
        file = published("a.gz", CONTENT, liar, mirror)
        fetch("set", [file], watcher=notes, limits=BRISK)

    assert (folder / "a.gz").read_bytes() == CONTENT
    assert mirror.requests == [("/a.gz", "")]
    assert len(liar.requests) == 1
    good, bad = (f"127.0.0.1:{port}" for port in (mirror.port, liar.port))
    assert notes.texts == [f"a.gz is from {good} ({bad}: sends other bytes than the published file)"]


def test_what_another_source_left_behind_is_not_trusted(mirror: Mirror, folder: Path) -> None:
    """A part that does not fit is noticed at the end; the same mirror then sends all of it."""
    begin(folder, b"\1" * 1000)

    fetch("set", [published("a.gz", CONTENT, mirror)], limits=BRISK)

    assert mirror.requests == [("/a.gz", "bytes=1000-"), ("/a.gz", "")]
    assert (folder / "a.gz").read_bytes() == CONTENT


@pytest.mark.parametrize("left", [CONTENT + b"more", b"\1" * len(CONTENT)], ids=["too long", "wrong"])
def test_a_part_that_cannot_be_a_beginning_is_dropped(mirror: Mirror, folder: Path, left: bytes) -> None:
    begin(folder, left)

    fetch("set", [published("a.gz", CONTENT, mirror)])

    assert mirror.requests == [("/a.gz", "")]
    assert (folder / "a.gz").read_bytes() == CONTENT


def test_a_whole_part_only_needs_its_name(mirror: Mirror, folder: Path) -> None:
    """Killed between the last byte and the move: nothing is sent again."""
    begin(folder, CONTENT)

    assert fetch("set", [published("a.gz", CONTENT, mirror)]) == 1

    assert mirror.requests == []
    assert (folder / "a.gz").read_bytes() == CONTENT


def test_a_damaged_file_is_replaced(mirror: Mirror, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "a.gz").write_bytes(b"\1" * len(CONTENT))

    assert fetch("set", [published("a.gz", CONTENT, mirror)]) == 1

    assert (folder / "a.gz").read_bytes() == CONTENT


def test_when_no_mirror_works_one_line_says_why_of_each(mirror: Mirror, folder: Path) -> None:
    """Every mirror is named with its own reason, and the line says what can still be done."""
    mirror.files.clear()
    dead = dead_url("a.gz")
    with serving(status=503) as overloaded, serving(files={"a.gz": b"<html>moved</html>"}) as moved:
        text = refusal(published("a.gz", CONTENT, dead, mirror, overloaded, moved))

    assert text.startswith("set: no mirror serves a.gz (")
    assert f"{dead.split('/')[2]}: Connection refused" in text
    assert f"127.0.0.1:{mirror.port}: answers 404 Not Found" in text
    assert f"127.0.0.1:{overloaded.port}: answers 503 Service Unavailable" in text
    assert f"127.0.0.1:{moved.port}: offers 18 bytes where 102400 are missing" in text
    assert text.endswith(f"Try again later, or put the file into {folder} yourself.")
    assert not (folder / "a.gz").exists()


def test_equal_reasons_are_said_once() -> None:
    urls = [dead_url("a.gz"), dead_url("a.gz")]

    assert refusal(published("a.gz", CONTENT, *urls)).count("Connection refused") == 1


def test_a_redirect_is_followed_and_keeps_the_range(mirror: Mirror, folder: Path) -> None:
    begin(folder, CONTENT[:500])
    with serving(redirect=mirror.url("a.gz")) as first:
        fetch("set", [published("a.gz", CONTENT, first)])

    assert mirror.requests == [("/a.gz", "bytes=500-")]
    assert (folder / "a.gz").read_bytes() == CONTENT


def test_redirects_in_a_circle_end(mirror: Mirror) -> None:
    mirror.redirect = "/a.gz"

    text = refusal(published("a.gz", CONTENT, mirror))

    assert "redirects without end" in text
    assert len(mirror.requests) <= 11


def test_a_redirect_to_a_file_of_this_machine_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(CONTENT)
    mirror.redirect = f"file://{secret}"

    refusal(published("a.gz", CONTENT, mirror))

    assert len(mirror.requests) == 1


def test_a_redirect_out_of_http_is_not_followed(mirror: Mirror) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        mirror.redirect = f"ftp://127.0.0.1:{other.getsockname()[1]}/a.gz"

        assert "unknown url type: ftp" in refusal(published("a.gz", CONTENT, mirror))

        other.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody has called
            other.accept()


def test_a_silent_mirror_is_given_up(mirror: Mirror, folder: Path) -> None:
    """After the time allowed, and then the next one is asked."""
    with serving(silent=True) as silent:
        fetch("set", [published("a.gz", CONTENT, silent, mirror)], limits=BRISK)

    assert (folder / "a.gz").read_bytes() == CONTENT


def test_a_mirror_that_drips_is_given_up(mirror: Mirror) -> None:
    """A byte now and then keeps a connection alive, and would take days."""
    mirror.drip_s = 0.01

    text = refusal(published("a.gz", CONTENT, mirror))

    assert "bytes in 0.3 s" in text
    assert len(mirror.requests) == BRISK.n_transfers


def test_a_stream_without_end_is_not_followed(mirror: Mirror, folder: Path) -> None:
    """Without a length the bytes are counted, and the first too many ends it."""
    mirror.hides_length, mirror.extra = True, b"\0" * (1 << 16)

    text = refusal(published("a.gz", CONTENT, mirror))

    assert "sends more than the 102400 bytes of the published file" in text
    assert (folder / "a.gz.part").stat().st_size <= len(CONTENT)


def test_one_byte_too_many_is_too_many(mirror: Mirror) -> None:
    mirror.hides_length, mirror.files["a.gz"] = True, CONTENT + b"\0"

    assert "sends more than the 102400 bytes of the published file" in refusal(
        published("a.gz", CONTENT, mirror)
    )


def test_without_a_length_the_whole_file_is_taken(mirror: Mirror, folder: Path) -> None:
    mirror.hides_length = True

    fetch("set", [published("a.gz", CONTENT, mirror)])

    assert (folder / "a.gz").read_bytes() == CONTENT


def test_another_part_than_the_one_asked_for_is_refused(mirror: Mirror, folder: Path) -> None:
    part = begin(folder, CONTENT[:500])
    mirror.content_range = "bytes 0-102399/102400"

    text = refusal(published("a.gz", CONTENT, mirror))

    assert "was asked for bytes 500-102399/102400, offers bytes 0-102399/102400" in text
    assert part.read_bytes() == CONTENT[:500]


def test_a_shorter_file_on_the_server_is_noticed_when_going_on(mirror: Mirror, folder: Path) -> None:
    """416: the part is longer than what the server has; it is asked for everything once more."""
    begin(folder, CONTENT[:500])
    mirror.files["a.gz"] = CONTENT[:400]

    text = refusal(published("a.gz", CONTENT, mirror))

    assert "offers 400 bytes where 102400 are missing" in text
    assert mirror.requests == [("/a.gz", "bytes=500-"), ("/a.gz", "")]


def test_a_folder_that_cannot_be_made_is_one_line(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("NNBENCH_DATA_DIR", str(tmp_path / "file"))

    text = refusal(published("a.gz", CONTENT, mirror))

    assert text == (
        f"{tmp_path / 'file' / 'set'}: cannot be written: Not a directory."
        " Name another folder in NNBENCH_DATA_DIR."
    )
    assert mirror.requests == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_one_line(mirror: Mirror, folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o500)

    text = refusal(published("a.gz", CONTENT, mirror))

    assert "cannot be written: Permission denied" in text


def test_a_full_disk_is_one_line(mirror: Mirror, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    assert f"{folder}: cannot be written: No space left on device." in refusal(
        published("a.gz", CONTENT, mirror)
    )


def test_a_complete_folder_may_be_read_only(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """Nothing is written where nothing is missing: not even the lock."""
    file = published("a.gz", CONTENT, mirror)
    folder.mkdir(parents=True)
    (folder / "a.gz").write_bytes(CONTENT)

    def forbidden(*arguments: Any, **options: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    monkeypatch.setattr(Path, "mkdir", forbidden)

    assert fetch("set", [file]) == 0


def test_two_at_once_fetch_once(mirror: Mirror, folder: Path) -> None:
    """The second waits, says so, and finds everything there."""
    mirror.slow_s = 0.3
    file = published("a.gz", CONTENT, mirror)
    watchers = [Notes(), Notes()]
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda notes=notes: counts.append(fetch("set", [file], watcher=notes)))
        for notes in watchers
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(counts) == [0, 1]
    assert len(mirror.requests) == 1
    assert sorted(notes.texts for notes in watchers) == [[], ["another process fetches set; waiting"]]
    assert (folder / "a.gz").read_bytes() == CONTENT


PROGRAM = """
import sys
from nnkit.datasets.fetch import fetch
from nnkit.datasets.remote import RemoteFile

name, size, sha256, url = sys.argv[1:]
print(fetch("set", [RemoteFile(name, int(size), sha256, (url,))]))
"""


def process(file: RemoteFile) -> subprocess.Popen[str]:
    arguments = [file.name, str(file.size_bytes), file.sha256, file.mirrors[0]]
    path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def test_two_processes_fetch_once(mirror: Mirror, folder: Path) -> None:
    mirror.slow_s = 0.5
    processes = [process(published("a.gz", CONTENT, mirror)) for _ in range(2)]

    answers = sorted(running.communicate(timeout=120)[0].strip() for running in processes)

    assert answers == ["0", "1"]
    assert len(mirror.requests) == 1


def test_a_killed_process_leaves_no_lock(mirror: Mirror, folder: Path) -> None:
    """The one that was waited for dies in the middle: the other goes on."""
    mirror.slow_s = 5.0
    file = published("a.gz", CONTENT, mirror)
    first = process(file)
    until(lambda: mirror.requests)
    first.kill()
    first.communicate()
    mirror.slow_s = 0.0

    assert fetch("set", [file]) == 1

    assert (folder / "a.gz").read_bytes() == CONTENT


def test_progress_counts_what_is_here(mirror: Mirror, folder: Path) -> None:
    """The count goes on from what was there before, and ends at the size."""
    begin(folder, CONTENT[:500])
    notes = Notes()

    fetch("set", [published("a.gz", CONTENT, mirror)], watcher=notes)

    assert notes.arrivals == sorted(notes.arrivals)
    assert notes.arrivals[0] > 500
    assert notes.arrivals[-1] == len(CONTENT)
    assert notes.texts == []
