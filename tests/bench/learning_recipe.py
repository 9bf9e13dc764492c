"""The textbook's way to train on noisy discs, and ours, in the same number of steps."""

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

SIDE, STEPS, BATCH, JUDGES, LEARNT = 128, 250, 4, 200, 200
TABLE = ClassTable.from_names(["_background_", "disc"])


def make_image(seed: int) -> tuple[np.ndarray, np.ndarray, Annotation]:
    """Image (H, W) in 0..1, discs (H, W) of 0 and 1, and the annotation."""
    recipe = Recipe(nx=SIDE, ny=SIDE, count=10, sigma=20, rectangles=False, seed=seed)
    image, annotation = draw_noisy_shapes(recipe)
    shapes = tuple(Shape("disc", shape.kind, shape.points) for shape in annotation.shapes)
    annotation = Annotation(SIDE, SIDE, shapes)
    return image, (rasterise(annotation, TABLE) == 1).astype(np.float32), annotation


def textbook(preset: str) -> torch.nn.Module:
    """SGD 1e-3 with momentum 0.9, one sigmoid channel, BCE, new images at every step."""
    torch.manual_seed(0)
    chosen = PRESETS[preset]
    net = UNet(1, 1, Design(chosen["width"], chosen["depth"], chosen["up"], chosen["skips"])).train()
    optimiser = torch.optim.SGD(net.parameters(), 1e-3, momentum=0.9)
    for step in range(STEPS):
        made = [make_image(10_000 + step * BATCH + number) for number in range(BATCH)]
        images = torch.from_numpy(np.stack([pixels for pixels, _, _ in made]))[:, None]
        truth = torch.from_numpy(np.stack([discs for _, discs, _ in made]))[:, None]
        optimiser.zero_grad()
        functional.binary_cross_entropy_with_logits(net(images), truth).backward()
        optimiser.step()
    return net.eval()


def ours(preset: str, folder: Path) -> torch.nn.Module:
    """What the program does with 200 such images when nothing is chosen but the net and the number of steps."""
    samples = []
    for seed in range(LEARNT):
        pixels, _, annotation = make_image(10_000 + seed)
        path = folder / f"{seed}.png"
        Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(path)
        samples.append(Sample(path.name, path, annotation))
    config = TrainConfig(
        run_dir=folder / "run", table=TABLE, preset=preset, minutes=0, steps=STEPS, batch=BATCH, patch=SIDE
    )
    list(train(config, samples))
    model = load_weights(folder / "run", choose_device("cpu"))

    class Normalised(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return model.net(model.normalised(images))

    return Normalised()


def dice(net: torch.nn.Module) -> float:
    """Foreground Dice over all 200 images together."""
    shared = total = 0.0
    with torch.no_grad():
        for seed in range(JUDGES):
            pixels, discs, _ = make_image(seed)
            found = net(torch.from_numpy(pixels)[None, None])[0, 0].numpy() > 0
            shared += 2 * float((found * discs).sum())
            total += float(found.sum() + discs.sum())
    return shared / total


def compare(preset: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        theirs, mine = dice(textbook(preset)), dice(ours(preset, Path(folder)))
    print(f"{preset}: foreground Dice of the textbook's recipe {theirs:.4f}, of our defaults {mine:.4f}", flush=True)
