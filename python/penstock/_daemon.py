"""A private sidecar: started by the client, gone with it."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Optional

from . import _linux
from .errors import PenstockError, SidecarDied

_PREFIX = "penstock-"
_LOG = "sidecar.log"
_LOG_LINES = 20
#: Seconds to become ready: the command may build itself first.
_START_TIMEOUT = 900.0


class StartFailed(SidecarDied):
    """The sidecar gave up by itself while it started; another would, too."""


def find_command() -> "list[str]":
    """The ``penstock`` command: of PENSTOCK_HOME, of the repository this file lies in, or of PATH."""
    home = os.environ.get("PENSTOCK_HOME")
    here = Path(__file__).resolve().parents[2]
    places = [Path(home, "penstock"), Path(home, "bin", "penstock")] if home else [here / "penstock"]
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return [str(place)]
    found = shutil.which("penstock")
    if found and not home:
        return [found]
    raise PenstockError(
        f"no penstock command found at {' or '.join(map(str, places))}{'' if home else ' or on PATH'}. Set PENSTOCK_HOME to the "
        "directory that holds it, or join a running sidecar with run_dir=."
    )


def sweep(parent: str) -> None:
    """Removes run directories of this user whose trainer and sidecar were both killed."""
    for name in os.listdir(parent):
        match = re.fullmatch(rf"{_PREFIX}(\d+)-(\d+)-\w+", name)
        if match and int(match[1]) == os.getuid() and not os.path.exists(f"/proc/{match[2]}"):
            shutil.rmtree(os.path.join(parent, name), ignore_errors=True)


class PrivateSidecar:
    """Runs ``penstock serve`` in a run directory of its own. For one thread at a time.

    The daemon watches this process by ``--parent-pid`` and ends with it, also when it is killed. It runs in a session
    of its own, so that Ctrl-C reaches the trainer alone, which then closes the sidecar.
    """

    def __init__(self, options: "list[str]"):
        alone = [] if "--max-sessions" in options else ["--max-sessions", "1"]  # one session has all the memory
        self._options = [*alone, *options]
        self._process: Optional[subprocess.Popen] = None
        self._pid = os.getpid()
        self.starts = 0
        parent = tempfile.gettempdir()
        sweep(parent)
        self.run_dir = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getuid()}-{os.getpid()}-", dir=parent)
        self._log = os.path.join(self.run_dir, _LOG)

    def ensure_running(self) -> None:
        """Starts the daemon unless it runs; returns when it accepts connections."""
        if self._process is not None and self._process.poll() is None:
            return
        command = [*find_command(), "serve", "--run-dir", self.run_dir, "--parent-pid", str(os.getpid()), *self._options]
        os.makedirs(self.run_dir, mode=0o700, exist_ok=True)
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
        self.starts += 1
        try:
            self._await_ready(command)
        except BaseException:
            self._stop()
            raise

    def _await_ready(self, command: "list[str]") -> None:
        process, said, deadline = self._process, b"", time.monotonic() + _START_TIMEOUT
        poller = select.poll()
        poller.register(process.stdout, select.POLLIN)
        with process.stdout as stdout:
            while not re.search(rb"(?m)^ready.*\n", said):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise StartFailed(self._text(command, f"was not ready within {_START_TIMEOUT:g} s"))
                if not poller.poll(left * 1000):
                    continue
                data = os.read(stdout.fileno(), 4096)
                if not data:
                    status = process.wait()
                    if status < 0:
                        raise SidecarDied(self._text(command, f"was killed by signal {-status} while it started"))
                    raise StartFailed(self._text(command, f"ended at once with status {status}"))
                said += data

    def _text(self, command: "list[str]", what: str) -> str:
        return f"the sidecar ({' '.join(command)}) {what}. {self.log_tail()}"

    def log_tail(self) -> str:
        """The last lines of the daemon's log, for an error message; the log is kept outside the run directory."""
        try:
            with open(self._log, encoding="utf-8", errors="replace") as log:
                lines = log.readlines()
        except OSError:
            lines = []
        if not lines:
            return "It logged nothing."
        kept = os.path.join(tempfile.gettempdir(), f"penstock-failed-{os.getpid()}.log")
        shutil.copyfile(self._log, kept)
        return f"Its log ends (all of it is in {kept}):\n" + "".join(lines[-_LOG_LINES:]).rstrip()

    @property
    def pid(self) -> Optional[int]:
        return self._process.pid if self._process is not None else None

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        """Stops the daemon and removes the run directory. Idempotent; does nothing in a forked child."""
        if os.getpid() != self._pid:
            return
        self._stop()
        shutil.rmtree(self.run_dir, ignore_errors=True)
