"""YOLO segmentation: one text file an image, a line an object: class number and corners as parts of the size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from segstudio.core.annotation import Annotation
from segstudio.core.classes import BACKGROUND_NAME, ClassTable
from segstudio.core.contours import at_least_three, keyhole, rings
from segstudio.core.geometry import Point, Points
from segstudio.core.instances import Instance
from segstudio.core.shape import POLYGON, RECTANGLE, Shape
from segstudio.errors import FileError, FormatError, ObjectError
from segstudio.formats import class_list
from segstudio.formats.dataset import HELD_OUT, DatasetEntry, DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.image_finder import ImageFinder
from segstudio.formats.images import image_size
from segstudio.formats.xml_file import finite
from segstudio.formats.yolo.data_yaml import names_of

_LISTS: Final = ("data.yaml", "dataset.yaml", "classes.txt", "obj.names", "coco.yaml")
_NUMBERS: Final = re.compile(r"^\s*\d{1,4}(\s+-?[\d.]+(e[-+]?\d+)?){4,}\s*$", re.I)
_DIGITS: Final = 6  # of a pixel; coordinates are rounded to it, so that writing and reading again changes none


def reason_not(root: Path, options: ReadOptions) -> str | None:
    """Why `root` is not YOLO's, or None if it is."""
    if not root.is_dir():
        return "it is not a folder"
    files = _label_files(root)
    if not files:
        return "it has no .txt files of labels, also not in labels/"
    for path in files[:20]:
        lines = [line for line in _lines(path) if line.strip()]
        if lines:
            return None if _NUMBERS.match(lines[0]) else f"{path.name} is not lines of numbers"
    listed = any((root / name).is_file() for name in _LISTS if name.endswith(".yaml"))
    return None if listed else "its .txt files are empty, and it has no data.yaml"


def open_dataset(root: Path, options: ReadOptions) -> DatasetReader:
    listed = options.labels or next(
        (folder / name for folder in (root, root.parent) for name in _LISTS if (folder / name).is_file()), None
    )
    files = _label_files(root)
    notes: tuple[str, ...] = ()
    if listed is not None:
        names = _names(listed)
    else:
        highest = max((_highest(path) for path in files), default=0)
        names = [f"class_{number}" for number in range(highest + 1)]
        notes = ("no data.yaml or classes.txt; classes are called by their numbers",)
    try:
        table = ClassTable.from_names([BACKGROUND_NAME, *names])
    except ValueError as error:
        raise FormatError(listed or root, str(error), "list each class once") from error
    images = ImageFinder(options.images or _home(root))
    entries = [DatasetEntry(_entry_name(path, root), partial(_read, path, images, names)) for path in files]
    entries += _unlabelled(images, {e.name for e in entries})
    judging = _judging(listed) or HELD_OUT
    held_out = frozenset(e.name for e in entries if judging & {part.casefold() for part in e.name.split("/")[:-1]})
    split = held_out if 0 < len(held_out) < len(entries) else None
    return DatasetReader(table, "background", entries, split, notes)


def _home(root: Path) -> Path:
    """Where images are looked for: with the labels, or in `images` beside them."""
    base = root.parent if root.name == "labels" else root
    beside = base.parent / "images"
    return base.parent if not any(base.rglob("images")) and beside.is_dir() else base


def _unlabelled(images: ImageFinder, known: set[str]) -> list[DatasetEntry]:
    """Images in `images` folders without a text file show nothing but background, by YOLO's own rule."""
    found = []
    for name, path in images.by_name().items():
        parts = name.split("/")
        plain = "/".join(part for part in parts if part != "images")
        if "images" in parts[:-1] and plain not in known:
            found.append(DatasetEntry(plain, partial(_background, path)))
    return found


def _background(path: Path) -> ImportedImage:
    return ImportedImage(path, Annotation(*image_size(path)))


def _judging(listed: Path | None) -> set[str]:
    """Folders that data.yaml gives as `val` or `test`."""
    if listed is None or listed.suffix.lower() not in (".yaml", ".yml"):
        return set()
    given = dict(re.findall(r"^(train|val|test):[ \t]*([^#\n]+?)[ \t]*$", "\n".join(_lines(listed)), re.M))
    last = {key: PurePosixPath(value.strip("'\" ")).name.casefold() for key, value in given.items()}
    return {last[key] for key in ("val", "test") if key in last and last[key] != last.get("train")} - {"images"}


