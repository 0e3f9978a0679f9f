"""Python packages of PyPI that some tests need and Debian does not have: pinned, without what they would like besides, in an environment of their own in the cache."""
import hashlib
import os
import pathlib
import shutil
import subprocess

# The engine of ClickHouse; DuckDB.
PACKAGES = ("chdb-core==26.9.0", "duckdb==2.0.1")


class Unavailable(Exception):
    """They cannot be had on this machine; the message says why."""


def python(packages=PACKAGES, alone=True):
    """The Python of an environment with these packages; alone: without what they depend on."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "millrace"
    folder = cache / ("python-" + hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12])
    done = folder / "complete"
    if done.exists():
        return folder / "bin" / "python"
    shutil.rmtree(folder, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    for step in ([["/usr/bin/python3", "-m", "venv", folder]] + 2 * [[folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", *(["--no-deps"] if alone else []), *packages]]):
        try:
            result = subprocess.run(step, capture_output=True, text=True, timeout=600)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"{step[0]} did not end within 10 minutes")
        why = result.stderr.strip()[-300:]
        if result.returncode == 0 and step[-1] != folder:
            done.touch()
            return folder / "bin" / "python"
    raise Unavailable(f"PyPI did not give {', '.join(packages)}: {why}")
