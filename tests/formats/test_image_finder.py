"""Images are found by the names that datasets give them, and never outside the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from segstudio.errors import FileError
from segstudio.formats.image_finder import ImageFinder, find_images_near, list_images, safe_stem
from tests.formats.samples import make_image

LABELS = Path("labels.json")


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A folder with `inside.jpg`, a link to it, and a link to an image outside."""
    make_image(tmp_path / "secret.jpg")
    make_image(tmp_path / "in" / "inside.jpg")
    (tmp_path / "in" / "good.jpg").symlink_to(tmp_path / "in" / "inside.jpg")
    (tmp_path / "in" / "bad.jpg").symlink_to(tmp_path / "secret.jpg")
    return tmp_path / "in"


def test_a_link_out_of_the_folder_is_never_found(linked: Path) -> None:
    images = ImageFinder(linked)
    assert images.find("good.jpg", "", LABELS) == (linked / "good.jpg", [])
    for lookup in (
        lambda: images.find("bad.jpg", "", LABELS),
        lambda: images.find_stem("bad", "", LABELS),
        lambda: images.find_path("bad", LABELS),
    ):
        with pytest.raises(FileError, match=r"^labels\.json: has no image bad"):
            lookup()
    assert set(images.by_path()) == {"good", "inside"}
    assert set(list_images(linked)) == {"good", "inside"}


def test_links_to_folders_and_hidden_folders_are_not_entered(tmp_path: Path) -> None:
    make_image(tmp_path / "outside" / "a.jpg")
    make_image(tmp_path / "in" / ".hidden" / "b.jpg")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "outside")
    assert not ImageFinder(tmp_path / "in").has_images


def test_a_project_inside_the_dataset_is_skipped(tmp_path: Path) -> None:
    make_image(tmp_path / "a.jpg")
    make_image(tmp_path / "work" / "a.jpg")
    (tmp_path / "work" / ".segstudio").mkdir()
    assert ImageFinder(tmp_path).find_stem("a", "", LABELS) == tmp_path / "a.jpg"
    assert ImageFinder(tmp_path / "work").has_images, "a project itself can be read"


def test_an_ambiguous_name_is_decided_by_its_path_or_by_the_subset_or_refused(tmp_path: Path) -> None:
    train, val = (make_image(tmp_path / "set" / name / "a.jpg") for name in ("train2017", "val2017"))
    images = ImageFinder(tmp_path)
    assert images.find("val2017/a.jpg", "", LABELS)[0] == val
    assert images.find("a.jpg", "Train", LABELS)[0] == train
    with pytest.raises(FileError, match=r"a\.jpg matches several images \(set/train2017/a\.jpg, set/val2017/a\.jpg\)"):
        images.find("a.jpg", "", LABELS)


def test_an_image_is_found_by_the_last_number_in_its_name(tmp_path: Path) -> None:
    path = make_image(tmp_path / "COCO_val2014_000000000042.jpg")
    assert ImageFinder(tmp_path).find_number(42, LABELS) == path


def test_images_are_looked_for_beside_a_folder_of_labels_without_any(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    path = make_image(tmp_path / "images" / "a.jpg")
    assert find_images_near(tmp_path / "labels").find_stem("a", "", LABELS) == path


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a/b.jpg", "a/b"), ("a.b.jpg", "a.b"), ("../a.jpg", "a"), ("/etc/a.jpg", "a"), ("C:\\x\\a.jpg", "a"), ("", "")],
)
def test_a_stem_never_leads_out_of_a_folder(name: str, stem: str) -> None:
    assert safe_stem(name) == stem
