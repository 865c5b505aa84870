"""A mirror on the loopback address that can misbehave as real ones do; tests never leave that address."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from nnkit.datasets.remote import RemoteFile


@dataclass
class Mirror:
    """What is served, how it misbehaves, and what it was asked."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: list[int] = field(default_factory=list)  # bytes until each of the next transfers ends
    ignores_range: bool = False
    hides_length: bool = False
    status: int = 0  # answers with this, whatever is asked
    redirect: str = ""  # sends on to this address
    content_range: str = ""  # claims this of a part
    extra: bytes = b""  # follows every file, again and again
    silent: bool = False
    drip_s: float = 0.0  # waits this long after every byte
    slow_s: float = 0.0  # waits this long before every answer
    requests: list[tuple[str, str]] = field(default_factory=list)  # path and range
    n_sent: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"


class _Handler(BaseHTTPRequestHandler):
    mirror: Mirror

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        mirror = self.mirror
        mirror.requests.append((self.path, self.headers.get("Range", "")))
        if mirror.silent:
            mirror.closing.wait(10)
        elif mirror.status:
            self._answer(mirror.status, b"refused", {})
        elif mirror.redirect:
            self._answer(302, b"", {"Location": mirror.redirect})
        else:
            mirror.closing.wait(mirror.slow_s)
            self._serve(mirror.files.get(self.path[1:]))

    def _serve(self, content: bytes | None) -> None:
        wanted = self.headers.get("Range", "")
        if content is None:
            self._answer(404, b"", {})
        elif not wanted or self.mirror.ignores_range:
            self._answer(200, content, {})
        else:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self._answer(416, b"", {})
                return
            place = self.mirror.content_range or f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._answer(206, content[start:], {"Content-Range": place})

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if not self.mirror.hides_length:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):  # the other side may have seen enough
            self._send(content)

    def _send(self, content: bytes) -> None:
        mirror = self.mirror
        if mirror.cut_after and content:
            content = content[: mirror.cut_after.pop(0)]
        step = 1 if mirror.drip_s else 1 << 16
        for start in range(0, len(content), step):
            self._write(content[start : start + step])
            if mirror.drip_s and mirror.closing.wait(mirror.drip_s):
                return
        while mirror.extra and not mirror.closing.is_set():
            self._write(mirror.extra)

    def _write(self, piece: bytes) -> None:
        self.wfile.write(piece)
        self.wfile.flush()
        self.mirror.n_sent += len(piece)


@contextmanager
def serving(**content: Any) -> Iterator[Mirror]:
    """Yield a mirror that answers until the block ends."""
    mirror = Mirror(**content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"mirror": mirror}))
    mirror.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield mirror
    finally:
        mirror.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def published(name: str, content: bytes, *mirrors: Mirror | str) -> RemoteFile:
    """Return the description of a file with this content."""
    urls = tuple(mirror if isinstance(mirror, str) else mirror.url(name) for mirror in mirrors)
    return RemoteFile(name, len(content), hashlib.sha256(content).hexdigest(), urls)


def dead_url(name: str) -> str:
    """Return an address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return f"http://127.0.0.1:{unused.getsockname()[1]}/{name}"


def stay_on_loopback(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Refuse every connection that would leave this machine, and keep fetched data in ``folder``."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        assert address[0] == "127.0.0.1", f"a test wanted to reach {address}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NNBENCH_DATA_DIR", str(folder))
