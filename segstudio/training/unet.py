"""The classic U-Net (Ronneberger, Fischer, Brox 2015, arXiv 1505.04597), with BatchNorm and padding.

B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

BILINEAR: Final = "bilinear"
TRANSPOSED: Final = "transposed"


class DoubleConv(nn.Sequential):
    """Twice: 3x3 convolution, BatchNorm, ReLU; size is kept."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        layers: list[nn.Module] = []
        for channels in (in_channels, out_channels):
            layers += [
                nn.Conv2d(channels, out_channels, 3, padding=1, bias=False),
                nn.BatchNorm2d(out_channels),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


class Up(nn.Module):
    """Twice the size, padded to the skip's, concatenated with it, convolved."""

    def __init__(self, in_channels: int, out_channels: int, up: str) -> None:
        super().__init__()
        self.up: nn.Module
        if up == BILINEAR:
            self.up = nn.Sequential(
                nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
                nn.Conv2d(in_channels, out_channels, 1),
            )
        else:
            self.up = nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2)
        self.conv = DoubleConv(2 * out_channels, out_channels)

    def forward(self, deep_BCHW: Tensor, skip_BCHW: Tensor) -> Tensor:
        up_BCHW = self.up(deep_BCHW)
        rows = skip_BCHW.shape[2] - up_BCHW.shape[2]  # 1 where a pooled size was odd
        columns = skip_BCHW.shape[3] - up_BCHW.shape[3]
        if rows or columns:
            up_BCHW = functional.pad(up_BCHW, (0, columns, 0, rows), mode="replicate")
        out: Tensor = self.conv(torch.cat([skip_BCHW, up_BCHW], dim=1))
        return out


class UNet(nn.Module):
    """(B, in_channels, H, W) -> logits (B, num_classes, H, W), for any H, W >= 2**depth."""

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        width: int = 64,
        depth: int = 4,
        up: str = BILINEAR,
    ) -> None:
        super().__init__()
        if up not in (BILINEAR, TRANSPOSED):
            raise ValueError(f"up is {up!r}; it must be {BILINEAR!r} or {TRANSPOSED!r}")
        widths = [width * 2**level for level in range(depth + 1)]
        self.depth = depth
        self.stem = DoubleConv(in_channels, width)
        self.downs = nn.ModuleList(DoubleConv(a, b) for a, b in pairwise(widths))
        self.ups = nn.ModuleList(Up(b, a, up) for a, b in reversed(list(pairwise(widths))))
        self.head = nn.Conv2d(width, num_classes, 1)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        smallest = 2**self.depth
        if min(images_BCHW.shape[2:]) < smallest:
            raise ValueError(
                f"picture is {tuple(images_BCHW.shape[2:])}; a U-Net of depth {self.depth} needs at least "
                f"{smallest} x {smallest}, so pad it"
            )
        skips = [self.stem(images_BCHW)]
        for down in self.downs:
            skips.append(down(functional.max_pool2d(skips[-1], 2)))
        deep_BCHW = skips.pop()
        for up in self.ups:
            deep_BCHW = up(deep_BCHW, skips.pop())
        logits_BCHW: Tensor = self.head(deep_BCHW)
        return logits_BCHW
