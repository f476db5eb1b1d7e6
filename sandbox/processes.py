"""Parts of the sandbox as child processes. However this process ends, they end too."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


class ChildError(RuntimeError):
    """The child ended, or did not print what was expected in time. The text has its output."""


class Child:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_for(self, pattern: str, seconds: float = 60.0) -> re.Match[str]:
        """The first match of the pattern in a line of output, from the beginning; ChildError after `seconds`."""
        until = time.monotonic() + seconds
        seen = 0
        with self._said:
            while True:
                for line in self.lines[seen:]:
                    if found := re.search(pattern, line):
                        return found
                seen = len(self.lines)
                left = until - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    raise ChildError(f"no line of output matches {pattern!r}:\n{self.output}")
                self._said.wait(min(left, 0.5))

    def wait(self, seconds: float) -> int:
        """Wait for the end and return the exit code. The output is then complete."""
        code = self.process.wait(seconds)
        self._reader.join(5)
        return code

    def stop(self, seconds: float = 15.0) -> int:
        self.process.terminate()
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.wait(5)
        finally:
            if self.process.stdin:
                self.process.stdin.close()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            with self._said:
                self.lines.append(line)
                self._said.notify_all()


@contextmanager
def started(command: Sequence[str], *, environ: Mapping[str, str], cwd: Path = ROOT) -> Iterator[Child]:
    """A command as a child process. `environ` is added to the environment of this process."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C goes to the parent only, which stops its children in order
    )
    running = Child(process)
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def child(*arguments: str, environ: Mapping[str, str]) -> Iterator[Child]:
    """`python -m sandbox …`."""
    with started([sys.executable, "-m", "sandbox", *arguments, "--end-with-parent"], environ=environ) as running:
        yield running


@contextmanager
def host(*arguments: str, environ: Mapping[str, str], port: int = 0) -> Iterator[tuple[Child, str]]:
    """The local host, ready for requests, and its address."""
    with child("host", "--port", str(port), *arguments, environ=environ) as running:
        yield running, running.wait_for(r"^Host listening at (http://\S+)$")[1]


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
