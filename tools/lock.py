"""Pins what is installed, with hashes: `make lock`, or `python -m tools.lock`, after a requirements file has changed.

requirements-dev.lock is what `make setup` installs, on each Python that the project supports. requirements.lock is what
is deployed: the same releases, for the function app's Python and system alone. A release that is pinned stays while it
fits. `python -m tools.lock --upgrade` takes the newest ones; `--upgrade-package NAME` takes the newest of one package.

uv asks the package index that `UV_DEFAULT_INDEX` names. It does not read pip's configuration.
"""

from __future__ import annotations

import subprocess
import sys

from tools.package import LOCK, OLDEST, PLATFORMS, PYTHON, ROOT

DEV_LOCK = ROOT / "requirements-dev.lock"
OLDEST_PYTHON = ".".join(map(str, OLDEST))

# Wheels alone: no hash covers what the build of a source distribution downloads.
_COMPILE = ("uv", "pip", "compile", "--quiet", "--generate-hashes", "--only-binary", ":all:")
_FORM = ("--annotation-style", "line", "--custom-compile-command", "make lock")


def main(arguments: list[str]) -> int:
    """Writes both files. The arguments go to `uv pip compile`."""
    manylinux = PLATFORMS[0].removesuffix("_x86_64")
    target = ("--python-version", ".".join(map(str, PYTHON)), "--python-platform", f"x86_64-{manylinux}")
    for lock, options in (
        (DEV_LOCK, ("--universal", "--python-version", OLDEST_PYTHON)),
        (LOCK, (*target, "--constraints", DEV_LOCK.name)),
    ):
        command = [sys.executable, "-m", *_COMPILE, *_FORM, *options, *arguments]
        command += [lock.with_suffix(".txt").name, "--output-file", lock.name]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
