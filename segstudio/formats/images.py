"""Images: any bit depth, palette, alpha and EXIF orientation, read once and the same way everywhere."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from segstudio.core.orientation import SWAPPED, turned_pixels
from segstudio.core.pyramid import rgb8
from segstudio.errors import FileError
from segstudio.formats.memory import available_bytes

Pixels = NDArray[Any]  # (H, W) or (H, W, C); uint8 or uint16

IMAGE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"})
TIFF_SUFFIXES: Final = frozenset({".tif", ".tiff"})
# What Pillow may try: others run programs (EPS) or read other files.
FORMATS: Final = ("JPEG", "PNG", "BMP", "DIB", "TIFF", "WEBP", "GIF", "PPM")
MAX_PIXELS: Final = 500_000_000

_LARGE: Final = 50_000_000  # pixels from which memory is looked at first
_HELD_TIMES: Final = 2.5  # times its decoded size, that an open image takes with labels and smaller copies
_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DECODER_ERRORS: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    RuntimeError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
_REMEDY: Final = "open it in an image viewer; if it fails there too, replace the file"
# Our own limit, checked on the header before any pixel is decoded; Pillow's would only warn.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def read_image(path: Path) -> Pixels:
    """The image as it is meant to be seen: (H, W) for gray, (H, W, C) otherwise, without alpha.

    8-bit stays uint8, 16-bit stays uint16; other depths are stretched to uint16 between their extremes.
    Raises FileError for a file that is missing, broken or larger than 500 megapixels.
    """
    with decoder_errors(path):
        return _read(path)


def image_size(path: Path) -> tuple[int, int]:
    """(height, width) from the header alone, with orientation applied. Raises FileError."""
    with decoder_errors(path):
        if path.suffix.lower() in TIFF_SUFFIXES:
            return _tiff_size(path)
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            _check_size(path, width, height)
            turned = _turn_of(image) in SWAPPED
            return (width, height) if turned else (height, width)


def read_thumbnail(path: Path, side_px: int) -> NDArray[np.uint8]:
    """(h, w, 3) RGB with its longer side at most `side_px`, decoded at reduced size where the format can."""
    with decoder_errors(path):
        if path.suffix.lower() in TIFF_SUFFIXES:
            image = Image.fromarray(rgb8(_read(path)))
        else:
            with Image.open(path, formats=FORMATS) as opened:
                _check_size(path, *opened.size)
                opened.draft("RGB", (side_px * 2, side_px * 2))
                image = Image.fromarray(rgb8(_pixels(_upright(opened))))
        image.thumbnail((side_px, side_px))
        return np.asarray(image)


@contextlib.contextmanager
def decoder_errors(path: Path) -> Iterator[None]:
    """Whatever a decoder raises becomes a FileError; its warnings on foreign metadata are not the user's trouble."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except FileNotFoundError as error:
        raise FileError(path, "there is no such file", "put it back or remove the entry") from error
    except MemoryError as error:
        raise FileError(path, "is too large for the memory left", "close programs or cut it in parts") from error
    except _DECODER_ERRORS as error:
        raise FileError(path, f"cannot be read as an image ({_short(error)})", _REMEDY) from error


def is_plain_jpeg(path: Path) -> bool:
    """Whether the file can stand for the image anywhere: a JPEG in RGB or gray that is stored upright."""
    return path.suffix.lower() in (".jpg", ".jpeg") and _stored_as(path, ("JPEG",))


def orientation(path: Path) -> int:
    """1 to 8, as a JPEG's or PNG's EXIF has it; 1 for all others. Raises FileError."""
    with decoder_errors(path), Image.open(path, formats=FORMATS) as image:
        return _turn_of(image) if image.format in ("JPEG", "PNG", "MPO", "WEBP") else 1


def is_upright(path: Path) -> bool:
    """Whether the file's rows are the image's: JPEG, PNG or TIFF that no orientation turns."""
    if path.suffix.lower() in TIFF_SUFFIXES:
        with decoder_errors(path), tifffile.TiffFile(path) as file:
            orientation = file.pages[0].aspage().tags.get("Orientation")
            return orientation is None or int(orientation.value) == 1
    return _stored_as(path, ("JPEG", "PNG"))


def _stored_as(path: Path, formats: tuple[str, ...]) -> bool:
    with decoder_errors(path), Image.open(path, formats=FORMATS) as image:
        plain = image.mode in ("RGB", "L") or (image.format == "PNG" and image.mode != "P")
        return image.format in formats and plain and _turn_of(image) == 1


def encode_jpeg(pixels: Pixels, quality: int = 95) -> bytes:
    """By OpenCV, which has Pillow's encoder and lets other threads run meanwhile."""
    bgr = cv2.cvtColor(rgb8(pixels), cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())


