"""The formats that can be imported; one that declines says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from segstudio.errors import FormatError, ObjectError, SegstudioError
from segstudio.formats import camvid, cityscapes, class_list, cvat, eiseg, isat
from segstudio.formats.coco import reader as coco
from segstudio.formats.coco.writer import COCO_WRITER
from segstudio.formats.dataset import DatasetEntry, DatasetReader, ImportedImage, ReadOptions
from segstudio.formats.labelme import reader as labelme
from segstudio.formats.labelme import web_xml as labelme_web
from segstudio.formats.labelme.writer import LABELME_WRITER
from segstudio.formats.masks import reader as masks
from segstudio.formats.masks.writer import MASKS_WRITER
from segstudio.formats.temporary_folder import Scratch
from segstudio.formats.voc import reader as voc
from segstudio.formats.voc.writer import VOC_WRITER
from segstudio.formats.writer import Writer
from segstudio.formats.yolo import reader as yolo
from segstudio.formats.yolo.writer import YOLO_WRITER


@dataclass(frozen=True)
class Reader:
    """`reason_not` gives None when the format can open the path. `title` is for people."""

    name: str
    title: str
    reason_not: Callable[[Path, ReadOptions], str | None]
    open_dataset: Callable[[Path, ReadOptions], DatasetReader]


# The order is that of detection: what says most about itself comes first.
READERS: Final = (
    Reader("coco", "COCO", coco.reason_not, coco.open_dataset),
    Reader("cvat", "CVAT XML", cvat.reason_not, cvat.open_dataset),
    Reader("cityscapes", "Cityscapes", cityscapes.reason_not, cityscapes.open_dataset),
    Reader("labelme", "labelme", labelme.reason_not, labelme.open_dataset),
    Reader("isat", "ISAT", isat.reason_not, isat.open_dataset),
    Reader("eiseg", "EISeg", eiseg.reason_not, eiseg.open_dataset),
    Reader("labelme-web", "LabelMe web XML", labelme_web.reason_not, labelme_web.open_dataset),
    Reader("voc", "PASCAL VOC_WRITER", voc.reason_not, voc.open_dataset),
    Reader("camvid", "CamVid", camvid.reason_not, camvid.open_dataset),
    Reader("yolo", "YOLO_WRITER segmentation", yolo.reason_not, yolo.open_dataset),
    Reader("masks", "Mask images", masks.reason_not, masks.open_dataset),
)
WRITERS: Final = (VOC_WRITER, COCO_WRITER, LABELME_WRITER, MASKS_WRITER, YOLO_WRITER)
NAMES: Final = ("auto", *(reader.name for reader in READERS))


# What may come of a file that means harm or is broken in a way that nobody thought of.
FOREIGN: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Detection:
    """`reader` is None where every format declined; `declined` says why, by name. `root` is what it will read."""

    reader: Reader | None
    declined: dict[str, str]
    root: Path
    scratch: Scratch

    __hash__ = None  # type: ignore[assignment]


def detect(root: Path, options: ReadOptions, name: str = "auto") -> Detection:
    """The first format that can open the path, and why those asked before it cannot. Raises SegstudioError.

    A .zip is unpacked and looked into.
    """
    if not _is_there(root):
        raise SegstudioError(f"{root}: there is no such file or folder; name the data set's folder")
    if name not in NAMES:
        raise SegstudioError(f"format {name!r} cannot be imported; there are {', '.join(NAMES)}")
    scratch = Scratch()
    if root.suffix.lower() == ".zip" and root.is_file():
        root = scratch.unpack(root)
    declined: dict[str, str] = {}
    for reader in READERS:
        if name in ("auto", reader.name):
            reason = _reason_not(reader, root, options)
            if reason is None:
                return Detection(reader, declined, root, scratch)
            declined[reader.name] = reason
    return Detection(None, declined, root, scratch)


def _is_there(root: Path) -> bool:
    try:
        return root.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _reason_not(reader: Reader, root: Path, options: ReadOptions) -> str | None:
    try:
        return reader.reason_not(root, options)
    except SegstudioError as error:
        return str(error)
    except FOREIGN as error:
        return f"it cannot be read ({type(error).__name__}: {error})"[:200]


def open_dataset(root: Path, options: ReadOptions, name: str = "auto") -> tuple[str, DatasetReader]:
    """(format, source). Raises SegstudioError that names why each format declined."""
    found = detect(root, options, name)
    if found.reader is None:
        reasons = "; ".join(f"not {each}: {reason}" for each, reason in found.declined.items())
        raise SegstudioError(f"{root}: cannot be imported; {reasons}")
    return found.reader.name, open_detected(found, options)


def open_detected(found: Detection, options: ReadOptions) -> DatasetReader:
    """The source, with what is beyond all understanding in it told in one line. Raises SegstudioError."""
    assert found.reader is not None
    try:
        source = found.reader.open_dataset(found.root, options)
    except FOREIGN as error:
        raise _beyond(found.root, error) from error
    source = replace(source, entries=[DatasetEntry(e.name, partial(_guarded, e, found)) for e in source.entries])
    return source if options.held_out is None else _held_out(source, options.held_out)


def _held_out(source: DatasetReader, listed: Path) -> DatasetReader:
    """With the split that the user told. Raises FileError where the list cannot be read or names no image."""
    stems = class_list.stems(listed)
    names = frozenset(e.name for e in source.entries if e.name in stems or e.name.rpartition("/")[2] in stems)
    if not names:
        raise FormatError(listed, "names no image of the data set", "list one file stem a line")
    return replace(source, held_out=names)


def explain_refusals(found: Detection, options: ReadOptions) -> dict[str, str]:
    """Why every other format is not it, also those that were not asked any more; "it would fit too" where it would."""
    reasons = dict(found.declined)
    for reader in READERS:
        if reader is not found.reader and reader.name not in reasons:
            reasons[reader.name] = _reason_not(reader, found.root, options) or "it would fit too"
    return reasons


def _guarded(entry: DatasetEntry, found: Detection) -> ImportedImage:
    """Holds what was unpacked for as long as there are entries to read."""
    try:
        return entry.read()
    except ObjectError as fault:  # of the image as a whole
        raise FormatError(found.root / entry.name, f"cannot be read ({fault})", "correct it or take it away") from fault
    except FOREIGN as error:
        raise _beyond(found.root / entry.name, error) from error


def _beyond(path: Path, error: BaseException) -> FormatError:
    return FormatError(path, f"cannot be read ({type(error).__name__}: {error})"[:200], "mend it or take it away")


def writer_named(name: str) -> Writer:
    """Raises SegstudioError."""
    for target in WRITERS:
        if target.name == name:
            return target
    raise SegstudioError(
        f"format {name!r} cannot be exported; there are {', '.join(target.name for target in WRITERS)}"
    )
