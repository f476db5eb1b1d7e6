"""Builds the zip that is uploaded to the function app: `make package`, or `python -m tools.package`.

It needs Python 3.11 or newer with pip, on any system, and nothing installed: pip fetches the wheels of the function app's
Python and system. The zip has function_app.py, host.json, triage/ without its command line, and the packages of requirements.lock in the
folder where the platform looks for them (.python_packages/lib/site-packages). The modules are compiled, because the
platform can't write to what is deployed. Only the Python version of the function app can compile them: any other
version builds the same package without compiled modules. The same sources give the same bytes.

Only the files of msgraph-sdk that the service loads are included (graph_modules.txt, written by tools.graph_modules):
16,700 others are request builders and models that it never uses.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
OUTPUT = ROOT / "dist" / "triage.zip"
LOCK = ROOT / "requirements.lock"
GRAPH_MODULES = ROOT / "tools" / "graph_modules.txt"
SITE_PACKAGES = ".python_packages/lib/site-packages"
# The function app's Python (infra/main.bicep): compiled modules and binary wheels are for one version of it.
PYTHON = (3, 13)
OLDEST = (3, 11)  # `requires-python` in pyproject.toml
# The platform runs on x86-64 with the C library of Debian 12 (2.36), which runs wheels built for an older one.
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
LEFT_OUT = ("cli", "__pycache__")  # of triage/: the command line runs on people's machines
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can have


class PackageError(RuntimeError):
    """The package can't be built; the text says why."""


def main(arguments: list[str]) -> int:
    """Builds the package and prints its size and hash."""
    parser = argparse.ArgumentParser(prog="python -m tools.package", description="Builds the zip that is deployed.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="default: dist/triage.zip")
    output = parser.parse_args(arguments).output
    try:
        build(output)
    except PackageError as error:
        sys.stderr.write(f"package: {error}\n")
        return 1
    describe(output)
    return 0


def describe(output: Path) -> None:
    """Prints the size and hash of a package, and whether its modules are compiled."""
    with zipfile.ZipFile(output) as package:
        entries = package.infolist()
    own = [entry for entry in entries if not entry.filename.startswith(".python_packages/")]
    digest = hashlib.sha256(output.read_bytes()).hexdigest()
    if not any(entry.filename.endswith(".pyc") for entry in entries):
        wanted = ".".join(map(str, PYTHON))
        sys.stdout.write(
            f"Not compiled: only Python {wanted} can compile for the function app. A new instance starts more slowly.\n"
        )
    sys.stdout.write(
        f"{output}: {output.stat().st_size / 1e6:.1f} MB ({sum(entry.file_size for entry in entries) / 1e6:.1f} MB "
        f"unpacked), {len(entries):,} files, {len(own)} of them the service's own\nsha256 {digest}\n"
    )


def build(output: Path = OUTPUT) -> Path:
    """Writes the zip. PackageError if a package can't be installed or is not the one in requirements.lock."""
    packages = _site_packages()
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        own = Path(scratch)
        for path in own_files():
            (own / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, own / path)
        _compile(own)
        unfinished = output.with_suffix(".unfinished")
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
            for folder, prefix in ((own, ""), (packages, SITE_PACKAGES + "/")):
                for path in _files(folder):
                    name = prefix + path.relative_to(folder).as_posix()
                    entry = zipfile.ZipInfo(name, EARLIEST)
                    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                    package.writestr(entry, path.read_bytes())
        unfinished.replace(output)
    return output


def own_files() -> list[Path]:
    """The service's own files, relative to the project."""
    triage = (path.relative_to(ROOT) for path in _files(ROOT / "triage"))
    kept = [path for path in triage if not set(path.parts) & set(LEFT_OUT)]
    return [Path("function_app.py"), Path("host.json"), *kept]


def _site_packages() -> Path:
    """The packages, trimmed and compiled. They are kept for the next build until the lock, the list or this file changes."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (LOCK, GRAPH_MODULES, Path(__file__)):
        digest.update(path.read_bytes())
    kept = ROOT / "dist" / f"packages-{digest.hexdigest()[:16]}"
    if kept.is_dir():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    for old in kept.parent.glob("packages-*"):
        shutil.rmtree(old)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="unfinished-") as scratch:
        folder = Path(scratch) / "packages"
        _install(folder)
        _trim(folder)
        _compile(folder)
        folder.rename(kept)
    return kept


def _install(folder: Path) -> None:
    platforms = [argument for platform in PLATFORMS for argument in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile", "--target", str(folder)]
    # pip compares Requires-Python with the Python that it runs on; the lock was resolved for the function app's.
    command += [*platforms, "--python-version", ".".join(map(str, PYTHON)), "--ignore-requires-python"]
    command += ["--requirement", str(LOCK)]
    _run(command, f"pip could not install {LOCK.name}")
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for record in folder.glob("*.dist-info/RECORD"):  # has the hashes of scripts, which name this machine's Python
        record.unlink()


def _trim(folder: Path) -> None:
    """Removes the files of msgraph-sdk that the service does not load. Its license and metadata stay."""
    loaded = {folder / line for line in GRAPH_MODULES.read_text(encoding="utf-8").splitlines()}
    if missing := sorted(path for path in loaded if not path.exists()):
        raise PackageError(
            f"{missing[0]} is missing. After a change of msgraph-sdk, run: python -m tools.graph_modules"
        )
    generated = folder / "msgraph" / "generated"
    for path in _files(generated):
        if path not in loaded:
            path.unlink()
    for directory in sorted((path for path in generated.rglob("*") if path.is_dir()), reverse=True):
        if not any(directory.iterdir()):
            directory.rmdir()


def _run(command: list[str], failure: str) -> str:
    """The output of a command. PYTHONHASHSEED is fixed, because sets are compiled in the order of their hashes."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise PackageError(f"{failure}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _compile(folder: Path) -> None:
    """Compiles all modules without times and paths. Does nothing if this is not the function app's Python version."""
    if sys.version_info[:2] != PYTHON:
        return
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(folder), "-p", "/", str(folder)]
    _run(command, f"a module in {folder} can't be compiled")


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        sys.exit(f"package: Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, and this is {sys.version.split()[0]}")
    sys.exit(main(sys.argv[1:]))