def _highest(path: Path) -> int:
    """The largest class number in a file; what cannot be read is told when its turn comes."""
    try:
        return max((int(line.split()[0]) for line in _lines(path) if _NUMBERS.match(line)), default=0)
    except FileError:
        return 0


def _label_files(root: Path) -> list[Path]:
    """Text files in `labels` folders, else in the folder itself; lists of classes and of files left out."""
    inside = [p for p in root.rglob("*.txt") if "labels" in p.relative_to(root).parts]
    found = [p for p in inside or root.glob("*.txt") if p.is_file()]
    known = {
        "classes.txt",
        "train.txt",
        "val.txt",
        "test.txt",
        "labels.txt",
        "readme.txt",
        "source.txt",
        "label_colors.txt",
    }
    return sorted(p for p in found if p.name.lower() not in known and not p.name.lower().endswith(".upstream.txt"))


def _entry_name(path: Path, root: Path) -> str:
    parts = [part for part in path.relative_to(root).with_suffix("").parts if part != "labels"]
    return "/".join(parts)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(path, f"cannot be read ({error})", "save it as UTF-8 text") from error


def _names(listed: Path) -> list[str]:
    if listed.suffix.lower() not in (".yaml", ".yml"):
        return [name for name in class_list.read(listed).names if name != BACKGROUND_NAME]
    names = names_of("\n".join(_lines(listed)))
    if not names:
        raise FormatError(listed, "has no `names:`", "list the classes under names:")
    return names


def _read(path: Path, images: ImageFinder, names: Sequence[str]) -> ImportedImage:
    hint = path.parent.name if path.parent.name != "labels" else path.parent.parent.name
    image = images.of_stem(path.stem, hint, path)
    height, width = image_size(image)
    shapes, notes = [], []
    for index, line in enumerate(_lines(path)):
        if not line.strip():
            continue
        try:
            shapes.append(_shape(line, names, (height, width)))
        except ObjectError as fault:
            notes.append(f"line {index + 1} was left out ({fault})")
    boxes = sum(shape.kind == RECTANGLE for shape in shapes)
    if boxes:
        notes.append(f"{boxes} boxes became rectangles")
    return ImportedImage(image, Annotation(height, width, tuple(shapes)), tuple(notes))


def _shape(line: str, names: Sequence[str], size: tuple[int, int]) -> Shape:
    first, *rest = line.split()
    if not re.fullmatch(r"[0-9]{1,4}", first) or int(first) >= len(names):
        raise ObjectError(f"its class is {first!r}, there are {len(names)}"[:120])
    values = [finite(text, "coordinate") for text in rest]
    if max(map(abs, values), default=0) > 2:
        raise ObjectError("its coordinates are pixels, not parts of the size")
    height, width = size
    name = names[int(first)]
    if len(values) == 4:
        cx, cy, w, h = values[0] * width, values[1] * height, values[2] * width, values[3] * height
        corners = (cx - w / 2, cy - h / 2), (cx + w / 2 - 1, cy + h / 2 - 1)
        return Shape(name, RECTANGLE, tuple((round(x, _DIGITS), round(y, _DIGITS)) for x, y in corners))
    if len(values) < 6 or len(values) % 2:
        raise ObjectError(f"it has {len(values)} coordinates")
    points = zip(values[::2], values[1::2], strict=True)
    return Shape(name, POLYGON, tuple((round(x * width, _DIGITS), round(y * height, _DIGITS)) for x, y in points))


def lines_of(each: Instance, number: int, size: tuple[int, int]) -> list[str]:
    """One line a connected part. Polygons stay as drawn; other shapes become the outline of their pixels."""
    outlines = [shape.points_N2 for shape in each.shapes] if each.drawn else outlines_of(each)
    return [f"{number} {_parts(outline, size)}" for outline in outlines]


def outlines_of(each: Instance) -> list[Points]:
    """Around each part of an object's pixels, with bridges to the holes."""
    return [at_least_three(keyhole(outer, holes)) for outer, holes in rings(each.mask, each.box.y0, each.box.x0)]


def _parts(points: Points, size: tuple[int, int]) -> str:
    height, width = size
    pairs: list[Point] = [(x / width, y / height) for x, y in points.tolist()]
    return " ".join(f"{x:.12g} {y:.12g}" for x, y in pairs)
