"""Images of every kind are read as they should be shown."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from segstudio.core.pyramid import to_rgb8
from segstudio.errors import FileError
from segstudio.formats.images import image_size, read_image, read_thumbnail

RGB = np.random.default_rng(1).integers(0, 255, (20, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_orientation_is_applied_once_everywhere(orientation: int, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(RGB)
    if suffix == ".tif":
        image.save(path, tiffinfo={0x0112: orientation})
    else:
        image.save(path, exif=exif)
    with Image.open(path) as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    assert (read_image(path) == expected).all()
    assert image_size(path) == expected.shape[:2]
    assert read_thumbnail(path, 64).shape == expected.shape


def test_images_keep_their_bit_depth_and_lose_alpha(tmp_path: Path) -> None:
    deep = (np.arange(600, dtype=np.uint16).reshape(20, 30) * 100).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert (read_image(tmp_path / "deep.png") == deep).all()
    tifffile.imwrite(tmp_path / "deep.tif", deep)
    assert (read_image(tmp_path / "deep.tif") == deep).all()
    Image.fromarray(RGB).convert("RGBA").save(tmp_path / "alpha.png")
    assert (read_image(tmp_path / "alpha.png") == RGB).all()
    gray = RGB[:, :, 0]
    Image.fromarray(gray).convert("LA").save(tmp_path / "la.png")
    assert (read_image(tmp_path / "la.png") == gray).all()
    Image.fromarray(RGB).quantize(16).save(tmp_path / "palette.png")
    with Image.open(tmp_path / "palette.png") as image:
        assert (read_image(tmp_path / "palette.png") == np.asarray(image.convert("RGB"))).all()
    Image.fromarray(gray > 100).save(tmp_path / "one.png")
    assert set(np.unique(read_image(tmp_path / "one.png"))) == {0, 255}
    Image.fromarray(RGB).convert("CMYK").save(tmp_path / "cmyk.jpg")
    assert read_image(tmp_path / "cmyk.jpg").shape == RGB.shape


def test_scientific_tiffs_are_read(tmp_path: Path) -> None:
    bands = np.random.default_rng(2).integers(0, 4000, (5, 40, 50), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "planar.tif", bands, photometric="minisblack", planarconfig="separate")
    assert (read_image(tmp_path / "planar.tif") == np.moveaxis(bands, 0, 2)).all()
    tifffile.imwrite(tmp_path / "two.tif", bands[:2], photometric="minisblack", planarconfig="separate")
    assert read_image(tmp_path / "two.tif").shape == (40, 50, 2)
    tifffile.imwrite(tmp_path / "white.tif", RGB[:, :, 0], photometric="miniswhite")
    assert (read_image(tmp_path / "white.tif") == 255 - RGB[:, :, 0]).all()
    Image.fromarray(RGB).save(tmp_path / "lzw.tif", compression="tiff_lzw")
    assert (read_image(tmp_path / "lzw.tif") == RGB).all()
    Image.fromarray(RGB).convert("RGBA").save(tmp_path / "alpha.tif")
    assert (read_image(tmp_path / "alpha.tif") == RGB).all()
    float_image = np.linspace(-1, 1, 600, dtype=np.float32).reshape(20, 30)
    tifffile.imwrite(tmp_path / "float.tif", float_image)
    found = read_image(tmp_path / "float.tif")
    assert found.dtype == np.uint16
    assert (found.min(), found.max()) == (0, 65535)
    assert to_rgb8(found).shape == (20, 30, 3)


def test_file_names_in_any_script_are_read(tmp_path: Path) -> None:
    path = tmp_path / "数据" / "été.png"
    path.parent.mkdir()
    Image.fromarray(RGB).save(path)
    assert (read_image(path) == RGB).all()


def make_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("side", [60_000, 23_000])
def test_a_decompression_bomb_is_refused_by_its_header(side: int, tmp_path: Path) -> None:
    """Pillow alone refuses only images of twice our limit."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + make_chunk(b"IHDR", header) + make_chunk(b"IDAT", b"") + make_chunk(b"IEND", b"")
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb)
    for read in (read_image, image_size, lambda path: read_thumbnail(path, 40)):
        with pytest.raises(FileError, match=r"bomb\.png: (has a header for|cannot be read as an image \(Image size)"):
            read(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp"])
@pytest.mark.parametrize("data", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n\0\0\0", b"II*\0\xff\xff\xff\xff"])
def test_broken_images_are_refused_with_one_line(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    for read in (read_image, image_size, lambda p: read_thumbnail(p, 40)):
        with pytest.raises(FileError) as caught:
            read(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_a_truncated_image_is_refused(suffix: str, tmp_path: Path) -> None:
    whole = np.random.default_rng(3).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(whole).save(tmp_path / f"a{suffix}")
    data = (tmp_path / f"a{suffix}").read_bytes()
    (tmp_path / f"cut{suffix}").write_bytes(data[: len(data) // 3])
    with pytest.raises(FileError):
        read_image(tmp_path / f"cut{suffix}")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("turn", [1, 6])
def test_a_large_image_is_read_like_a_small_one(
    suffix: str, mode: str, turn: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large images are read by OpenCV, which needs less memory, others by Pillow."""
    from segstudio.formats import images

    shape = (600, 400, 3) if mode == "RGB" else (600, 400)
    smooth = np.add.outer(np.arange(600) // 5, np.arange(400) // 4).astype(np.uint8)
    pixels = np.stack([smooth, smooth // 2, 255 - smooth], axis=2) if mode == "RGB" else smooth
    assert pixels.shape == shape
    path = tmp_path / f"l{suffix}"
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(pixels).save(path, exif=exif, quality=95)
    small = read_image(path)
    monkeypatch.setattr(images, "_LARGE_PIXELS", 1000)
    large = read_image(path)
    assert large.shape == small.shape
    assert np.abs(large.astype(int) - small.astype(int)).max() <= (0 if suffix == ".png" else 3)


def test_an_image_too_large_for_the_free_memory_is_refused_with_both_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segstudio.formats import images

    path = tmp_path / "l.png"
    Image.fromarray(np.zeros((600, 400, 3), np.uint8)).save(path)
    monkeypatch.setattr(images, "_LARGE_PIXELS", 1000)
    monkeypatch.setattr(images, "available_bytes", lambda: 1_000_000)
    with pytest.raises(FileError, match=r"400 x 600 pixels and needs 0.0 GB, but 0.0 GB of memory are free"):
        read_image(path)
