"""Finds images below a folder by the names that datasets give them; never opens anything outside that folder."""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Iterable
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeVar

from segstudio.errors import FileError
from segstudio.formats.images import IMAGE_SUFFIXES

_LAST_DIGITS = re.compile(r"(\d{1,18})\D*$")
_PLAIN_NAME = re.compile(r"[\w-]+(/[\w-]+)*\.[A-Za-z0-9]+\Z")  # a relative path without dots: nearly every name
_IMAGE_FOLDERS = ("images", "imgs", "pictures", "JPEGImages", "Images")

_Key = TypeVar("_Key", bound=Hashable)


class ImageFinder:
    """`root` contains the images, in folders or not; it is scanned once, when a lookup first needs it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def _all(self) -> list[PurePosixPath]:
        found: list[PurePosixPath] = []
        pending = [PurePosixPath()]
        while pending:
            files, folders = _list_folder(self.root, pending.pop())
            found += files
            pending += reversed(folders)
        return found

    @property
    def has_images(self) -> bool:
        return bool(self._all)

    @cached_property
    def _by_name(self) -> dict[str, list[PurePosixPath]]:
        return _group((path.name.casefold(), path) for path in self._all)

    @cached_property
    def _by_stem(self) -> dict[str, list[PurePosixPath]]:
        return _group((path.stem.casefold(), path) for path in self._all)

    @cached_property
    def _by_number(self) -> dict[int, list[PurePosixPath]]:
        numbered = ((_LAST_DIGITS.search(path.stem), path) for path in self._all)
        return _group((int(match[1]), path) for match, path in numbered if match)

    def by_path(self) -> dict[str, Path]:
        """Every image by its path below the root, without suffix."""
        return {path.with_suffix("").as_posix(): self.root / path for path in self._all}

    def find(self, name: str, hint: str, label_file: Path) -> tuple[Path, list[str]]:
        """The image that `label_file` calls `name`, and notes where the name leads outside the root.

        `hint` is a folder's name (train, val) that decides between several images of that name. Raises FileError.
        """
        wanted = PurePosixPath(PureWindowsPath(name).as_posix())
        notes = []
        if wanted.is_absolute() or PureWindowsPath(name).drive or ".." in wanted.parts:
            notes = [f"names an image outside its folder ({name[:120]}); only {wanted.name} in it was looked for"]
            wanted = PurePosixPath(wanted.name)
        elif wanted.name and self._contains(self.root / wanted):
            return self.root / wanted, []
        candidates = self._by_name.get(wanted.name.casefold()) or self._by_stem.get(wanted.stem.casefold(), [])
        return self._choose(candidates, wanted, hint, label_file), notes

    def find_path(self, name: str, label_file: Path) -> Path:
        """The image at this path below the root, with any suffix; else the only one of its stem. Raises FileError."""
        wanted = PurePosixPath(name)
        candidates = [path for path in self._by_stem.get(wanted.name.casefold(), []) if path.with_suffix("") == wanted]
        if len(candidates) == 1:
            return self.root / candidates[0]
        return self.find_stem(wanted.name, "", label_file)

    def find_number(self, number: int, label_file: Path) -> Path:
        """The image whose name ends in this number, as COCO's do. Raises FileError."""
        return self._choose(self._by_number.get(number, []), PurePosixPath(str(number)), "", label_file)

    def find_stem(self, stem: str, hint: str, label_file: Path) -> Path:
        """The image of this stem, with any suffix. Raises FileError."""
        return self._choose(self._by_stem.get(stem.casefold(), []), PurePosixPath(stem), hint, label_file)

    def _contains(self, path: Path) -> bool:
        try:
            inside = path.suffix.lower() in IMAGE_SUFFIXES and path.resolve().is_relative_to(self.root.resolve())
            return inside and path.is_file()
        except (OSError, ValueError):  # a name that no file can have
            return False

    def _choose(self, candidates: list[PurePosixPath], wanted: PurePosixPath, hint: str, label_file: Path) -> Path:
        """The only candidate; or the one that ends with the wanted path; or the one in the folder of the hint."""
        if not candidates:
            remedy = "put it there or choose the folder of images"
            raise FileError(label_file, f"has no image {wanted} below {self.root}", remedy)
        if len(candidates) > 1:
            ends = [path for path in candidates if path.parts[-len(wanted.parts) :] == wanted.parts]
            candidates = ends or candidates
        if len(candidates) > 1 and hint:
            hinted = [p for p in candidates if any(_is_same_split(part, hint) for part in p.parts[:-1])]
            candidates = hinted or candidates
        if len(candidates) > 1:
            shown = ", ".join(str(path) for path in candidates[:3])
            raise FileError(label_file, f"{wanted} matches several images ({shown})", "choose the folder of images")
        return self.root / candidates[0]


