"""The formats that can be read and written: the two lists, and detection of the format of a path.

Adding a format touches its own module or folder and the lists here.
"""

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
from segstudio.formats.temporary_folder import TemporaryFolder
from segstudio.formats.voc import reader as voc
from segstudio.formats.voc.writer import VOC_WRITER
from segstudio.formats.writer import Writer
from segstudio.formats.yolo import reader as yolo
from segstudio.formats.yolo.writer import YOLO_WRITER


@dataclass(frozen=True)
class Reader:
    """A format that can be read. `reason_not` returns None where the format can open the path, else why not.

    `name` is for the command line, `title` for the user interface.
    """

    name: str
    title: str
    reason_not: Callable[[Path, ReadOptions], str | None]
    open_dataset: Callable[[Path, ReadOptions], DatasetReader]


# In order of detection: formats that are easiest to tell apart come first.
READERS: Final = (
    Reader("coco", "COCO", coco.reason_not, coco.open_dataset),
    Reader("cvat", "CVAT XML", cvat.reason_not, cvat.open_dataset),
    Reader("cityscapes", "Cityscapes", cityscapes.reason_not, cityscapes.open_dataset),
    Reader("labelme", "labelme", labelme.reason_not, labelme.open_dataset),
    Reader("isat", "ISAT", isat.reason_not, isat.open_dataset),
    Reader("eiseg", "EISeg", eiseg.reason_not, eiseg.open_dataset),
    Reader("labelme-web", "LabelMe web XML", labelme_web.reason_not, labelme_web.open_dataset),
    Reader("voc", "PASCAL VOC", voc.reason_not, voc.open_dataset),
    Reader("camvid", "CamVid", camvid.reason_not, camvid.open_dataset),
    Reader("yolo", "YOLO segmentation", yolo.reason_not, yolo.open_dataset),
    Reader("masks", "Mask images", masks.reason_not, masks.open_dataset),
)
WRITERS: Final = (VOC_WRITER, COCO_WRITER, LABELME_WRITER, MASKS_WRITER, YOLO_WRITER)

AUTO: Final = "auto"  # as the name of a format: detect it
READER_NAMES: Final = (AUTO, *(reader.name for reader in READERS))

# What a malformed or malicious file may raise in a reader besides SegstudioError.
PARSE_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
_REMEDY: Final = "correct it or remove it"


@dataclass(frozen=True)
class Detection:
    """The format found for a path. `reader` is None where every format declined; `declined` has the reasons by name.

    `root` is what the reader will open: inside `unpacked` if the path was a .zip, which is deleted with this object.
    """

    reader: Reader | None
    declined: dict[str, str]
    root: Path
    unpacked: TemporaryFolder

    __hash__ = None  # type: ignore[assignment]


def writer_named(name: str) -> Writer:
    """Raises SegstudioError."""
    for writer in WRITERS:
        if writer.name == name:
            return writer
    names = ", ".join(writer.name for writer in WRITERS)
    raise SegstudioError(f"format {name!r} cannot be exported; choose one of {names}")


def detect(root: Path, options: ReadOptions, name: str = AUTO) -> Detection:
    """The first format that can open the path (or format `name`), and why those before it cannot.

    A .zip is unpacked first. Raises SegstudioError.
    """
    if not _exists(root):
        raise SegstudioError(f"{root}: there is no such file or folder; choose the folder of the dataset")
    if name not in READER_NAMES:
        raise SegstudioError(f"format {name!r} cannot be imported; choose one of {', '.join(READER_NAMES)}")
    unpacked = TemporaryFolder()
    if root.suffix.lower() == ".zip" and root.is_file():
        root = unpacked.unpack(root)
    declined: dict[str, str] = {}
    for reader in READERS:
        if name in (AUTO, reader.name):
            reason = _find_reason_not(reader, root, options)
            if reason is None:
                return Detection(reader, declined, root, unpacked)
            declined[reader.name] = reason
    return Detection(None, declined, root, unpacked)


def _exists(root: Path) -> bool:
    try:
        return root.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _find_reason_not(reader: Reader, root: Path, options: ReadOptions) -> str | None:
    try:
        return reader.reason_not(root, options)
    except SegstudioError as error:
        return str(error)
    except PARSE_ERRORS as error:
        return f"it {_describe(error)}"[:200]


def explain_refusals(found: Detection, options: ReadOptions) -> dict[str, str]:
    """Why every other format is not used, by name; also the formats after the first that fits."""
    reasons = dict(found.declined)
    for reader in READERS:
        if reader is not found.reader and reader.name not in reasons:
            reasons[reader.name] = _find_reason_not(reader, found.root, options) or "it would fit too"
    return reasons


def open_dataset(root: Path, options: ReadOptions, name: str = AUTO) -> tuple[str, DatasetReader]:
    """(name of the format, dataset). Raises SegstudioError with the reason of each format that declined."""
    found = detect(root, options, name)
    if found.reader is None:
        reasons = "; ".join(f"not {each}: {reason}" for each, reason in found.declined.items())
        raise SegstudioError(f"{root}: cannot be imported; {reasons}")
    return found.reader.name, open_detected(found, options)


def open_detected(found: Detection, options: ReadOptions) -> DatasetReader:
    """The dataset, whose entries raise only SegstudioError: unexpected parser errors become a FormatError."""
    assert found.reader is not None
    try:
        dataset = found.reader.open_dataset(found.root, options)
    except PARSE_ERRORS as error:
        raise _parse_error(found.root, error) from error
    entries = [DatasetEntry(entry.name, partial(_read, entry, found)) for entry in dataset.entries]
    dataset = replace(dataset, entries=entries)
    return dataset if options.held_out is None else _set_held_out(dataset, options.held_out)


def _set_held_out(dataset: DatasetReader, listed: Path) -> DatasetReader:
    """With the validation images that the user listed. Raises FileError; FormatError where it lists no image."""
    stems = class_list.read_stems(listed)
    names = frozenset(e.name for e in dataset.entries if e.name in stems or e.name.rpartition("/")[2] in stems)
    if not names:
        raise FormatError(listed, "names no image of the dataset", "list one file stem per line")
    return replace(dataset, held_out=names)


def _read(entry: DatasetEntry, found: Detection) -> ImportedImage:
    """Read an entry; the reference to `found` keeps what was unpacked as long as there are entries to read."""
    try:
        return entry.read()
    except ObjectError as fault:  # about the image as a whole
        raise FormatError(found.root / entry.name, f"cannot be read ({fault})", _REMEDY) from fault
    except PARSE_ERRORS as error:
        raise _parse_error(found.root / entry.name, error) from error


def _parse_error(path: Path, error: BaseException) -> FormatError:
    return FormatError(path, _describe(error)[:200], _REMEDY)


def _describe(error: BaseException) -> str:
    return f"cannot be read ({type(error).__name__}: {error})"
