"""Segmentation by clicks and boxes with a tiny model in EfficientSAM's format, run by osam and onnxruntime."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from segstudio.assist.assistant import Assistant, AssistImage
from segstudio.assist.weights import MODELS, MissingWeightsError, download, list_weight_files
from segstudio.core.box import Box
from segstudio.errors import AssistError
from tests.assist.tiny_sam import install

NAME = "efficientsam:10m"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def make_image(height: int = 90, width: int = 120) -> np.ndarray:
    out = np.zeros((height, width, 3), np.uint8)
    out[height // 3 : height // 2, width // 4 : width // 2] = 255
    return out


def seen(image: np.ndarray) -> AssistImage:
    return AssistImage("a", image.shape[:2], lambda: image)


def test_a_click_segments_the_bright_object_at_its_place(home: Path) -> None:
    install(home)
    image = make_image()
    box, mask = Assistant().segment(NAME, seen(image), [((40.0, 35.0), True)], None)
    assert box == Box(30, 30, 45, 60)
    assert mask.all()


def test_a_negative_click_excludes_the_object(home: Path) -> None:
    install(home)
    box, mask = Assistant().segment(NAME, seen(make_image()), [((40.0, 35.0), True), ((5.0, 5.0), False)], None)
    out = np.zeros((90, 120), bool)
    out[box.slices] = mask
    assert not out[35, 40]
    assert out[5, 5]


def test_a_box_alone_is_a_prompt(home: Path) -> None:
    install(home)
    box, _ = Assistant().segment(NAME, seen(make_image()), [], Box(20, 20, 60, 80))
    assert box == Box(30, 30, 45, 60)


def test_a_large_image_is_encoded_smaller_and_its_mask_has_full_size(home: Path) -> None:
    install(home)
    image = make_image(3000, 4000)
    box, _ = Assistant().segment(NAME, seen(image), [((1500.0, 1200.0), True)], None)
    assert np.abs(np.array(box) - np.array([1000, 1000, 1500, 2000])).max() <= 3


def test_the_mask_is_empty_where_nothing_is_found(home: Path) -> None:
    install(home)
    box, mask = Assistant().segment(NAME, seen(np.zeros((40, 40, 3), np.uint8)), [((4.0, 4.0), True)], None)
    assert box.empty
    assert mask.size == 0


def test_an_image_is_encoded_once(home: Path) -> None:
    install(home)
    assistant = Assistant()
    assistant.encode(NAME, seen(make_image()))
    assert not assistant.segment(
        NAME, AssistImage("a", (90, 120), lambda: pytest.fail("read twice")), [((40.0, 35.0), True)], None
    )[0].empty


def test_another_model_encodes_the_image_again(home: Path) -> None:
    other = "efficientsam:latest"
    install(home)
    install(home, other)
    reads = []
    image = AssistImage("a", (90, 120), lambda: reads.append(1) or make_image())
    assistant = Assistant()
    for name in (NAME, NAME, other, other, NAME):
        assistant.encode(name, image)
    assert len(reads) == 3


def test_only_the_images_used_last_stay_encoded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segstudio.assist.assistant._MAX_ENCODINGS", 2)
    install(home)
    reads = []

    def make(key: str) -> AssistImage:
        return AssistImage(key, (90, 120), lambda: reads.append(key) or make_image())

    assistant = Assistant()
    for key in "abacab":
        assistant.encode(NAME, make(key))
    assert reads == ["a", "b", "c", "b"]


def test_missing_weights_are_listed_with_their_paths_and_nothing_is_downloaded(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gdown

    monkeypatch.setattr(gdown, "cached_download", lambda *_, **__: pytest.fail("fetched unasked"))
    with pytest.raises(MissingWeightsError, match="belongs at") as caught:
        Assistant().encode(NAME, seen(make_image()))
    assert str(home) in str(caught.value)
    assert len(caught.value.files) == 2


def test_broken_weights_give_an_error_of_one_line(home: Path) -> None:
    for file in list_weight_files(NAME):
        file.path.parent.mkdir(parents=True, exist_ok=True)
        file.path.write_bytes(b"not a model")
    with pytest.raises(AssistError) as caught:
        Assistant().encode(NAME, seen(make_image()))
    assert "\n" not in str(caught.value)
    assert "efficientsam:10m failed" in str(caught.value)


@pytest.mark.parametrize("name", [name for name, _ in MODELS])
def test_osam_has_every_model_of_the_list(name: str) -> None:
    assert len(list_weight_files(name)) >= 2


def test_a_download_reports_progress_and_errors(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gdown

    def fetch(url: str, path: str, progress: object = None, **_: object) -> None:
        progress(50, 100)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(b"weights")

    monkeypatch.setattr(gdown, "cached_download", fetch)
    events = list(download(NAME))
    assert [(event.done, event.total) for event in events] == [(50, 100)] * 2
    assert all(file.is_present for file in list_weight_files(NAME))

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left\non the disk")

    monkeypatch.setattr(gdown, "cached_download", full)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(AssistError, match="could not be downloaded") as caught:
        list(download(NAME))
    assert "\n" not in str(caught.value)


def test_closing_a_download_cancels_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled = threading.Event()

    class Slow:
        @classmethod
        def pull(cls, progress: Callable[..., None], cancel: threading.Event, timeout: int) -> None:
            progress("a.onnx", 1, 9)
            if cancel.wait(timeout):
                cancelled.set()

    monkeypatch.setattr("segstudio.assist.weights.find_model_type", lambda name: Slow)
    events = download(NAME)
    assert next(events).done == 1
    events.close()
    assert cancelled.is_set()
