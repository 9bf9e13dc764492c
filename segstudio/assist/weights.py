"""Which models there are, and where their weights lie: in osam's cache, which labelme shares."""

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

# osam's name, and what to call it; small first.
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
    """A file that a model needs: where it must lie, and where it comes from."""

    path: Path
    url: str

    @property
    def present(self) -> bool:
        return self.path.is_file() and self.path.stat().st_size > 0


class MissingWeightsError(AssistError):
    """Weights are not on this machine; `name` is the model's."""

    def __init__(self, name: str, files: list[WeightFile]) -> None:
        places = "; ".join(f"{file.url.rpartition('/')[2]} belongs at {file.path}" for file in files)
        super().__init__(f"the weights of {name} are not on this machine: {places}")
        self.name = name
        self.files = files


def model_type(name: str) -> Any:
    """osam's class of a model. Raises AssistError where osam is not installed or does not know the name."""
    os.environ.setdefault("LOGURU_LEVEL", "WARNING")  # osam tells of every step otherwise
    try:
        import osam.apis
    except ImportError as error:
        raise AssistError(f"AI needs the package osam ({error}); install it with: pip install osam") from error
    try:
        return osam.apis.get_model_type_by_name(name)
    except ValueError as error:
        raise AssistError(f"osam has no model {name!r}; choose another") from error


def files_of(name: str) -> list[WeightFile]:
    """What a model needs on disk."""
    files = []
    for blob in model_type(name)._blobs.values():
        folder = Path(blob.path).parent
        files.append(WeightFile(Path(blob.path), blob.url))
        files += [WeightFile(folder / each.filename, each.url) for each in blob.attachments]
    return files


def check(name: str) -> None:
    """Raises MissingWeightsError when a file is not there."""
    missing = [file for file in files_of(name) if not file.present]
    if missing:
        raise MissingWeightsError(name, missing)


def download(name: str) -> Iterator[Progress]:
    """Fetches what is missing, because the user said so. Closing the generator stops it. Raises AssistError."""
    kind, told, stop = model_type(name), queue.Queue[Any](), threading.Event()

    def report(filename: str, done: int, total: int | None) -> None:
        told.put(Progress(done, total or 0, filename))

    def pull() -> None:
        try:
            kind.pull(progress=report, cancel=stop, timeout=_TIMEOUT_S)
            told.put(None)
        except Exception as error:  # noqa: BLE001  # handed to the thread that asked
            told.put(error)

    thread = threading.Thread(target=pull, name="weights", daemon=True)
    thread.start()
    try:
        while (event := told.get()) is not None:
            if isinstance(event, BaseException):
                raise AssistError(f"{name} could not be downloaded: {_one_line(event)}") from event
            yield event
    finally:
        stop.set()
        thread.join(_TIMEOUT_S)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