def describe_unlabelled(names: list[str]) -> str:
    """The note about images that have no labels."""
    shown = f"{', '.join(names[:5])}{' …' if len(names) > 5 else ''}"
    return f"{len(names)} images have no labels and were left out: {shown}"


def safe_stem(name: str) -> str:
    """An image's path without suffix, safe below any folder: only its name where it leads elsewhere; "" for none."""
    if _PLAIN_NAME.match(name):
        return name.rpartition(".")[0]
    path = PureWindowsPath(name)
    if path.drive or path.root or ".." in path.parts:
        path = PureWindowsPath(path.name)
    return path.with_suffix("").as_posix() if path.name and path.name != "." else ""


def relative_stem(path: Path, folder: Path) -> str:
    """The path of a label file below `folder`, without suffix: the name of its image in a project."""
    return path.relative_to(folder).with_suffix("").as_posix()


def list_images(folder: Path) -> dict[str, Path]:
    """The images directly in one folder, by stem, without links that lead out of it. Raises FileError."""
    try:
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())
    except OSError as error:
        raise FileError(folder, f"cannot be listed ({error.strerror})", "choose a folder of images") from error
    inside = folder.resolve()
    return {p.stem: p for p in found if not p.is_symlink() or p.resolve().is_relative_to(inside)}


def find_images_near(folder: Path) -> ImageFinder:
    """The images in a folder of labels; where it has none, those in `images` or the like beside it."""
    inside = ImageFinder(folder)
    if inside.has_images:
        return inside
    beside = (folder.parent / name for name in _IMAGE_FOLDERS)
    return next((ImageFinder(path) for path in beside if path.is_dir()), inside)


def _list_folder(root: Path, below: PurePosixPath) -> tuple[list[PurePosixPath], list[PurePosixPath]]:
    """Images and folders in one folder, without hidden ones and links that lead out of `root`."""
    files, folders = [], []
    try:
        with os.scandir(root / below) as entries:
            found = sorted(entries, key=lambda each: each.name)
            if below.parts and any(entry.name == ".segstudio" for entry in found):
                return [], []  # a segstudio project, perhaps made from this dataset
            for entry in found:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(below / entry.name)
                elif PurePosixPath(entry.name).suffix.lower() in IMAGE_SUFFIXES and _is_inside(entry, root):
                    files.append(below / entry.name)
    except OSError:
        return [], []
    return files, folders


def _is_inside(entry: os.DirEntry[str], root: Path) -> bool:
    if not entry.is_file():
        return False
    return not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(root.resolve())


def _group(pairs: Iterable[tuple[_Key, PurePosixPath]]) -> dict[_Key, list[PurePosixPath]]:
    groups: dict[_Key, list[PurePosixPath]] = {}
    for key, path in pairs:
        groups.setdefault(key, []).append(path)
    return groups


def _is_same_split(part: str, hint: str) -> bool:
    """True if folder `part` is the split `hint`, with a year or without (train2017 is train)."""
    return part.casefold() == hint.casefold() or part.rstrip("0123456789").casefold() == hint.casefold()
