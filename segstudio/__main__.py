"""`python -m segstudio`: a command of the command line, or the window."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run a command; with a path, or without arguments, open the window."""
    from segstudio.cli.console import one_line_errors
    from segstudio.cli.main import COMMANDS, app, open_window

    arguments = sys.argv[1:]
    if arguments and (arguments[0] in COMMANDS or arguments[0].startswith("-")):
        app(prog_name="segstudio")
        return
    if arguments and not Path(arguments[0]).exists():
        sys.stderr.write(
            f"segstudio: {arguments[0]}: is not a file, a folder or a command; commands are {', '.join(COMMANDS)}\n"
        )
        sys.exit(2)
    with one_line_errors():
        sys.exit(open_window(arguments[0] if arguments else None))


if __name__ == "__main__":
    main()
