"""Run a server and see to it that neither it nor its children outlive the job that asked for it.

    python guard.py PIPE COMMAND...

PIPE is the reading end of a pipe whose writing end the job holds. When the job is gone, however it went, the pipe
closes, and the guard kills its whole process group. The kernel's own parent-death signal reaches the server alone, and
its children leak while they are still loading. Run as a script of its own; imports nothing of the package.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading


def die_with_parent() -> None:
    """Let the kernel kill this process when the guard is gone (Linux: PR_SET_PDEATHSIG, prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def kill_group_when_closed(pipe: int) -> None:
    """Wait until nobody holds the pipe's other end, then kill all processes of this group, this one too."""
    os.read(pipe, 1)
    os.killpg(0, signal.SIGKILL)


def main(pipe: int, command: list[str]) -> None:
    """Run the command and end as it ends."""
    # The whole group is asked to end: the server ends in order, and then so does the guard. Not SIG_IGN, which the
    # server would inherit.
    signal.signal(signal.SIGTERM, lambda *_: None)
    server = subprocess.Popen(command, preexec_fn=die_with_parent)
    threading.Thread(target=kill_group_when_closed, args=(pipe,), daemon=True).start()
    status = server.wait()
    if status < 0:
        if -status == signal.SIGTERM:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
