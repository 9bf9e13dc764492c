"""Demonstrations for `segstudio notes`: permute against reshape, and what convolution layers compute.

Arrays: B batch, C input channels, D output channels, K classes, H rows, W columns, k side of a kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

Planes = NDArray[np.float64]

_STEPS: Final = 60


def run_demonstrations() -> Iterator[str]:
    """Yield one line of result per demonstration."""
    right, wrong = compare_permute_and_reshape()
    yield f"(B, K, H, W) logits moved to (pixels, K) with permute: the loss falls to {right:.3f}"
    yield f"the same with a reshape that only makes the sizes fit: it stays at {wrong:.3f}, for classes are scrambled"
    yield f"convolution in numpy differs from torch's by {_compare_convolution():.1e} at most"
    yield f"transposed convolution in numpy differs from torch's by {_compare_transposed_convolution():.1e} at most"


def compare_permute_and_reshape(steps: int = _STEPS) -> tuple[float, float]:
    """Final losses of a small network trained on a square, with the class axis moved correctly and incorrectly."""
    return _train(permute_to_rows, steps), _train(reshape_to_rows, steps)


def permute_to_rows(logits_BKHW: Tensor) -> Tensor:
    """(B, K, H, W) -> (B H W, K): a row is the K logits of one pixel."""
    return logits_BKHW.permute(0, 2, 3, 1).reshape(-1, logits_BKHW.shape[1])


def reshape_to_rows(logits_BKHW: Tensor) -> Tensor:
    """The same shape, but wrong: a row is K neighbouring pixels of one class."""
    return logits_BKHW.reshape(-1, logits_BKHW.shape[1])


def _train(to_rows: Callable[[Tensor], Tensor], steps: int) -> float:
    torch.manual_seed(0)
    labels_BHW = torch.zeros(1, 32, 32, dtype=torch.long)
    labels_BHW[:, 8:24, 4:20] = 1
    images_BCHW = labels_BHW[:, None].float() + 0.1 * torch.randn(1, 1, 32, 32)
    net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 1))
    optimiser = torch.optim.Adam(net.parameters(), 0.02)
    loss = torch.zeros(())
    for _ in range(steps):
        loss = functional.cross_entropy(to_rows(net(images_BCHW)), labels_BHW.reshape(-1))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return float(loss.detach())


def convolve(images_CHW: Planes, kernels_DCkk: Planes, stride: int = 1, padding: int = 0) -> Planes:
    """(C, H, W) and (D, C, k, k) -> (D, H', W') with H' = (H + 2 padding - k) // stride + 1; as torch's conv2d.

    Each output pixel is the sum of products of a kernel and the window at its place (a cross-correlation: the
    kernel is not flipped).
    """
    side = kernels_DCkk.shape[2]
    padded_CHW = np.pad(images_CHW, ((0, 0), (padding, padding), (padding, padding)))
    windows_CHWkk = np.lib.stride_tricks.sliding_window_view(padded_CHW, (side, side), axis=(1, 2))
    return np.einsum("chwij,dcij->dhw", windows_CHWkk[:, ::stride, ::stride], kernels_DCkk)


def convolve_transposed(images_CHW: Planes, kernels_CDkk: Planes, stride: int = 1, padding: int = 0) -> Planes:
    """(C, H, W) and (C, D, k, k) -> (D, H', W') with H' = (H - 1) stride - 2 padding + k; as torch's conv_transpose2d.

    Each input pixel adds the kernel, multiplied by its value, at a distance of `stride` pixels from the one before.
    This is what a convolution with these kernels does to gradients.
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


def _compare_convolution() -> float:
    rng = np.random.default_rng(0)
    images, kernels = rng.normal(size=(3, 20, 17)), rng.normal(size=(4, 3, 3, 3))
    expected = functional.conv2d(torch.from_numpy(images)[None], torch.from_numpy(kernels), stride=2, padding=1)[0]
    return float(np.abs(convolve(images, kernels, 2, 1) - expected.numpy()).max())


def _compare_transposed_convolution() -> float:
    rng = np.random.default_rng(0)
    images, kernels = rng.normal(size=(3, 9, 7)), rng.normal(size=(3, 4, 2, 2))
    expected = functional.conv_transpose2d(torch.from_numpy(images)[None], torch.from_numpy(kernels), stride=2)[0]
    return float(np.abs(convolve_transposed(images, kernels, 2) - expected.numpy()).max())
