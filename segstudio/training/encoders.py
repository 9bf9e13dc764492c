"""Backbones with weights learnt elsewhere, from the optional extra `encoders`.

They come from segmentation_models_pytorch, which needs torchvision; so nothing of it is imported before
somebody asks for an encoder, and the program runs without.
"""

from __future__ import annotations

import importlib

from torch import nn

from segstudio.errors import TrainingError


def build_with_encoder(name: str, in_channels: int, outputs: int, pretrained: bool) -> nn.Module:
    """A U-Net on the backbone `name` ("resnet34", "timm-efficientnet-b0" …), with ImageNet's weights if `pretrained`.

    (B, in_channels, H, W) -> logits (B, outputs, H, W), for H and W that are multiples of 32. Raises TrainingError.
    """
    try:
        library = importlib.import_module("segmentation_models_pytorch")
    except (ImportError, RuntimeError) as error:  # RuntimeError: a torchvision of another torch
        raise TrainingError(
            f"encoder {name!r} needs the extra: pip install 'segstudio[encoders]' with a torchvision that fits this "
            f"torch ({error})"
        ) from error
    try:
        weights = "imagenet" if pretrained else None
        net: nn.Module = library.Unet(name, encoder_weights=weights, in_channels=in_channels, classes=outputs)
    except (KeyError, ValueError, OSError) as error:
        raise TrainingError(f"encoder {name!r}: {error}; name one that segmentation_models_pytorch has") from error
    return net
