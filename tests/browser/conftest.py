"""Run `casebook demo` as its own process, and open it in Debian's Chromium."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Request, Route, async_playwright, expect

# Without these Chromium contacts its vendor's hosts, and refuses to start as root.
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
WAIT_MS: Final = 15_000

Demo = Callable[..., Awaitable[str]]
Open = Callable[[str], Awaitable[Page]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Start the system's Chromium without a window; playwright installs none. Each page has its own context."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium on the PATH: run `make ci-tools`")
    # The usual five seconds are short for an answer of the bot on a busy machine.
    expect.set_options(timeout=WAIT_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Start `casebook demo` on a free port, once for each set of arguments, and return its address.

    Tests that share an instance see what earlier tests posted there.
    """
    addresses: dict[tuple[str, ...], str] = {}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CASEBOOK_", "SLACK_"))}

    with ExitStack() as started:

        async def start(*arguments: str) -> str:
            if arguments in addresses:
                return addresses[arguments]
            log = started.enter_context((tmp_path_factory.mktemp("demo") / "log").open("w+", encoding="utf-8"))
            command = [sys.executable, "-m", "bot", "demo", "--port", "0", *arguments]
            process = started.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)  # noqa: ASYNC220 - starting a process does not block
            )
            started.callback(process.terminate)
            assert process.stdout is not None
            address = (await asyncio.to_thread(process.stdout.readline)).strip()
            log.seek(0)
            assert address.startswith("http://127.0.0.1:"), log.read()
            return addresses.setdefault(arguments, address)

        yield start


@pytest_asyncio.fixture(loop_scope="module")
async def open_page(browser: Browser) -> AsyncIterator[Open]:
    """Open an address as an English reader; requests to other hosts and console errors fail the test."""
    wrong: list[str] = []
    opened: list[Page] = []

    async def only_loopback(route: Route, request: Request) -> None:
        if request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            await route.continue_()
        else:
            wrong.append(f"asked for {request.url}")
            await route.abort()

    async def open_page(address: str) -> Page:
        # Without reduced motion Chromium draws sixty times a second for as long as a page is open.
        page = await browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US", reduced_motion="reduce")
        opened.append(page)
        page.set_default_timeout(WAIT_MS)
        await page.route("**/*", only_loopback)
        page.on("pageerror", lambda error: wrong.append(f"error {error}"))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        await page.goto(address)
        return page

    yield open_page
    for page in opened:
        await page.close()
    assert wrong == []
