"""The README's pictures of the review page: what `make screenshots` runs.

    python tests/bench/screenshots.py [--into docs]

Cleans the texts in seeds/raw into a temporary folder, opens the page in a real Chromium, labels a little, and
takes three pictures, of few colours each so that the repository stays small. Needs playwright and the system's Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

REPOSITORY = Path(__file__).parent.parent.parent
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb", "--hide-scrollbars", "--disable-lcd-text",
]  # fmt: skip
PICTURES = (("review", 1180, 760, "light"), ("review-dark", 1180, 760, "dark"), ("review-phone", 390, 780, "light"))
COLOURS = 256
ARTICLE = "001_"
"""It has every sign on one screen."""
LEFT_OUT = "014_*"
"""In Chinese, for which not every machine has letters."""


def take(into: Path, folder: Path, address: str) -> None:
    """Open the page once a picture."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        for name, width, height, scheme in PICTURES:
            context = playwright.chromium.launch_persistent_context(
                str(folder / name), executable_path=browser, args=FLAGS, headless=True, color_scheme=scheme,  # type: ignore[arg-type]
                viewport={"width": width, "height": height},
            )  # fmt: skip
            page = context.pages[0]
            page.goto(address)
            page.wait_for_selector("body[data-ready]")
            show(page, label=name == "review")
            page.screenshot(path=into / f"{name}.png")
            context.close()
            shrink(into / f"{name}.png")


def shrink(path: Path) -> None:
    """A picture of text has few colours: with COLOURS of them it looks the same and is half the size."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def show(page: Any, *, label: bool) -> None:
    """A doubtful paragraph of the chosen article; on the first picture two others are labelled."""
    for _ in range(2 if label else 0):
        page.keyboard.press("Enter")
        page.wait_for_timeout(300)
    page.click(f"#queue li:has-text('{ARTICLE}') button" if page.viewport_size["width"] > 960 else "#next")
    page.wait_for_timeout(500)


def main() -> None:
    """Clean, serve, take pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=REPOSITORY / "docs")
    into = parser.parse_args().into
    into.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shutil.copytree(REPOSITORY / "seeds/raw", folder / "articles", ignore=shutil.ignore_patterns(LEFT_OUT))
        cleaner = [sys.executable, "-m", "cleaner"]
        subprocess.run([*cleaner, "clean", folder / "articles", "-o", folder / "clean", "-q"], check=False)
        call = [*cleaner, "review", folder / "clean", "-l", folder / "reviewed.jsonl", "--no-browser", "--who", "Ada"]
        with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            assert server.stdout is not None
            try:
                take(into, folder, server.stdout.readline().strip())
            finally:
                server.terminate()
    for name, *_ in PICTURES:
        print(into / f"{name}.png", (into / f"{name}.png").stat().st_size)


if __name__ == "__main__":
    main()
