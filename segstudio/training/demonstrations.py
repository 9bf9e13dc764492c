"""What the notes behind the program teach, run before one's eyes (`segstudio notes`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from segstudio.core.convolution import convolution, transposed_convolution

_STEPS = 60


def demonstrations() -> Iterator[str]:
    """A line each."""
    right, wrong = losses_of_permute_and_reshape()
    yield f"(B, K, H, W) logits moved to (pixels, K) with permute: the loss falls to {right:.3f}"
    yield f"the same with a reshape that only makes the sizes fit: it stays at {wrong:.3f}, for classes are scrambled"
    yield f"convolution written out in numpy differs from torch's by {_convolution_difference():.1e} at most"
    yield f"transposed convolution written out in numpy differs from torch's by {_transposed_difference():.1e} at most"


def losses_of_permute_and_reshape(steps: int = _STEPS) -> tuple[float, float]:
    """Last losses of one small net that learns a square, with the class axis moved rightly and wrongly."""
    return _learnt(right_rows, steps), _learnt(wrong_rows, steps)


def right_rows(logits_BKHW: Tensor) -> Tensor:
    """(B, K, H, W) -> (B H W, K): a row is the K numbers of one pixel."""
    return logits_BKHW.permute(0, 2, 3, 1).reshape(-1, logits_BKHW.shape[1])


def wrong_rows(logits_BKHW: Tensor) -> Tensor:
    """The same shape, but a row is K neighbouring pixels of one class."""
    return logits_BKHW.reshape(-1, logits_BKHW.shape[1])


def _learnt(rows: Callable[[Tensor], Tensor], steps: int) -> float:
    torch.manual_seed(0)
    labels_BHW = torch.zeros(1, 32, 32, dtype=torch.long)
    labels_BHW[:, 8:24, 4:20] = 1
    images_BCHW = labels_BHW[:, None].float() + 0.1 * torch.randn(1, 1, 32, 32)
    net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 1))
    optimiser = torch.optim.Adam(net.parameters(), 0.02)
    loss = torch.zeros(())
    for _ in range(steps):
        loss = functional.cross_entropy(rows(net(images_BCHW)), labels_BHW.reshape(-1))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return float(loss.detach())


def _convolution_difference() -> float:
    rng = np.random.default_rng(0)
    images, kernels = rng.normal(size=(3, 20, 17)), rng.normal(size=(4, 3, 3, 3))
    truth = functional.conv2d(torch.from_numpy(images)[None], torch.from_numpy(kernels), stride=2, padding=1)[0]
    return float(np.abs(convolution(images, kernels, 2, 1) - truth.numpy()).max())


def _transposed_difference() -> float:
    rng = np.random.default_rng(0)
    images, kernels = rng.normal(size=(3, 9, 7)), rng.normal(size=(3, 4, 2, 2))
    truth = functional.conv_transpose2d(torch.from_numpy(images)[None], torch.from_numpy(kernels), stride=2)[0]
    return float(np.abs(transposed_convolution(images, kernels, 2) - truth.numpy()).max())
