"""A browser without a window, driven by the DevTools protocol over two pipes: no package, no port.

Each command is a line of JSON that ends in a NUL, and is answered by one with the same number.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE_S = 60.0
# The protocol is spoken over the descriptors 3 and 4, whatever numbers the pipes have here.
_ON_THREE_AND_FOUR = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
# Keys by name: the code that the browser wants beside it, and the letter that it writes.
_KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    " ": (32, " "),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
}


def executable() -> str | None:
    """Return where a Chromium lies, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def started(folder: Path) -> Iterator["Browser"]:
    """Run a browser that keeps what it keeps in a folder."""
    program = executable()
    assert program is not None
    to_browser, from_us = os.pipe()
    to_us, from_browser = os.pipe()
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    options += ["--hide-scrollbars", "--disable-background-networking", "--remote-debugging-pipe"]
    command = [sys.executable, "-c", _ON_THREE_AND_FOUR, str(to_browser), str(from_browser)]
    process = subprocess.Popen(
        [*command, program, *options, f"--user-data-dir={folder}", "about:blank"],
        pass_fds=(to_browser, from_browser),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    browser = Browser(from_us, to_us)
    try:
        yield browser.attached()
    finally:
        os.close(from_us)
        os.close(to_us)
        process.terminate()
        process.wait()


class Browser:
    """One tab."""

    def __init__(self, write_to: int, read_from: int) -> None:
        self._write_to, self._read_from = write_to, read_from
        self._rest = b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    def attached(self) -> Self:
        pages = self.do("Target.getTargets")["targetInfos"]
        target = next(each["targetId"] for each in pages if each["type"] == "page")
        self._session = self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        # Pages that are not looked at may not use the clipboard, and draw when they like.
        self.do("Emulation.setFocusEmulationEnabled", enabled=True)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.do(f"{domain}.enable")
        return self

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command, and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write_to, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read_from], [], [], _PATIENCE_S)
            assert ready, f"the browser has not answered for {_PATIENCE_S} s"
            more = os.read(self._read_from, 1 << 20)
            assert more, "the browser is gone"
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(line)
        return found

    def open(
        self, address: str, *, width: int = 1280, height: int = 900, theme: str = "light", runs: bool = True
    ) -> None:
        """Show a page in a window of this size, and wait until it is loaded, and has run if it ``runs``."""
        is_phone = width < 600
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone}
        self.do("Emulation.setDeviceMetricsOverride", **size)
        self.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        # By way of another page: to an address that differs behind the # alone a browser does not go anew.
        self._go("about:blank")
        self._go(address)
        if not runs:  # nothing is drawn anew
            return
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def _go(self, address: str) -> None:
        self.events.clear()
        self.do("Page.navigate", url=address)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def run(self, script: str) -> Any:
        """Return what an expression is, once it is known."""
        answer = self.do("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def text(self, selector: str) -> str:
        found = self.run(f"document.querySelector({json.dumps(selector)})?.textContent")
        assert found is not None, selector
        return str(found)

    def texts(self, selector: str) -> list[str]:
        """Return what all elements say that are seen."""
        return list(
            self.run(
                f"[...document.querySelectorAll({json.dumps(selector)})]"
                ".filter((e) => e.checkVisibility()).map((e) => e.textContent)"
            )
        )

    def click(self, selector: str, *, text: str | None = None) -> None:
        """Click on the middle of the first element with this text, as a mouse does."""
        x, y = self.place(selector, text=text)
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def place(self, selector: str, *, text: str | None = None) -> tuple[float, float]:
        found = self.run(
            f"(() => {{ const e = [...document.querySelectorAll({json.dumps(selector)})]"
            f".find((e) => {json.dumps(text)} === null || e.textContent === {json.dumps(text)});"
            "if (!e) return null; e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        assert found is not None, (selector, text)
        return found[0], found[1]

    def mouse(self, kind: str, x: float, y: float) -> None:
        held = kind != "mouseMoved"
        pressed = {"button": "left" if held else "none", "buttons": int(held), "clickCount": int(held)}
        self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    def tap(self, x: float, y: float) -> None:
        """Touch with a finger, and lift it."""
        self.do("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.do("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.mouse("mousePressed", *start)
        for share in (0.5, 1.0):
            x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
            self.do("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, button="left", buttons=1)
        self.mouse("mouseReleased", *end)

    def press(self, key: str) -> None:
        code, text = _KEYS.get(key, (ord(key.upper()) if len(key) == 1 else 0, key))
        common: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": code}
        self.do("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.do("Input.dispatchKeyEvent", type="keyUp", **common)

    def write(self, text: str) -> None:
        self.do("Input.insertText", text=text)

    def picture(self, *, whole: bool = False) -> bytes:
        return base64.b64decode(self.do("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def clipboard(self) -> str:
        self.do("Browser.grantPermissions", permissions=["clipboardReadWrite"])
        return str(self.run("navigator.clipboard.readText()"))

    @property
    def complaints(self) -> list[str]:
        """What went wrong on the page: errors of scripts, and what its policy refused."""
        self.run("0")
        found = [e for e in self.events if e["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")]
        return [json.dumps(e["params"]) for e in found]

    @property
    def requests(self) -> list[str]:
        """The addresses that the page asked for."""
        sent = [
            e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in sent if not url.startswith("data:")]
