"""Runs one server and ends it when whoever started this process goes away, however they go.

`python -m services.cli.guard UID GID SIGNAL COMMAND…`: standard input is a pipe held open by the parent; its end, by a
clean stop or by kill -9, sends SIGNAL to the server. On Linux the server is also told to die with this guard.
Once the parent has written to the pipe (the server answers), a server that dies unasked is started again: killed for
want of memory, or ended by a full disk, it is back as soon as it can be, over the same data.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
# A fast shutdown of PostgreSQL ends within this on any machine we have seen; then it is killed.
STOP_SECONDS = 8.0
# Between a server's death and its next start: its children see that it is gone and leave.
PAUSE_SECONDS = 0.5


def end_with_parent(by: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to send this process a signal when its parent ends, however it does (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, by)


class _Server:
    """One server: started, and started again, until it is stopped."""

    def __init__(self, uid: int, gid: int, command: list[str]) -> None:
        self._uid, self._gid, self._command = uid, gid, command
        # Whether a start and a stop are under way: a server must not be started behind the back of its end.
        self._turn = threading.Lock()
        self._stopped = False
        self._process = self._start()
        self.answered = False

    def _start(self) -> "subprocess.Popen[bytes]":
        as_root = os.getuid() == 0
        return subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            preexec_fn=lambda: end_with_parent(signal.SIGKILL),  # noqa: PLW1509 the other thread only waits in read()
            user=self._uid if as_root else None,
            group=self._gid if as_root else None,
            extra_groups=[] if as_root else None,
        )

    def keep(self) -> int:
        """Wait for the end; a server that answered once and then died unasked is started again. Returns its status."""
        while (status := self._process.wait()) and self.answered:
            time.sleep(PAUSE_SECONDS)
            with self._turn:
                if self._stopped:
                    break
                self._process = self._start()
        return status

    def stop(self, stop_signal: int) -> None:
        """Ask it to end, and end it when it does not."""
        with self._turn:
            self._stopped = True
            self._process.send_signal(stop_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()


def main() -> int:
    """Keep the server until the end of standard input; returns its exit status."""
    uid, gid, stop_signal = (int(argument) for argument in sys.argv[1:4])
    server = _Server(uid, gid, sys.argv[4:])

    def stop_when_parent_ends() -> None:
        # Unbuffered: a buffered reader's lock would be held when the interpreter ends.
        while os.read(0, 4096):
            server.answered = True
        server.stop(stop_signal)

    threading.Thread(target=stop_when_parent_ends, daemon=True).start()
    return server.keep()


if __name__ == "__main__":
    sys.exit(main())
