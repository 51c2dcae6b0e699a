"""Runs one server and ends it when whoever started this process goes away, however they go.

`python -m services.cli.guard UID GID SIGNAL COMMAND…`: standard input is a pipe held open by the parent; its end, by a
clean stop or by kill -9, sends SIGNAL to the server. On Linux the server is also told to die with this guard.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1
# A fast shutdown of PostgreSQL ends within this on any machine we have seen; then it is killed.
STOP_SECONDS = 8.0


def end_with_parent(by: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to send this process a signal when its parent ends, however it does (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, by)


def main() -> int:
    """Start the server, wait for it or for the end of standard input; returns the server's exit status."""
    uid, gid, stop_signal = (int(argument) for argument in sys.argv[1:4])
    as_root = os.getuid() == 0
    server = subprocess.Popen(
        sys.argv[4:],
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: end_with_parent(signal.SIGKILL),  # noqa: PLW1509 no thread runs yet
        user=uid if as_root else None,
        group=gid if as_root else None,
        extra_groups=[] if as_root else None,
    )

    def stop_when_parent_ends() -> None:
        # Unbuffered: a buffered reader's lock would be held when the interpreter ends.
        while os.read(0, 4096):
            pass
        server.send_signal(stop_signal)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()

    threading.Thread(target=stop_when_parent_ends, daemon=True).start()
    return int(server.wait())


if __name__ == "__main__":
    sys.exit(main())
