"""Noisy discs: a textbook recipe and our defaults, with the same number of steps."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from segstudio.core.annotation import Annotation
from segstudio.core.classes import ClassTable
from segstudio.core.raster import rasterise
from segstudio.core.sample import Sample
from segstudio.core.shape import Shape
from segstudio.project.sample_project import Recipe, draw_noisy_shapes
from segstudio.training.checkpoint import load_weights
from segstudio.training.config import PRESETS, TrainConfig
from segstudio.training.device import choose_device
from segstudio.training.engine import train
from segstudio.training.unet import Design, UNet

SIDE, STEPS, BATCH, TEST_IMAGES, TRAIN_IMAGES = 128, 250, 4, 200, 200
TABLE = ClassTable.from_names(["_background_", "disc"])


def make_image(seed: int) -> tuple[np.ndarray, np.ndarray, Annotation]:
    """Image (H, W) in 0..1, discs (H, W) of 0 and 1, and the annotation."""
    recipe = Recipe(nx=SIDE, ny=SIDE, count=10, sigma=20, rectangles=False, seed=seed)
    image, annotation = draw_noisy_shapes(recipe)
    shapes = tuple(Shape("disc", shape.kind, shape.points) for shape in annotation.shapes)
    annotation = Annotation(SIDE, SIDE, shapes)
    return image, (rasterise(annotation, TABLE) == 1).astype(np.float32), annotation


def train_textbook(preset: str) -> torch.nn.Module:
    """SGD 1e-3 with momentum 0.9, one sigmoid channel, BCE, new images at every step."""
    torch.manual_seed(0)
    net = UNet(1, 1, Design(**PRESETS[preset])).train()
    optimiser = torch.optim.SGD(net.parameters(), 1e-3, momentum=0.9)
    for step in range(STEPS):
        made = [make_image(10_000 + step * BATCH + number) for number in range(BATCH)]
        images = torch.from_numpy(np.stack([pixels for pixels, _, _ in made]))[:, None]
        truth = torch.from_numpy(np.stack([discs for _, discs, _ in made]))[:, None]
        optimiser.zero_grad()
        functional.binary_cross_entropy_with_logits(net(images), truth).backward()
        optimiser.step()
    return net.eval()


def train_ours(preset: str, folder: Path) -> torch.nn.Module:
    """A run on 200 such images in which only the network and the number of steps are set."""
    samples = []
    for seed in range(TRAIN_IMAGES):
        pixels, _, annotation = make_image(10_000 + seed)
        path = folder / f"{seed}.png"
        Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(path)
        samples.append(Sample(path.name, path, annotation))
    config = TrainConfig(
        run_dir=folder / "run", table=TABLE, preset=preset, minutes=0, steps=STEPS, batch_size=BATCH, patch_size=SIDE
    )
    list(train(config, samples))
    model = load_weights(folder / "run", choose_device("cpu"))

    class Normalising(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return model.net(model.normalise(images))

    return Normalising()


def measure_dice(net: torch.nn.Module) -> float:
    """Foreground Dice over all 200 images together."""
    shared = total = 0.0
    with torch.no_grad():
        for seed in range(TEST_IMAGES):
            pixels, discs, _ = make_image(seed)
            found = net(torch.from_numpy(pixels)[None, None])[0, 0].numpy() > 0
            shared += 2 * float((found * discs).sum())
            total += float(found.sum() + discs.sum())
    return shared / total


def compare(preset: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        theirs, mine = measure_dice(train_textbook(preset)), measure_dice(train_ours(preset, Path(folder)))
    print(f"{preset}: foreground Dice of the textbook recipe {theirs:.4f}, of our defaults {mine:.4f}", flush=True)
