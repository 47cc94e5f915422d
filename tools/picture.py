"""Draw what a command prints in a terminal as an SVG picture.

python -m tools.picture docs/demo.svg -- python -m examples.demo
"""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 110
FIRST, LAST = 24, 58  # lines that are drawn
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # fetched from elsewhere; a reader's own do


def main() -> int:
    """Run the command and draw its output; its exit status."""
    picture, _, *command = sys.argv[1:]
    status, output = run_in_terminal(command)
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    lines = output.strip().splitlines()
    if len(lines) > FIRST + LAST:
        lines[FIRST:-LAST] = ["  ..."]
    console.print(Text.from_ansi("\n".join(lines)))
    svg = console.export_svg(title=f"make {Path(picture).stem}")
    Path(picture).write_text(FONTS.sub("", svg), "utf-8")
    return status


def run_in_terminal(command: list[str]) -> tuple[int, str]:
    """Exit status and output of a command that believes to write to a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL) as process:
        os.close(theirs)
        chunks = []
        with suppress(OSError):  # a terminal that is left raises at its end
            while chunk := os.read(ours, 65536):
                chunks.append(chunk)
    os.close(ours)
    return process.wait(), b"".join(chunks).decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
