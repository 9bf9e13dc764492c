"""Convolution and its transpose written out in numpy, to show what a network's layers compute.

Both equal torch's `conv2d` and `conv_transpose2d`. C channels in, D channels out, k the kernel's side.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.float64]


def convolution(images_CHW: Planes, kernels_DCkk: Planes, stride: int = 1, padding: int = 0) -> Planes:
    """(C, H, W) and (D, C, k, k) -> (D, H', W') with H' = (H + 2 padding - k) // stride + 1.

    Each output pixel is the sum of products of a kernel and the window below it (a correlation: the kernel is
    not turned round).
    """
    side = kernels_DCkk.shape[2]
    padded_CHW = np.pad(images_CHW, ((0, 0), (padding, padding), (padding, padding)))
    windows_CHWkk = np.lib.stride_tricks.sliding_window_view(padded_CHW, (side, side), axis=(1, 2))
    return np.einsum("chwij,dcij->dhw", windows_CHWkk[:, ::stride, ::stride], kernels_DCkk)


def transposed_convolution(images_CHW: Planes, kernels_CDkk: Planes, stride: int = 1, padding: int = 0) -> Planes:
    """(C, H, W) and (C, D, k, k) -> (D, H', W') with H' = (H - 1) stride - 2 padding + k.

    Each input pixel lays down the kernel, multiplied by its value, `stride` pixels from the one before; where
    kernels overlap they are added. It is what a convolution with these kernels does to gradients.
    """
    _, height, width = images_CHW.shape
    side = kernels_CDkk.shape[2]
    out = np.zeros((kernels_CDkk.shape[1], (height - 1) * stride + side, (width - 1) * stride + side))
    for i in range(side):
        for j in range(side):
            rows = slice(i, i + (height - 1) * stride + 1, stride)
            columns = slice(j, j + (width - 1) * stride + 1, stride)
            out[:, rows, columns] += np.einsum("chw,cd->dhw", images_CHW, kernels_CDkk[:, :, i, j])
    return out[:, padding : out.shape[1] - padding, padding : out.shape[2] - padding]
