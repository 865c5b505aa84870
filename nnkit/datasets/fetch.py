"""Fetch original files: mirror after mirror, going on where a transfer was cut, keeping only the right bytes.

What arrives is collected beside its place and moved there once its SHA-256 is the published one. So a file
that is there is whole, whoever is interrupted, whatever a server sends, and however many fetch at once.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from nnkit.datasets import lock, remote
from nnkit.datasets.remote import RemoteFile, is_original, part_of, size_of
from nnkit.errors import EnvironmentProblem

_CHUNK_BYTES = 1 << 18


class Watcher(Protocol):
    """Whoever wants to know how it goes."""

    def arrived(self, file: RemoteFile, n_bytes: int) -> None:
        """``n_bytes`` of the file are here; also called when a transfer begins again with fewer."""
        ...

    def noted(self, text: str) -> None:
        """Something happened that explains a delay; the fetching goes on."""
        ...


class _Nobody:
    def arrived(self, file: RemoteFile, n_bytes: int) -> None:
        pass

    def noted(self, text: str) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a mirror is waited for, and how often it is asked again."""

    silence_s: float = 30.0
    least_bytes: int = 30_000  # in that time; less is as good as silence
    n_transfers: int = 5  # from one mirror, each going on where the one before was cut


NOBODY: Watcher = _Nobody()
PATIENT = Limits()


def fetch(
    dataset: str, files: Sequence[RemoteFile], *, watcher: Watcher = NOBODY, limits: Limits = PATIENT
) -> int:
    """Bring all files of a dataset into its folder, and return how many were not there.

    Raises EnvironmentProblem when no mirror serves a file, or the folder cannot be written.
    """
    folder = remote.place(dataset)
    # Looked at before anything is written: a folder that is complete may be read-only.
    if all(is_original(file, folder / file.name) for file in files):
        return 0
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with lock.held(
            folder / ".lock", lambda: watcher.noted(f"another process fetches {dataset}; waiting")
        ):
            return sum(_fetch_one(dataset, file, folder / file.name, watcher, limits) for file in files)


def _fetch_one(dataset: str, file: RemoteFile, path: Path, watcher: Watcher, limits: Limits) -> bool:
    """Fetch a file unless it is there, and return whether it had to be."""
    if is_original(file, path):
        return False
    path = path.resolve()  # a link stays one, and the file that it names is replaced
    if path.exists() and not path.is_file():
        raise EnvironmentProblem(f"{path}: this is not a regular file. Move it away.")
    refusals: dict[str, list[str]] = {}
    for url in file.mirrors:
        host = urlsplit(url).netloc
        try:
            _collect(url, file, part_of(path), watcher, limits)
        except _Refused as refusal:
            refusals.setdefault(str(refusal), []).append(host)
            continue
        os.replace(part_of(path), path)
        if refusals:
            watcher.noted(f"{file.name} is from {host} ({_spelled(refusals)})")
        return True
    raise EnvironmentProblem(
        f"{dataset}: no mirror serves {file.name} ({_spelled(refusals)}). Try again later, or put the file"
        f" into {path.parent} yourself."
    )


