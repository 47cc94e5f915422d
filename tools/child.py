"""Child processes that nobody waits for without an end."""

import subprocess
from threading import Timer

END_S = 60.0


def first_line(child: subprocess.Popen[str], within_s: float) -> str:
    """What a child says first; empty when it says nothing in time. It is killed then."""
    assert child.stdout is not None
    timer = Timer(within_s, child.kill)
    timer.start()
    try:
        return child.stdout.readline()
    finally:
        timer.cancel()


def ended(child: subprocess.Popen[str], within_s: float = END_S) -> int:
    """The exit status of a child that ends. One that does not is killed: TimeoutExpired."""
    try:
        return child.wait(within_s)
    except subprocess.TimeoutExpired:
        killed(child)
        raise
    finally:
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()


def killed(child: subprocess.Popen[str]) -> int:
    """The exit status of a child that ends now, paused or not."""
    child.kill()
    return ended(child)
