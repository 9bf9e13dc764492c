"""The models that can be chosen, and their weights in osam's cache, which labelme uses too."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from segstudio.errors import AssistError
from segstudio.events import Progress

# osam's name and the name shown, the smallest first.
MODELS: Final[tuple[tuple[str, str], ...]] = (
    ("efficientsam:10m", "EfficientSAM tiny"),
    ("efficientsam:latest", "EfficientSAM small"),
    ("sam2:tiny", "SAM 2.1 tiny"),
    ("sam2:small", "SAM 2.1 small"),
    ("sam2:latest", "SAM 2.1 base+"),
    ("sam2:large", "SAM 2.1 large"),
    ("sam:100m", "SAM base"),
)

_TIMEOUT_S: Final = 30


@dataclass(frozen=True)
class WeightFile:
    """A file that a model needs: where it must be, and where it can be downloaded."""

    path: Path
    url: str

    @property
    def is_present(self) -> bool:
        return self.path.is_file() and self.path.stat().st_size > 0


class MissingWeightsError(AssistError):
    """The weights of the model `name` are not on this machine."""

    def __init__(self, name: str, files: list[WeightFile]) -> None:
        places = "; ".join(f"{file.url.rpartition('/')[2]} belongs at {file.path}" for file in files)
        super().__init__(f"the weights of {name} are not on this machine: {places}")
        self.name = name
        self.files = files


def find_model_type(name: str) -> Any:
    """osam's class of a model. Raises AssistError where osam is not installed or has no model of this name."""
    os.environ.setdefault("LOGURU_LEVEL", "WARNING")  # osam logs every step at INFO
    try:
        import osam.apis
    except ImportError as error:
        raise AssistError(f"AI needs the package osam ({error}); install it with: pip install osam") from error
    try:
        return osam.apis.get_model_type_by_name(name)
    except ValueError as error:
        raise AssistError(f"osam has no model {name!r}; choose another") from error


def list_weight_files(name: str) -> list[WeightFile]:
    """All files that a model needs."""
    files = []
    for blob in find_model_type(name)._blobs.values():
        folder = Path(blob.path).parent
        files.append(WeightFile(Path(blob.path), blob.url))
        files += [WeightFile(folder / each.filename, each.url) for each in blob.attachments]
    return files


def check_weights(name: str) -> None:
    """Raises MissingWeightsError where a file is missing."""
    missing = [file for file in list_weight_files(name) if not file.is_present]
    if missing:
        raise MissingWeightsError(name, missing)


def download(name: str) -> Iterator[Progress]:
    """Download what is missing; call it only when the user asked for it. Closing the generator stops it.

    Raises AssistError.
    """
    kind, events, stop = find_model_type(name), queue.Queue[Any](), threading.Event()

    def report(filename: str, done: int, total: int | None) -> None:
        events.put(Progress(done, total or 0, filename))

    def pull() -> None:
        try:
            kind.pull(progress=report, cancel=stop, timeout=_TIMEOUT_S)
            events.put(None)
        except Exception as error:  # noqa: BLE001  # raised in the thread that called
            events.put(error)

    thread = threading.Thread(target=pull, name="weights", daemon=True)
    thread.start()
    try:
        while (event := events.get()) is not None:
            if isinstance(event, BaseException):
                raise AssistError(f"{name} could not be downloaded: {_one_line(event)}") from event
            yield event
    finally:
        stop.set()
        thread.join(_TIMEOUT_S)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
