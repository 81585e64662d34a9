"""Pages in a real browser: headless Chromium, of which nothing that it says goes unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from edgecli.cli import main
from tests.conftest import CHROMIUM

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser, and close it afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def written(output: Path, *args: str | Path) -> str:
    """Write a page by a command; return its address."""
    result = CliRunner().invoke(main, [*map(str, args), "-o", str(output)])
    assert result.exit_code == 0, result.output
    return output.as_uri()


def lightness(page: Page) -> int:
    """Return red, green and blue of the page behind everything, together: 0 to 765."""
    return sum(
        page.evaluate(
            "getComputedStyle(document.documentElement).backgroundColor.match(/[0-9.]+/g)"
            ".slice(0, 3).map(Number)"
        )
    )


class Watched:
    """A page of which everything that it logs, throws, asks for or alerts is kept."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.page = browser.new_page(**{"viewport": {"width": 1000, "height": 700}} | options)
        self.page.set_default_timeout(100_000)  # a busy machine fails no test
        self.events: list[str] = []
        self.page.on("console", lambda message: self.events.append(message.text))
        self.page.on("pageerror", lambda error: self.events.append(str(error)))
        self.page.on("dialog", self._alerted)
        self.page.on("request", lambda request: self._asked(request.url))

    def _alerted(self, dialog: Dialog) -> None:
        self.events.append(f"alert {dialog.message}")
        dialog.dismiss()

    def _asked(self, url: str) -> None:
        if not url.startswith(("file:", "data:")):
            self.events.append(f"request {url}")
