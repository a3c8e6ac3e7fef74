"""Take the README's picture of the playground: python -m tests.browser.screenshot

Needs Chromium and pngquant (Debian package of that name), which reduces the picture to a third of its size.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from tests.browser.conftest import FLAGS

PICTURE: Final = Path(__file__).parents[2] / ".github" / "images" / "playground.png"
SAMPLE: Final = "the registry did not answer, and does again"
SIZE: Final = ViewportSize(width=1280, height=900)


def take(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_test_id("samples-all").click()
    row = page.get_by_test_id("samples-dialog").locator("li").filter(has_text=SAMPLE)
    row.get_by_role("button", name="Send", exact=True).click()
    page.get_by_test_id("open-thread").click()
    answer = page.get_by_test_id("thread-messages").locator("[data-testid=message][data-bot=true]").first
    answer.locator("[data-testid=action][data-action^=remedy]").first.click()
    page.get_by_test_id("dialog-submit").click()
    expect(answer).to_contain_text("FIXED", timeout=60_000)
    # Show the answer's first lines; the cluster pane shows that the remedy worked.
    page.get_by_test_id("close-thread").click()
    page.get_by_test_id("open-thread").click()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=PICTURE)


def main() -> None:
    command = [sys.executable, "-m", "bot", "demo", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo, sync_playwright() as playwright:
        assert demo.stdout is not None
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        take(browser.new_page(viewport=SIZE), demo.stdout.readline().strip())
        browser.close()
        demo.terminate()
    subprocess.run(["pngquant", "--force", "--output", PICTURE, "--strip", "256", PICTURE], check=True)


if __name__ == "__main__":
    main()
