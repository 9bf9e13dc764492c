"""`python -m segstudio`: a verb of the command line, or the window."""

from __future__ import annotations

import sys


def main() -> None:
    """Verbs go to the command line; a path, or nothing, opens the window."""
    from segstudio.cli import VERBS, app

    arguments = sys.argv[1:]
    if arguments and (arguments[0] in VERBS or arguments[0].startswith("-")):
        app(prog_name="segstudio")
        return
    from segstudio.cli import open_window

    sys.exit(open_window(arguments[0] if arguments else None))


if __name__ == "__main__":
    main()
