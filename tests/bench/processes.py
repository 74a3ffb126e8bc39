"""What a command costs, all of its processes together."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

LOOK = 0.02
"""Seconds between two looks: what a process does after the last one is not counted."""


class Run:
    """Seconds by the clock, CPU seconds of all processes, and the largest peak memory (MB) of one of them.

    Processes are looked at as they run: workers are not children of the command, and their figures would not come back with it.
    """

    def __init__(self, call: Sequence[str], **env: str) -> None:
        self._ticks: dict[int, int] = {}
        self.peak, begin = 0.0, time.monotonic()
        with tempfile.TemporaryFile("w+") as said:
            running = subprocess.Popen(
                call, stdout=said, stderr=subprocess.STDOUT, env={**os.environ, **env}, start_new_session=True
            )
            while running.poll() is None:
                self._look(running.pid)
                time.sleep(LOOK)
            self.seconds = time.monotonic() - begin
            said.seek(0)
            self.said, self.code = said.read(), running.returncode
        self.cpu = sum(self._ticks.values()) / os.sysconf("SC_CLK_TCK")

    def _look(self, session: int) -> None:
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) != session:
                    continue
                self._ticks[int(entry.name)] = int(fields[11]) + int(fields[12])
                peak = (entry / "status").read_text().partition("VmHWM:")[2].split()
                self.peak = max(self.peak, int(peak[0]) / 1024 if peak else 0)
            except OSError:
                continue
