"""`python -m segstudio`: a verb of the command line, or the window."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Verbs go to the command line; a path, or nothing, opens the window."""
    from segstudio.cli.main import VERBS, app

    arguments = sys.argv[1:]
    if arguments and (arguments[0] in VERBS or arguments[0].startswith("-")):
        app(prog_name="segstudio")
        return
    from segstudio.cli.main import open_window

    if arguments and not Path(arguments[0]).exists():
        sys.stderr.write(
            f"segstudio: {arguments[0]}: is no file, no folder and no verb; verbs are {', '.join(VERBS)}\n"
        )
        sys.exit(2)
    sys.exit(open_window(arguments[0] if arguments else None))


if __name__ == "__main__":
    main()
