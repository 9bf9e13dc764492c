"""Reading and encoding images: any bit depth, palette, alpha and EXIF orientation, the same way everywhere."""

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

from segstudio.core.orientation import SWAPPED, orient_pixels
from segstudio.core.pyramid import to_rgb8
from segstudio.errors import FileError
from segstudio.formats.memory import available_bytes

Pixels = NDArray[Any]  # (H, W) or (H, W, C); uint8 or uint16

IMAGE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm"})
TIFF_SUFFIXES: Final = frozenset({".tif", ".tiff"})
# What Pillow may try: its other decoders run programs (EPS) or open further files.
FORMATS: Final = ("JPEG", "PNG", "BMP", "DIB", "TIFF", "WEBP", "GIF", "PPM")
MAX_PIXELS: Final = 500_000_000

_LARGE_PIXELS: Final = 50_000_000  # free memory is checked before a larger image is decoded
_MEMORY_FACTOR: Final = 2.5  # memory of an open image with labels and image pyramid, times its decoded size
_ORIENTATION_TAG: Final = 0x0112
_TRANSPOSES: Final = {
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
_MEMORY_REMEDY: Final = "close other programs or crop the image into parts"
# Our own limit is checked on the header before any pixel is decoded; Pillow's limit alone would only warn.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def read_image(path: Path) -> Pixels:
    """The image with orientation applied: (H, W) for gray, (H, W, C) otherwise, without alpha.

    8-bit stays uint8, 16-bit stays uint16; other depths are stretched to uint16 between their extremes.
    Raises FileError for a file that is missing, broken or larger than 500 megapixels.
    """
    with translate_decoder_errors(path):
        return _read(path)


def image_size(path: Path) -> tuple[int, int]:
    """(height, width) from the header alone, with orientation applied. Raises FileError."""
    with translate_decoder_errors(path):
        if path.suffix.lower() in TIFF_SUFFIXES:
            return _read_tiff_size(path)
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            _check_size(path, width, height)
            return (width, height) if _read_orientation(image) in SWAPPED else (height, width)


def read_thumbnail(path: Path, side_px: int) -> NDArray[np.uint8]:
    """(h, w, 3) RGB with its longer side at most `side_px`, decoded at reduced size where the format can."""
    with translate_decoder_errors(path):
        if path.suffix.lower() in TIFF_SUFFIXES:
            image = Image.fromarray(to_rgb8(_read(path)))
        else:
            with Image.open(path, formats=FORMATS) as opened:
                _check_size(path, *opened.size)
                opened.draft("RGB", (side_px * 2, side_px * 2))
                image = Image.fromarray(to_rgb8(_convert(_apply_orientation(opened))))
        image.thumbnail((side_px, side_px))
        return np.asarray(image)


@contextlib.contextmanager
def translate_decoder_errors(path: Path) -> Iterator[None]:
    """Raises FileError for whatever a decoder raises; hides decoders' warnings about metadata."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except FileNotFoundError as error:
        raise FileError(path, "there is no such file", "put it back or remove the entry") from error
    except MemoryError as error:
        raise FileError(path, "is too large for the free memory", _MEMORY_REMEDY) from error
    except _DECODER_ERRORS as error:
        raise FileError(path, f"cannot be read as an image ({_describe(error)})", _REMEDY) from error


def is_plain_jpeg(path: Path) -> bool:
    """True for a JPEG in RGB or gray that is stored upright, so that every program shows it alike."""
    return path.suffix.lower() in (".jpg", ".jpeg") and _is_stored_as(path, ("JPEG",))


def image_orientation(path: Path) -> int:
    """EXIF orientation 1 to 8 of a JPEG, PNG or WebP; 1 for all others. Raises FileError."""
    with translate_decoder_errors(path), Image.open(path, formats=FORMATS) as image:
        return _read_orientation(image) if image.format in ("JPEG", "PNG", "MPO", "WEBP") else 1


def is_upright(path: Path) -> bool:
    """True for a JPEG in RGB or gray, a PNG without palette or a TIFF, if it is stored upright."""
    if path.suffix.lower() in TIFF_SUFFIXES:
        with translate_decoder_errors(path), tifffile.TiffFile(path) as file:
            return _read_tiff_orientation(file.pages[0].aspage()) == 1
    return _is_stored_as(path, ("JPEG", "PNG"))


def _is_stored_as(path: Path, formats: tuple[str, ...]) -> bool:
    with translate_decoder_errors(path), Image.open(path, formats=FORMATS) as image:
        plain = image.mode in ("RGB", "L") or (image.format == "PNG" and image.mode != "P")
        return image.format in formats and plain and _read_orientation(image) == 1


def encode_jpeg(pixels: Pixels, quality: int = 95) -> bytes:
    """Encoded by OpenCV, which uses the same encoder as Pillow and releases the GIL."""
    bgr = cv2.cvtColor(to_rgb8(pixels), cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())


def encode_png(pixels: Pixels) -> bytes:
    """(H, W) or (H, W, C), uint8 or uint16, lossless; of more than three bands the first three are written."""
    if pixels.ndim == 3 and pixels.shape[2] != 3:
        pixels = np.ascontiguousarray(pixels[:, :, :3]) if pixels.shape[2] > 3 else pixels[:, :, 0]
    if pixels.ndim == 3 and pixels.dtype == np.uint16:  # Pillow cannot write 16-bit RGB
        return bytes(cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes())
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _read_orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8, from metadata before the pixels: Pillow would decode a whole PNG to look after them."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _apply_orientation(image: Image.Image) -> Image.Image:
    method = _TRANSPOSES.get(_read_orientation(image))
    return image if method is None else image.transpose(method)


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS or width < 1 or height < 1:
        raise FileError(
            path,
            f"has a header for {width} x {height} pixels",
            f"images of 1 to {MAX_PIXELS // 1_000_000} megapixels can be opened",
        )


def _check_memory(path: Path, width: int, height: int) -> None:
    """Raises FileError before a large image is decoded that would not fit into free memory while open."""
    needed = int(width * height * 3 * _MEMORY_FACTOR)
    if width * height > _LARGE_PIXELS and needed > (free := available_bytes()):
        raise FileError(
            path,
            f"is {width} x {height} pixels and needs {needed / 1e9:.1f} GB, but {free / 1e9:.1f} GB of memory are free",
            _MEMORY_REMEDY,
        )


def _convert(image: Image.Image) -> Pixels:
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if image.mode in ("I", "F"):
        return _to_uint16(np.asarray(image))
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    if image.mode == "LA":
        return np.asarray(image.getchannel("L"))
    return np.asarray(image.convert("RGB"))  # palette, CMYK, YCbCr, RGBA: labelme shows these as RGB too


def _read(path: Path) -> Pixels:
    """TIFF by tifffile, for its bit depths and bands; everything else by Pillow, also TIFF whose codec is missing."""
    if path.suffix.lower() in TIFF_SUFFIXES:
        try:
            return _read_tiff(path)
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
    with Image.open(path, formats=FORMATS) as image:
        width, height = image.size
        _check_size(path, width, height)
        _check_memory(path, width, height)
        if width * height > _LARGE_PIXELS and image.format in ("JPEG", "PNG") and image.mode in ("RGB", "L"):
            return _read_large(path, image)
        return _convert(image if path.suffix.lower() in TIFF_SUFFIXES else _apply_orientation(image))


def _read_large(path: Path, image: Image.Image) -> Pixels:
    """Read by OpenCV, which needs memory for one copy of the pixels; Pillow needs three."""
    flag = cv2.IMREAD_GRAYSCALE if image.mode == "L" else cv2.IMREAD_COLOR
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise FileError(path, "cannot be read as an image", _REMEDY)
    if pixels.ndim == 3:
        for top in range(0, len(pixels), 256):  # BGR to RGB in place, without a second copy
            pixels[top : top + 256] = pixels[top : top + 256, :, ::-1].copy()
    return np.ascontiguousarray(orient_pixels(pixels, _read_orientation(image)))


def _first_page(path: Path, file: tifffile.TiffFile) -> tifffile.TiffPage:
    if not file.pages:
        raise FileError(path, "has no image", _REMEDY)
    return file.pages[0].aspage()


def _read_tiff_orientation(page: tifffile.TiffPage) -> int:
    tag = page.tags.get("Orientation")
    return 1 if tag is None else int(tag.value)


def _read_tiff_size(path: Path) -> tuple[int, int]:
    with tifffile.TiffFile(path) as file:
        page = _first_page(path, file)
        swapped = _read_tiff_orientation(page) in SWAPPED
        size = (page.imagelength, page.imagewidth)
        _check_size(path, *size)
        return size[::-1] if swapped else size


def _read_tiff(path: Path) -> Pixels:
    with tifffile.TiffFile(path) as file:
        page = _first_page(path, file)
        shape = page.shape
        if len(shape) not in (2, 3):
            raise FileError(path, f"has {len(shape)} axes {shape}", "save one plane per file")
        planar = len(shape) == 3 and shape[0] < min(shape[1:])
        height, width = shape[1:] if planar else shape[:2]
        _check_size(path, width, height)
        _check_memory(path, width, height)
        pixels = page.asarray()
        orientation = _read_tiff_orientation(page)
        palette = getattr(page, "colormap", None)
        alpha = any(int(sample) in (1, 2) for sample in page.extrasamples)
        inverted = int(page.photometric) == 0 and np.issubdtype(pixels.dtype, np.unsignedinteger)
    if palette is not None and pixels.ndim == 2:
        pixels = (palette[:, pixels] >> 8).astype(np.uint8).transpose(1, 2, 0)
    elif planar:
        pixels = np.moveaxis(pixels, 0, 2)
    pixels = orient_pixels(pixels, orientation)
    if alpha and pixels.ndim == 3 and pixels.shape[2] > 1:
        pixels = pixels[:, :, :-1]
    if inverted:
        pixels = np.iinfo(pixels.dtype).max - pixels
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    return np.ascontiguousarray(pixels if pixels.dtype in (np.uint8, np.uint16) else _to_uint16(pixels))


def _to_uint16(pixels: Pixels) -> NDArray[np.uint16]:
    integral = np.issubdtype(pixels.dtype, np.integer)
    if integral and pixels.size and int(pixels.min()) >= 0 and int(pixels.max()) < 65536:
        return pixels.astype(np.uint16)
    return _stretch(pixels, 65535).astype(np.uint16)


def _stretch(pixels: Pixels, top: int) -> NDArray[np.float32]:
    """From the smallest and largest finite value to 0..top."""
    values = pixels.astype(np.float32)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    scaled = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) * (top / max(high - low, 1e-12))
    return np.clip(scaled, 0, top)


def _describe(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:160]
