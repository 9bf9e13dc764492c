"""A model with EfficientSAM's inputs and outputs in a few hundred bytes of ONNX.

Its mask is the bright pixels where the last prompt is positive, and the dark pixels where it is negative.
"""

from __future__ import annotations

import struct
from pathlib import Path

FLOAT, INT64 = 1, 7


def _varint(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while True:
        byte, value = value & 0x7F, value >> 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _int(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(raw)) + raw


def _value(name: str, kind: int, rank: int) -> bytes:
    """A ValueInfoProto with only dynamic dimensions."""
    shape = b"".join(_bytes(1, _bytes(2, f"{name}_{axis}")) for axis in range(rank))
    tensor = _int(1, kind) + _bytes(2, shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


def _constant(name: str, kind: int, values: list[float] | list[int]) -> bytes:
    raw = struct.pack(f"<{len(values)}{'f' if kind == FLOAT else 'q'}", *values)
    return _int(1, len(values)) + _int(2, kind) + _bytes(8, name) + _bytes(9, raw)


def _attribute(name: str, value: int | list[int]) -> bytes:
    if isinstance(value, int):
        return _bytes(1, name) + _int(3, value) + _int(20, 2)
    return _bytes(1, name) + b"".join(_int(8, each) for each in value) + _int(20, 7)


def _node(kind: str, inputs: list[str], outputs: list[str], **attributes: int | list[int]) -> bytes:
    body = b"".join(_bytes(1, name) for name in inputs) + b"".join(_bytes(2, name) for name in outputs)
    body += _bytes(3, "_".join(outputs)) + _bytes(4, kind)
    return body + b"".join(_bytes(5, _attribute(name, value)) for name, value in attributes.items())


def _model(nodes: list[bytes], constants: list[bytes], inputs: list[bytes], outputs: list[bytes]) -> bytes:
    graph = b"".join(_bytes(1, node) for node in nodes) + _bytes(2, "tiny")
    graph += b"".join(_bytes(5, each) for each in constants)
    graph += b"".join(_bytes(11, each) for each in inputs) + b"".join(_bytes(12, each) for each in outputs)
    return _int(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, "") + _int(2, 13))


def encoder() -> bytes:
    """The embedding is the mean of the channels, (1, 1, H, W)."""
    node = _node("ReduceMean", ["batched_images"], ["embedding"], axes=[1], keepdims=1)
    return _model([node], [], [_value("batched_images", FLOAT, 4)], [_value("embedding", FLOAT, 4)])


def decoder() -> bytes:
    """masks (1, 1, 1, H, W) = (embedding - 0.5) * (2 * last label - 1), corners of boxes counting as positive."""
    nodes = [
        _node("Sub", ["image_embeddings", "half"], ["centred"]),
        _node("Unsqueeze", ["centred", "axis"], ["raised"]),
        _node("Gather", ["batched_point_labels", "last"], ["label"], axis=2),
        _node("Clip", ["label", "zero", "one"], ["clipped"]),
        _node("Mul", ["clipped", "two"], ["doubled"]),
        _node("Sub", ["doubled", "one"], ["sign"]),
        _node("Reshape", ["sign", "flat"], ["factor"]),
        _node("Mul", ["raised", "factor"], ["masks"]),
        _node("ReduceMean", ["batched_point_coords"], ["iou"], axes=[3], keepdims=0),
        _node("Cast", ["orig_im_size"], ["low"], to=FLOAT),
    ]
    constants = [
        _constant("half", FLOAT, [0.5]),
        _constant("two", FLOAT, [2.0]),
        _constant("axis", INT64, [1]),
        _constant("last", INT64, [-1]),
        _constant("flat", INT64, [1]),
        _int(2, FLOAT) + _bytes(8, "zero") + _bytes(9, struct.pack("<f", 0.0)),
        _int(2, FLOAT) + _bytes(8, "one") + _bytes(9, struct.pack("<f", 1.0)),
    ]
    inputs = [
        _value("image_embeddings", FLOAT, 4),
        _value("batched_point_coords", FLOAT, 4),
        _value("batched_point_labels", FLOAT, 3),
        _value("orig_im_size", INT64, 1),
    ]
    outputs = [_value("masks", FLOAT, 5), _value("iou", FLOAT, 3), _value("low", FLOAT, 1)]
    return _model(nodes, constants, inputs, outputs)


def install(home: Path, name: str = "efficientsam:10m") -> None:
    """Write the model where osam expects the weights of `name`, one of EfficientSAM's."""
    from segstudio.assist.weights import list_weight_files

    for file, content in zip(list_weight_files(name), (encoder(), decoder()), strict=True):
        assert home in file.path.parents, "HOME must be the test's own"
        file.path.parent.mkdir(parents=True, exist_ok=True)
        file.path.write_bytes(content)
