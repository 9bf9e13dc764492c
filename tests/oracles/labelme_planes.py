"""Run as a program: labelme's own class and instance planes for annotation files.

Usage: labelme_planes.py LABELS_TXT OUT_FOLDER JSON...   (writes STEM.npz with `cls` and `ins`)
It follows labelme's examples: `__ignore__` is -1, and its pixels belong to no instance.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from labelme.utils import img_b64_to_arr
from labelme.utils.shape import shapes_to_label


def main(labels: Path, out: Path, files: list[Path]) -> None:
    names = [line.strip() for line in labels.read_text("utf-8").splitlines() if line.strip()]
    values = {name: index - 1 for index, name in enumerate(names)}
    for path in files:
        data = json.loads(path.read_text("utf-8"))
        for shape in data["shapes"]:
            if shape.get("mask"):
                shape["mask"] = img_b64_to_arr(shape["mask"]).astype(bool)
        size = (data["imageHeight"], data["imageWidth"])
        cls, ins = shapes_to_label(size, data["shapes"], values)
        ins[cls == -1] = 0
        np.savez(out / f"{path.stem}.npz", cls=cls, ins=ins)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
