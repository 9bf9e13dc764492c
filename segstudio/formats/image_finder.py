"""Images below a folder, found by the names that data sets give them; nothing outside it is ever opened."""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath

from segstudio.errors import FileError
from segstudio.formats.images import IMAGE_SUFFIXES

_LAST_DIGITS = re.compile(r"(\d{1,18})\D*$")
_PLAIN = re.compile(r"[\w-]+(/[\w-]+)*\.[A-Za-z0-9]+\Z")  # nearly every name of a data set
_BESIDE = ("images", "imgs", "pictures", "JPEGImages", "Images")


class ImageFinder:
    """`root` is where images lie, in folders or not; it is walked once, when a name needs it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def _all(self) -> list[PurePosixPath]:
        found: list[PurePosixPath] = []
        pending = [PurePosixPath()]
        while pending:
            below = pending.pop()
            files, folders = _listed(self.root, below)
            found += files
            pending += reversed(folders)
        return found

    @property
    def any(self) -> bool:
        """Whether there is any image."""
        return bool(self._all)

    @cached_property
    def _by_name(self) -> dict[str, list[PurePosixPath]]:
        return _grouped((path.name.casefold(), path) for path in self._all)

    @cached_property
    def _by_stem(self) -> dict[str, list[PurePosixPath]]:
        return _grouped((path.stem.casefold(), path) for path in self._all)

    @cached_property
    def _by_number(self) -> dict[int, list[PurePosixPath]]:
        numbered = ((_LAST_DIGITS.search(path.stem), path) for path in self._all)
        return _grouped((int(match[1]), path) for match, path in numbered if match)

    def named(self, name: str, hint: str, where: Path) -> tuple[Path, str]:
        """The image that `where` calls `name`, and a note ("" where the name was plain).

        `hint` is a folder's name (train, val) that settles which of several is meant. Raises FileError.
        """
        plain = PurePosixPath(PureWindowsPath(name).as_posix())
        note = ""
        if plain.is_absolute() or PureWindowsPath(name).drive or ".." in plain.parts:
            note = f"names an image outside its folder ({name[:120]}); only {plain.name} in it was looked for"
            plain = PurePosixPath(plain.name)
        elif plain.name and self._holds(self.root / plain):
            return self.root / plain, ""
        alike = self._by_name.get(plain.name.casefold()) or self._by_stem.get(plain.stem.casefold(), [])
        return self.root / _chosen(alike, plain, hint, (where, self.root)), note

    def by_name(self) -> dict[str, Path]:
        """Every image by its place below the root, without suffix."""
        return {path.with_suffix("").as_posix(): self.root / path for path in self._all}

    def of_name(self, name: str, where: Path) -> Path:
        """The image at this place below the root, whatever its suffix; else the only one of its stem."""
        place = PurePosixPath(name)
        alike = [path for path in self._by_stem.get(place.name.casefold(), []) if path.with_suffix("") == place]
        if len(alike) == 1:
            return self.root / alike[0]
        return self.of_stem(place.name, "", where)

    def numbered(self, number: int, where: Path) -> Path:
        """The image whose name ends in this number, as COCO's do."""
        return self.root / _chosen(self._by_number.get(number, []), PurePosixPath(str(number)), "", (where, self.root))

    def of_stem(self, stem: str, hint: str, where: Path) -> Path:
        """The image of this stem, whatever its suffix."""
        return self.root / _chosen(
            self._by_stem.get(stem.casefold(), []), PurePosixPath(stem), hint, (where, self.root)
        )

    def _holds(self, path: Path) -> bool:
        try:
            inside = path.suffix.lower() in IMAGE_SUFFIXES and path.resolve().is_relative_to(self.root.resolve())
            return inside and path.is_file()
        except (OSError, ValueError):  # a name that no file can have
            return False


def images_left(names: list[str]) -> str:
    """What to say of images that have no labels."""
    shown = f"{', '.join(names[:5])}{' …' if len(names) > 5 else ''}"
    return f"{len(names)} images have no labels and were left out: {shown}"


def safe_stem(name: str) -> str:
    """An image's path without suffix, for use below a folder: only its name where it leads elsewhere; "" for none."""
    if _PLAIN.match(name):
        return name.rpartition(".")[0]
    path = PureWindowsPath(name)
    if path.drive or path.root or ".." in path.parts:
        path = PureWindowsPath(path.name)
    return path.with_suffix("").as_posix() if path.name and path.name != "." else ""


def images_of(folder: Path) -> ImageFinder:
    """Those in a folder of labels; where it holds none, those in `images` or the like beside it."""
    inside = ImageFinder(folder)
    if inside.any:
        return inside
    beside = (folder.parent / name for name in _BESIDE)
    return next((ImageFinder(path) for path in beside if path.is_dir()), inside)


def _listed(root: Path, below: PurePosixPath) -> tuple[list[PurePosixPath], list[PurePosixPath]]:
    """Images and folders in one folder, hidden ones and links that lead out of `root` left out."""
    files, folders = [], []
    try:
        with os.scandir(root / below) as entries:
            found = sorted(entries, key=lambda each: each.name)
            if below.parts and any(entry.name == ".segstudio" for entry in found):
                return [], []  # a project that was made of this source, or of another
            for entry in found:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(below / entry.name)
                elif PurePosixPath(entry.name).suffix.lower() in IMAGE_SUFFIXES and _is_own(entry, root):
                    files.append(below / entry.name)
    except OSError:
        return [], []
    return files, folders


def _is_own(entry: os.DirEntry[str], root: Path) -> bool:
    if not entry.is_file():
        return False
    return not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(root.resolve())


def _grouped(pairs: object) -> dict:  # type: ignore[type-arg]
    groups: dict = {}  # type: ignore[type-arg]
    for key, value in pairs:  # type: ignore[attr-defined]
        groups.setdefault(key, []).append(value)
    return groups


def _same_split(part: str, hint: str) -> bool:
    """Whether train2017 means train."""
    return part.casefold() == hint.casefold() or part.rstrip("0123456789").casefold() == hint.casefold()


def _chosen(alike: list[PurePosixPath], wanted: PurePosixPath, hint: str, at: tuple[Path, Path]) -> PurePosixPath:
    """The only one; or the one that shares most of the wanted path; or the one in the folder of the hint."""
    where, root = at
    if not alike:
        raise FileError(where, f"has no image {wanted} below {root}", "put it there or say where the images are")
    if len(alike) > 1:
        ends = [path for path in alike if path.parts[-len(wanted.parts) :] == wanted.parts]
        alike = ends or alike
    if len(alike) > 1 and hint:
        alike = [p for p in alike if any(_same_split(part, hint) for part in p.parts[:-1])] or alike
    if len(alike) > 1:
        shown = ", ".join(str(path) for path in alike[:3])
        raise FileError(where, f"means one of several images by {wanted} ({shown})", "say which folder holds them")
    return alike[0]