def _spelled(refusals: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{', '.join(hosts)}: {reason}" for reason, hosts in refusals.items())


def _collect(url: str, file: RemoteFile, part: Path, watcher: Watcher, limits: Limits) -> None:
    """Go on with ``part`` until it is the published file, or raise _Refused."""
    reason = ""
    for _ in range(limits.n_transfers):
        if is_original(file, part):
            return
        if (size_of(part) or 0) >= file.size_bytes:
            part.unlink()
        try:
            began_at = _transfer(url, file, part, watcher, limits)
        except _Cut as cut:
            reason = str(cut)
            continue
        if is_original(file, part):
            return
        part.unlink()
        if began_at == 0:
            raise _Refused("sends other bytes than the published file")
        # What it went on from may have come from elsewhere: begin again, with this mirror alone.
        reason = "does not go on with the bytes that were here"
    raise _Refused(reason)


def _transfer(url: str, file: RemoteFile, part: Path, watcher: Watcher, limits: Limits) -> int:
    """Append what is missing of the file, and return at which byte the transfer began."""
    asked_from = size_of(part) or 0
    with _opened(url, asked_from, part, limits) as response:
        began_at = _checked_start(response, file, asked_from)
        n_bytes = began_at
        with part.open("ab" if began_at else "wb") as stream:
            for chunk in _chunks(response, limits):
                n_bytes += len(chunk)
                if n_bytes > file.size_bytes:
                    raise _Refused(f"sends more than the {file.size_bytes} bytes of the published file")
                stream.write(chunk)
                watcher.arrived(file, n_bytes)
            _to_disk(stream)
    if n_bytes < file.size_bytes:
        raise _Cut(f"ended after {n_bytes} of {file.size_bytes} bytes")
    return began_at


def _to_disk(stream: BinaryIO) -> None:
    # Before the file is moved to its place: after a power cut the name must not stand for empty blocks.
    stream.flush()
    os.fsync(stream.fileno())


# -- what comes from the network -----------------------------------------------------------------------


class _Refused(Exception):
    """This mirror does not serve the file."""


class _Cut(Exception):
    """The transfer ended early; the same mirror may be asked for the rest."""


def _opener() -> request.OpenerDirector:
    """Return what opens http and https, through proxies and a few redirects, and nothing else."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPErrorProcessor(),
        request.HTTPDefaultErrorHandler(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "nnkit-bench"), ("Accept-Encoding", "identity")]
    return opener


@contextmanager
def _opened(url: str, from_byte: int, part: Path, limits: Limits) -> Iterator[HTTPResponse]:
    """Yield the answer to a request for everything from ``from_byte`` on."""
    wanted = request.Request(url, headers={"Range": f"bytes={from_byte}-"} if from_byte else {})
    try:
        response = _opener().open(wanted, timeout=limits.silence_s)
    except HTTPError as error:
        error.close()
        if error.code == 416 and from_byte:
            part.unlink()
            raise _Cut("cannot go on where the last transfer ended") from None
        raise _Refused(_reason(error)) from None
    # ValueError: an address that a redirect made up may not even be one.
    except (OSError, HTTPException, ValueError) as error:
        raise _Refused(_reason(error)) from None
    with response:
        yield response


def _checked_start(response: HTTPResponse, file: RemoteFile, asked_from: int) -> int:
    """Return at which byte the answer begins, or raise _Refused where it cannot be the file."""
    began_at = 0
    if response.status == 206:
        expected = f"bytes {asked_from}-{file.size_bytes - 1}/{file.size_bytes}"
        found = response.headers.get("Content-Range", "nothing")
        if found != expected:
            raise _Refused(f"was asked for {expected}, offers {found}")
        began_at = asked_from
    elif response.status != 200:
        raise _Refused(f"answers {response.status}")
    length = response.headers.get("Content-Length")
    if length is not None and length != str(file.size_bytes - began_at):
        raise _Refused(f"offers {length} bytes where {file.size_bytes - began_at} are missing")
    return began_at


def _chunks(response: HTTPResponse, limits: Limits) -> Iterator[bytes]:
    """Yield what arrives, or raise _Cut when it stops or hardly moves."""
    began_s, n_bytes = time.monotonic(), 0
    while True:
        try:
            # One read from the socket: a full chunk from a server that drips would take for ever.
            chunk = response.read1(_CHUNK_BYTES)
        except (OSError, HTTPException) as error:
            raise _Cut(_reason(error)) from None
        if not chunk:
            return
        yield chunk
        n_bytes += len(chunk)
        if time.monotonic() - began_s > limits.silence_s:
            if n_bytes < limits.least_bytes:
                raise _Cut(f"sent {n_bytes} bytes in {limits.silence_s:g} s")
            began_s, n_bytes = time.monotonic(), 0


def _reason(error: Exception) -> str:
    """Return in a few words, on one line, why a request failed."""
    if isinstance(error, HTTPError):
        looped = 300 <= error.code < 400
        return f"redirects without end ({error.code})" if looped else f"answers {error.code} {error.reason}"
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return "does not answer"
    words = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return " ".join(words.split())


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Say of the folder what the system says of a file in it; what the network says is caught before."""
    try:
        yield
    except EnvironmentProblem:
        raise
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder}: cannot be written: {error.strerror}. Name another folder in {remote.FOLDER_VARIABLE}."
        ) from None
