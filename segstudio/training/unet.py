"""The U-Net family: one network, its choices, and the names under which people know them.

After Ronneberger, Fischer, Brox 2015 (arXiv 1505.04597), with BatchNorm and padding; unpooling by remembered
maxima is SegNet's (Badrinarayanan, Kendall, Cipolla 2015, arXiv 1511.00561).
B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from segstudio.training.choices import BATCH, BILINEAR, CONCAT, NORMS, SKIPS, TRANSPOSED, UNPOOL, UPS

_GROUPS = 8


class DoubleConv(nn.Sequential):
    """Twice: 3x3 convolution, normalisation, ReLU; size is kept. (B, in, H, W) -> (B, out, H, W)."""

    def __init__(self, in_channels: int, out_channels: int, norm: str = BATCH, middle: int = 0) -> None:
        layers: list[nn.Module] = []
        between = middle or out_channels
        for channels, out in ((in_channels, between), (between, out_channels)):
            layers += [nn.Conv2d(channels, out, 3, padding=1, bias=False), _norm(norm, out), nn.ReLU(inplace=True)]
        super().__init__(*layers)


def _norm(norm: str, channels: int) -> nn.Module:
    """Batch statistics, or those of groups of channels, which do not depend on the batch's size."""
    return nn.BatchNorm2d(channels) if norm == BATCH else nn.GroupNorm(math.gcd(_GROUPS, channels), channels)


class Up(nn.Module):
    """Twice the size, padded to the skip's, joined with it, convolved.

    `deep` channels come from below, `skip` from beside, `out` leave. A transposed convolution brings `deep` down
    to `skip`; the other two ways have no weights and need `deep == skip`.
    """

    def __init__(self, channels: tuple[int, int, int], up: str, skips: str, norm: str) -> None:
        super().__init__()
        deep, skip, out = channels
        if up != TRANSPOSED and deep != skip:
            raise ValueError(f"{up} needs as many channels from below ({deep}) as from beside ({skip})")
        self.up: nn.Module = nn.Identity()
        if up == TRANSPOSED:
            self.up = nn.ConvTranspose2d(deep, skip, 2, stride=2)
        elif up == BILINEAR:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self._unpool = up == UNPOOL
        self._concat = skips == CONCAT
        self.conv = DoubleConv(2 * skip if self._concat else skip, out, norm, skip)

    def forward(self, deep_BCHW: Tensor, skip_BCHW: Tensor, where_BCHW: Tensor | None) -> Tensor:
        """`where_BCHW` are the positions of the maxima that pooling took, for unpooling alone."""
        if self._unpool:
            assert where_BCHW is not None
            up_BCHW = functional.max_unpool2d(deep_BCHW, where_BCHW, [2, 2], output_size=skip_BCHW.shape[2:])
        else:
            up_BCHW = _padded_to(self.up(deep_BCHW), skip_BCHW)
        joined_BCHW = torch.cat([skip_BCHW, up_BCHW], dim=1) if self._concat else skip_BCHW + up_BCHW
        out: Tensor = self.conv(joined_BCHW)
        return out


def _padded_to(up_BCHW: Tensor, skip_BCHW: Tensor) -> Tensor:
    """Edge rows and columns repeated where a pooled size was odd."""
    rows, columns = skip_BCHW.shape[2] - up_BCHW.shape[2], skip_BCHW.shape[3] - up_BCHW.shape[3]
    if rows or columns:
        return functional.pad(up_BCHW, (0, columns, 0, rows), mode="replicate")
    return up_BCHW


@dataclass(frozen=True)
class Design:
    """Channels of the first level, how often the size is halved, and how it is built; see `choices`."""

    width: int = 64
    depth: int = 4
    up: str = TRANSPOSED
    skips: str = CONCAT
    norm: str = BATCH
    deep_supervision: bool = False

    def __post_init__(self) -> None:
        for name, value, known in (("up", self.up, UPS), ("skips", self.skips, SKIPS), ("norm", self.norm, NORMS)):
            if value not in known:
                raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(known)}")


_CLASSIC = Design()


class UNet(nn.Module):
    """(B, in_channels, H, W) -> logits (B, outputs, H, W), for any H, W >= 2**depth.

    `outputs` is what the head needs: one a class, or 1 for a single sigmoid. With deep supervision, `levels`
    gives logits of the coarser levels too.
    """

    def __init__(self, in_channels: int, outputs: int, design: Design = _CLASSIC) -> None:
        super().__init__()
        width, depth, up, skips, norm = design.width, design.depth, design.up, design.skips, design.norm
        widths = [width * 2**level for level in range(depth + 1)]
        if up != TRANSPOSED and depth:  # nothing on the way up changes the number of channels, so the bottom does not
            widths[-1] = widths[-2]
        self.depth = depth
        self._unpool = up == UNPOOL
        self.stem = DoubleConv(in_channels, width, norm)
        self.downs = nn.ModuleList(DoubleConv(widths[i], widths[i + 1], norm) for i in range(depth))
        self.ups = nn.ModuleList(Up(_up_channels(widths, i, up), up, skips, norm) for i in reversed(range(depth)))
        self.head = nn.Conv2d(width, outputs, 1)
        outs = [_up_channels(widths, i, up)[2] for i in reversed(range(1, depth))]
        self.heads = nn.ModuleList(nn.Conv2d(c, outputs, 1) for c in outs) if design.deep_supervision else None

    def forward(self, images_BCHW: Tensor) -> Tensor:
        logits_BCHW: Tensor = self.head(self._decoded(images_BCHW)[-1])
        return logits_BCHW

    def levels(self, images_BCHW: Tensor) -> list[Tensor]:
        """Logits of full size first, then of a half, a quarter …; only the first without deep supervision."""
        decoded = self._decoded(images_BCHW)
        coarse = [head(x) for head, x in zip(self.heads, decoded[1:-1], strict=True)] if self.heads is not None else []
        return [self.head(decoded[-1]), *reversed(coarse)]

    def _decoded(self, images_BCHW: Tensor) -> list[Tensor]:
        """What the bottom and each level above it give, the finest last."""
        smallest = 2**self.depth
        if min(images_BCHW.shape[2:]) < smallest:
            raise ValueError(
                f"image is {tuple(images_BCHW.shape[2:])}; a U-Net of depth {self.depth} needs at least "
                f"{smallest} x {smallest}, so pad it"
            )
        skips, maxima = [self.stem(images_BCHW)], []
        for down in self.downs:
            if self._unpool:
                pooled_BCHW, where_BCHW = functional.max_pool2d(skips[-1], 2, return_indices=True)
            else:
                pooled_BCHW, where_BCHW = functional.max_pool2d(skips[-1], 2), None
            maxima.append(where_BCHW)
            skips.append(down(pooled_BCHW))
        out = [skips.pop()]
        for up in self.ups:
            out.append(up(out[-1], skips.pop(), maxima.pop()))
        return out


def _up_channels(widths: list[int], level: int, up: str) -> tuple[int, int, int]:
    """Channels from below, from beside, and out, at a level of the way up."""
    if up == TRANSPOSED:
        return widths[level + 1], widths[level], widths[level]
    return widths[level], widths[level], widths[max(0, level - 1)]