def encode_png(pixels: Pixels) -> bytes:
    """(H, W) or (H, W, 3), uint8 or uint16, without loss; of more bands the first three."""
    if pixels.ndim == 3 and pixels.shape[2] != 3:
        pixels = np.ascontiguousarray(pixels[:, :, :3]) if pixels.shape[2] > 3 else pixels[:, :, 0]
    if pixels.ndim == 3 and pixels.dtype == np.uint16:  # which Pillow cannot write
        return bytes(cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes())
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _turn_of(image: Image.Image) -> int:
    """EXIF orientation 1 to 8, from what stands before the pixels: Pillow would decode a whole PNG to look behind."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    turn = image.getexif().get(_ORIENTATION, 1)
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


def _upright(image: Image.Image) -> Image.Image:
    method = _TURNS.get(_turn_of(image))
    return image if method is None else image.transpose(method)


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS or width < 1 or height < 1:
        raise FileError(
            path,
            f"says it is {width} x {height} pixels",
            f"images of 1 to {MAX_PIXELS // 1_000_000} megapixels can be opened",
        )


def _check_memory(path: Path, width: int, height: int) -> None:
    """A large image is refused before it is decoded if it cannot be held, worked on and shown."""
    needed = int(width * height * 3 * _HELD_TIMES)
    if width * height > _LARGE and needed > (free := available_bytes()):
        raise FileError(
            path,
            f"is {width} x {height} pixels and needs {needed / 1e9:.1f} GB, but {free / 1e9:.1f} GB of memory are free",
            "close programs or cut it in parts",
        )


def _pixels(image: Image.Image) -> Pixels:
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if image.mode in ("I", "F"):
        return _as_uint16(np.asarray(image))
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    if image.mode == "LA":
        return np.asarray(image.getchannel("L"))
    return np.asarray(image.convert("RGB"))  # palette, CMYK, YCbCr, RGBA: labelme shows these as RGB too


def _read(path: Path) -> Pixels:
    """TIFF by tifffile, which knows depth and bands; by Pillow where that lacks a codec, and all the rest."""
    if path.suffix.lower() in TIFF_SUFFIXES:
        try:
            return _read_tiff(path)
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
    with Image.open(path, formats=FORMATS) as image:
        _check_size(path, *image.size)
        _check_memory(path, *image.size)
        if image.size[0] * image.size[1] > _LARGE and image.format in ("JPEG", "PNG") and image.mode in ("RGB", "L"):
            return _read_large(path, image)
        return _pixels(image if path.suffix.lower() in TIFF_SUFFIXES else _upright(image))


def _read_large(path: Path, image: Image.Image) -> Pixels:
    """By OpenCV, which holds the pixels once where Pillow holds them three times."""
    flag = cv2.IMREAD_GRAYSCALE if image.mode == "L" else cv2.IMREAD_COLOR
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise FileError(path, "cannot be read as an image", _REMEDY)
    if pixels.ndim == 3:
        for top in range(0, len(pixels), 256):  # in place, so that no second copy is held
            pixels[top : top + 256] = pixels[top : top + 256, :, ::-1].copy()
    return np.ascontiguousarray(turned_pixels(pixels, _turn_of(image)))


def _tiff_size(path: Path) -> tuple[int, int]:
    with tifffile.TiffFile(path) as file:
        if not file.pages:
            raise FileError(path, "holds no image", _REMEDY)
        page = file.pages[0].aspage()
        orientation = page.tags.get("Orientation")
        turned = orientation is not None and int(orientation.value) in SWAPPED
        size = (page.imagelength, page.imagewidth)
        _check_size(path, *size)
        return size[::-1] if turned else size


def _read_tiff(path: Path) -> Pixels:
    with tifffile.TiffFile(path) as file:
        if not file.pages:
            raise FileError(path, "holds no image", _REMEDY)
        page = file.pages[0].aspage()
        shape = page.shape
        if len(shape) not in (2, 3):
            raise FileError(path, f"has {len(shape)} axes {shape}", "save one plane a file")
        planar = len(shape) == 3 and shape[0] < min(shape[1:])
        height, width = shape[1:] if planar else shape[:2]
        _check_size(path, width, height)
        _check_memory(path, width, height)
        pixels = page.asarray()
        orientation = page.tags.get("Orientation")
        turn = int(orientation.value) if orientation else 1
        palette = getattr(page, "colormap", None)
        alpha = any(int(sample) in (1, 2) for sample in page.extrasamples)
        inverted = int(page.photometric) == 0 and np.issubdtype(pixels.dtype, np.unsignedinteger)
    if palette is not None and pixels.ndim == 2:
        pixels = (palette[:, pixels] >> 8).astype(np.uint8).transpose(1, 2, 0)
    elif planar:
        pixels = np.moveaxis(pixels, 0, 2)
    pixels = turned_pixels(pixels, turn)
    if alpha and pixels.ndim == 3 and pixels.shape[2] > 1:
        pixels = pixels[:, :, :-1]
    if inverted:
        pixels = np.iinfo(pixels.dtype).max - pixels
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    return np.ascontiguousarray(pixels if pixels.dtype in (np.uint8, np.uint16) else _as_uint16(pixels))


def _as_uint16(pixels: Pixels) -> NDArray[np.uint16]:
    whole = np.issubdtype(pixels.dtype, np.integer)
    if whole and pixels.size and int(pixels.min()) >= 0 and int(pixels.max()) < 65536:
        return pixels.astype(np.uint16)
    return _stretched(pixels, 65535).astype(np.uint16)


def _stretched(pixels: Pixels, top: int) -> NDArray[np.float32]:
    """Between the smallest and the largest finite value, to 0..top."""
    values = pixels.astype(np.float32)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    scaled = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) * (top / max(high - low, 1e-12))
    return np.clip(scaled, 0, top)


def _short(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:160]
