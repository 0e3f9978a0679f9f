"""A browser for the tests: Playwright from PyPI drives Debian's Chromium, without a window and without the network."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PLAYWRIGHT = "1.49.1"
CHROMIUM = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


class Unavailable(Exception):
    """No browser can be had on this machine; the message says why."""


def packages():
    """The folder with Playwright, fetched by pip when it is not in the cache."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "millrace"
    folder = cache / f"playwright-{PLAYWRIGHT}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    partial = cache / f"playwright-{PLAYWRIGHT}.{os.getpid()}"
    try:
        done = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "--target", partial,
                               f"playwright=={PLAYWRIGHT}"], capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"PyPI did not give Playwright {PLAYWRIGHT} within 10 minutes")
    if done.returncode != 0 or not (partial / "playwright").is_dir():
        shutil.rmtree(partial, ignore_errors=True)
        raise Unavailable(f"pip did not give Playwright {PLAYWRIGHT} (Debian: python3-pip): {(done.stdout + done.stderr).strip()[-300:]}")
    try:
        partial.rename(folder)
    except OSError:                          # another test run was first
        shutil.rmtree(partial)
    return folder


@contextlib.contextmanager
def browser():
    """Playwright's browser object; gone, with all it kept, at the end."""
    if not CHROMIUM:
        raise Unavailable("no chromium here (Debian: chromium)")
    sys.path.append(str(packages()))
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="millrace-browser.") as home:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env={**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home})
        try:
            yield made
        finally:
            made.close()
