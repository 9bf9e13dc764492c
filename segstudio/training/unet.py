"""The U-Net family: one network class with variants of upsampling, skip connections and normalisation.

After Ronneberger, Fischer, Brox 2015 (arXiv 1505.04597), with normalisation and padded convolutions; unpooling with
stored max-pooling indices as in SegNet (Badrinarayanan, Kendall, Cipolla 2015, arXiv 1511.00561).

Tensors: B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from segstudio.training.config import BATCH, BILINEAR, CONCAT, NORMS, SKIPS, TRANSPOSED, UNPOOL, UPSAMPLINGS

_GROUPS = 8


class DoubleConv(nn.Sequential):
    """Twice 3x3 convolution, normalisation, ReLU; keeps the size. (B, in, H, W) -> (B, out, H, W)."""

    def __init__(self, in_channels: int, out_channels: int, norm: str = BATCH, middle: int = 0) -> None:
        layers: list[nn.Module] = []
        between = middle or out_channels
        for channels, out in ((in_channels, between), (between, out_channels)):
            layers += [nn.Conv2d(channels, out, 3, padding=1, bias=False), _make_norm(norm, out), nn.ReLU(inplace=True)]
        super().__init__(*layers)


def _make_norm(norm: str, channels: int) -> nn.Module:
    """Batch norm, or group norm, whose statistics do not depend on the batch size."""
    return nn.BatchNorm2d(channels) if norm == BATCH else nn.GroupNorm(math.gcd(_GROUPS, channels), channels)


@dataclass(frozen=True)
class UpChannels:
    """Channels of one decoder level: from the level below (`deep`), from the encoder (`skip`), and going out."""

    deep: int
    skip: int
    out: int


class Up(nn.Module):
    """One decoder level: upsample by 2, pad to the size of the skip connection, combine with it, convolve.

    A transposed convolution maps `deep` channels to `skip`; the other ways to upsample have no weights and need
    `deep == skip`.
    """

    def __init__(self, channels: UpChannels, design: Design) -> None:
        super().__init__()
        deep, skip = channels.deep, channels.skip
        if design.upsampling != TRANSPOSED and deep != skip:
            raise ValueError(f"{design.upsampling} upsampling keeps {deep} channels but the skip connection has {skip}")
        self.up: nn.Module = nn.Identity()
        if design.upsampling == TRANSPOSED:
            self.up = nn.ConvTranspose2d(deep, skip, 2, stride=2)
        elif design.upsampling == BILINEAR:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self._unpool = design.upsampling == UNPOOL
        self._concat = design.skips == CONCAT
        self.conv = DoubleConv(2 * skip if self._concat else skip, channels.out, design.norm, skip)

    def forward(self, deep_BCHW: Tensor, skip_BCHW: Tensor, indices_BCHW: Tensor | None) -> Tensor:
        """`indices_BCHW` are the indices that max pooling returned; only unpooling needs them."""
        if self._unpool:
            assert indices_BCHW is not None
            up_BCHW = functional.max_unpool2d(deep_BCHW, indices_BCHW, [2, 2], output_size=skip_BCHW.shape[2:])
        else:
            up_BCHW = _pad_to(self.up(deep_BCHW), skip_BCHW)
        joined_BCHW = torch.cat([skip_BCHW, up_BCHW], dim=1) if self._concat else skip_BCHW + up_BCHW
        out_BCHW: Tensor = self.conv(joined_BCHW)
        return out_BCHW


def _pad_to(up_BCHW: Tensor, skip_BCHW: Tensor) -> Tensor:
    """Repeat the last row and column where a pooled size was odd."""
    rows, columns = skip_BCHW.shape[2] - up_BCHW.shape[2], skip_BCHW.shape[3] - up_BCHW.shape[3]
    if rows or columns:
        return functional.pad(up_BCHW, (0, columns, 0, rows), mode="replicate")
    return up_BCHW


@dataclass(frozen=True)
class Design:
    """Shape of a U-Net: channels of the first level, number of downsamplings, and the variants named in `config`.

    Raises ValueError for an unknown variant.
    """

    width: int = 64
    depth: int = 4
    upsampling: str = TRANSPOSED
    skips: str = CONCAT
    norm: str = BATCH
    deep_supervision: bool = False

    def __post_init__(self) -> None:
        for key, allowed in (("upsampling", UPSAMPLINGS), ("skips", SKIPS), ("norm", NORMS)):
            if getattr(self, key) not in allowed:
                raise ValueError(f"{key} is {getattr(self, key)!r}; it must be one of {', '.join(allowed)}")


_CLASSIC = Design()


class UNet(nn.Module):
    """(B, in_channels, H, W) -> logits (B, outputs, H, W), for any H, W >= 2**depth.

    `outputs` is the number of channels of the head: one per class, or 1 for a single sigmoid. The names of its
    submodules are part of the weights files.
    """

    def __init__(self, in_channels: int, outputs: int, design: Design = _CLASSIC) -> None:
        super().__init__()
        width, depth, norm = design.width, design.depth, design.norm
        widths = [width * 2**level for level in range(depth + 1)]
        if design.upsampling != TRANSPOSED and depth:  # upsampling cannot reduce channels, so the bottom adds none
            widths[-1] = widths[-2]
        self.depth = depth
        self._unpool = design.upsampling == UNPOOL
        levels = [_count_up_channels(widths, i, design.upsampling) for i in reversed(range(depth))]
        self.stem = DoubleConv(in_channels, width, norm)
        self.downs = nn.ModuleList(DoubleConv(widths[i], widths[i + 1], norm) for i in range(depth))
        self.ups = nn.ModuleList(Up(channels, design) for channels in levels)
        self.head = nn.Conv2d(width, outputs, 1)
        coarse = (nn.Conv2d(channels.out, outputs, 1) for channels in levels[:-1])
        self.heads = nn.ModuleList(coarse) if design.deep_supervision else None

    def forward(self, images_BCHW: Tensor) -> Tensor:
        logits_BCHW: Tensor = self.head(self._decode(images_BCHW)[-1])
        return logits_BCHW

    def forward_levels(self, images_BCHW: Tensor) -> list[Tensor]:
        """Logits at full size, then at 1/2, 1/4 …; only those at full size without deep supervision."""
        decoded = self._decode(images_BCHW)
        coarse = [head(x) for head, x in zip(self.heads, decoded[1:-1], strict=True)] if self.heads is not None else []
        return [self.head(decoded[-1]), *reversed(coarse)]

    def _decode(self, images_BCHW: Tensor) -> list[Tensor]:
        """Features of the bottom and of each decoder level, the finest last."""
        smallest = 2**self.depth
        if min(images_BCHW.shape[2:]) < smallest:
            raise ValueError(
                f"image is {tuple(images_BCHW.shape[2:])}; a U-Net of depth {self.depth} needs at least "
                f"{smallest} x {smallest}, so pad it"
            )
        skips, indices = [self.stem(images_BCHW)], []
        for down in self.downs:
            if self._unpool:
                pooled_BCHW, indices_BCHW = functional.max_pool2d(skips[-1], 2, return_indices=True)
            else:
                pooled_BCHW, indices_BCHW = functional.max_pool2d(skips[-1], 2), None
            indices.append(indices_BCHW)
            skips.append(down(pooled_BCHW))
        out = [skips.pop()]
        for up in self.ups:
            out.append(up(out[-1], skips.pop(), indices.pop()))
        return out


def _count_up_channels(widths: list[int], level: int, upsampling: str) -> UpChannels:
    if upsampling == TRANSPOSED:
        return UpChannels(widths[level + 1], widths[level], widths[level])
    return UpChannels(widths[level], widths[level], widths[max(0, level - 1)])
