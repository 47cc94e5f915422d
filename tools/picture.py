"""Draw what a command prints in a terminal as an SVG picture.

python -m tools.picture docs/demo.svg -- python -m examples.demo
"""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 110
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # fetched from elsewhere; a reader's own do


def main() -> int:
    """Run the command and draw its output; its exit status."""
    picture, _, *command = sys.argv[1:]
    environment = os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(done.stdout.strip()))
    svg = console.export_svg(title=" ".join(command[2:]))
    Path(picture).write_text(FONTS.sub("", svg), "utf-8")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
