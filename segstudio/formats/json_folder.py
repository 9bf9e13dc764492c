"""Folders with one JSON file per image, as labelme, ISAT and EISeg write them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Final

from segstudio.errors import SegstudioError

_MAX_FILES_TRIED: Final = 20  # before a folder is declined
_MAX_FILE_BYTES: Final = 256 << 20  # the labels of one image are never larger


def find_json_files(root: Path) -> list[Path]:
    """The file itself, or every .json below a folder, without hidden folders; sorted."""
    if root.is_file():
        return [root] if root.suffix.lower() == ".json" else []
    found = (path for path in root.rglob("*.json") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts))


def reason_none_readable(root: Path, read: Callable[[Path], object]) -> str | None:
    """None if `read` accepts one of the first .json files; else why it refused the last of them."""
    reason = "it has no .json files"
    for path in islice(find_json_files(root), _MAX_FILES_TRIED):
        try:
            if path.stat().st_size > _MAX_FILE_BYTES:
                reason = f"{path.name} is too large for the labels of one image"
                continue
            read(path)
        except (SegstudioError, OSError) as error:
            reason = str(error)
        else:
            return None
    return reason
