"""Settings: text, ranges, decisions, and the old names of keys in every place that holds them."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from segstudio.core.classes import ClassTable
from segstudio.errors import FileError, TrainingError
from segstudio.training.balance import compute_class_weights, find_label_warnings
from segstudio.training.checkpoint import compute_digest, load_state, load_weights, save_state, save_weights
from segstudio.training.config import (
    ALLOWED_VALUES,
    RENAMED_KEYS,
    TrainConfig,
    read_settings,
    rename_old_keys,
    write_config,
)
from segstudio.training.device import choose_device
from segstudio.training.model import Architecture, Model
from segstudio.training.pretrained import read_pretrained
from segstudio.training.schedule import EarlyStop, compute_rate_factor

CPU = choose_device("cpu")
OLD_SETTINGS = {"rare": "0.5", "patch": "64", "batch": "3", "ema": "0.9", "up": "bilinear"}


def check_old_settings(config: TrainConfig) -> None:
    assert (config.rare_class_fraction, config.patch_size, config.batch_size) == (0.5, 64, 3)
    assert (config.ema_decay, config.upsampling) == (0.9, "bilinear")


def to_old_keys(mapping: dict) -> dict:
    old = {new: old for old, new in RENAMED_KEYS.items()}
    return {old.get(key, key): value for key, value in mapping.items()}


def test_old_keys_name_present_ones_and_are_no_keys_themselves() -> None:
    keys = {field.name for field in fields(TrainConfig)} | {field.name for field in fields(Model)}
    assert set(RENAMED_KEYS.values()) <= keys
    assert not set(RENAMED_KEYS) & keys
    assert set(ALLOWED_VALUES) <= keys


def test_old_keys_are_accepted_as_settings_and_the_later_of_two_names_counts(tmp_path: Path) -> None:
    config = TrainConfig(run_dir=tmp_path)
    check_old_settings(config.with_texts(OLD_SETTINGS))
    assert config.with_texts({"patch": "64", "patch_size": "96"}).patch_size == 96
    assert config.with_texts({"patch_size": "96", "patch": "64"}).patch_size == 64
    with pytest.raises(TrainingError, match="batch=x: must be of type int"):
        config.with_texts({"batch": "x"})


def test_an_old_config_file_is_read_and_a_new_one_has_only_present_keys(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps({**OLD_SETTINGS, "run_dir": "r", "table": [], "resume": False}))
    settings = read_settings(tmp_path / "old.json")
    assert settings == rename_old_keys(OLD_SETTINGS)
    config = TrainConfig(run_dir=tmp_path).with_texts(settings)
    check_old_settings(config)
    write_config(config)
    plain = json.loads((tmp_path / "config.json").read_text())
    assert set(plain) == {field.name for field in fields(TrainConfig)}
    assert TrainConfig(run_dir=tmp_path).with_texts(read_settings(tmp_path / "config.json")) == config
    (tmp_path / "text.json").write_text("no JSON")
    with pytest.raises(TrainingError, match="cannot be read as a configuration"):
        read_settings(tmp_path / "text.json")


def test_weights_with_old_keys_load_and_initialise(tmp_path: Path) -> None:
    torch.manual_seed(0)
    architecture = Architecture(1, 2, 4, 2, upsampling="unpool")
    table = ClassTable.from_names(["_background_", "cell"])
    model = Model(architecture.build(), architecture, table, "background", [0.4], [0.3], 64)
    save_weights(model, tmp_path / "new.safetensors")
    with safe_open(tmp_path / "new.safetensors", framework="pt") as file:
        metadata = json.loads(file.metadata()["segstudio"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert metadata["std"] == [0.3]
    metadata = to_old_keys(metadata | {"architecture": to_old_keys(metadata["architecture"])})
    assert metadata["deviation"] == [0.3]
    assert metadata["architecture"]["up"] == "unpool"
    save_file(tensors, tmp_path / "old.safetensors", {"segstudio": json.dumps(metadata)})
    loaded = load_weights(tmp_path / "old.safetensors", CPU)
    assert (loaded.architecture, loaded.std) == (architecture, [0.3])
    assert read_pretrained(tmp_path / "old.safetensors").architecture.upsampling == "unpool"


def test_a_state_with_old_keys_loads_under_present_ones(tmp_path: Path) -> None:
    state = {
        "step": 3,
        "architecture": {"up": "bilinear", "width": 4},
        "plan": {"patch": 32, "batch": 4, "accumulate": 1},
        "chosen": {"patch": 0, "batch": 0, "accumulate": 1, "precision": "auto"},
        "input": {"mean": [0.4], "deviation": [0.3], "white": 255},
        "ema": {"up.weight": torch.ones(2)},  # the averaged weights, no setting
    }
    save_state(tmp_path / "last.ckpt", state)
    found = load_state(tmp_path / "last.ckpt")
    assert compute_digest(found.pop("ema")) == compute_digest(state["ema"])
    assert found == {
        "step": 3,
        "architecture": {"upsampling": "bilinear", "width": 4},
        "plan": {"patch_size": 32, "batch_size": 4, "accumulate": 1},
        "chosen": {"patch_size": 0, "batch_size": 0, "accumulate": 1, "precision": "auto"},
        "input": {"mean": [0.4], "std": [0.3], "white": 255},
    }


@pytest.mark.parametrize("damaged", [{"architecture": 5}, {"classes": [{"no name": 1}]}, {"classes": 3}, []])
def test_weights_with_malformed_metadata_are_rejected_in_one_line(tmp_path: Path, damaged: object) -> None:
    save_file({"head.weight": torch.ones(2)}, tmp_path / "a.safetensors", {"segstudio": json.dumps(damaged)})
    with pytest.raises(FileError, match="contains no weights"):
        read_pretrained(tmp_path / "a.safetensors")
    with pytest.raises(FileError, match="is not a model of segstudio"):
        load_weights(tmp_path / "a.safetensors", CPU)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("depth", "x", "int"),
        ("nothing", "1", "unknown setting"),
        ("run_dir", "x", "unknown setting"),
        ("upsampling", "foo", "transposed"),
        ("seed", "-1", "seed"),
        ("learning_rate", "nan", "learning_rate"),
        ("resume", "maybe", "bool"),
        ("minutes", "0", "set minutes or steps"),
    ],
)
def test_impossible_settings_are_errors(config: TrainConfig, key: str, value: str, text: str) -> None:
    with pytest.raises(TrainingError, match=text):
        config.with_texts({"steps": "0" if key == "minutes" else "1", key: value})


def test_class_weights_follow_median_or_inverse_frequency_or_are_given() -> None:
    counts = np.array([800, 100, 100, 0])
    names = ["a", "b", "c", "d"]
    assert compute_class_weights("median", counts, names) == pytest.approx([0.125, 1.0, 1.0, 1.0])
    inverse = compute_class_weights("inverse", counts, names)
    assert np.mean(inverse[:3]) == pytest.approx(1.0)
    assert inverse[1] == pytest.approx(8 * inverse[0])
    assert compute_class_weights("b=3, d=0.5", counts, names) == [1.0, 3.0, 1.0, 0.5]
    assert compute_class_weights("none", counts, names) is None
    for wrong in ("x=1", "a", "a=-1", "a=nan"):
        with pytest.raises(TrainingError, match="is not a weight"):
            compute_class_weights(wrong, counts, names)


def test_labels_of_one_class_and_classes_without_labels_give_warnings() -> None:
    table = ClassTable.from_names(["_background_", "cell"])
    (line,) = find_label_warnings(np.array([0, 500]), table)
    assert "without a counter-example" in line
    (line,) = find_label_warnings(np.array([400, 500, 0]), ClassTable.from_names(["_background_", "cell", "gap"]))
    assert "no pixel of gap" in line
    assert find_label_warnings(np.array([400, 500]), table) == []


def test_learning_rates_follow_their_schedules() -> None:
    def factors(schedule: str) -> list[float]:
        return [compute_rate_factor(schedule, progress) for progress in (0.0, 0.15, 0.575, 1.0)]

    assert factors("one-cycle") == pytest.approx([0.04, 1.0, 0.5005, 0.001])
    assert factors("cosine")[::3] == pytest.approx([1.0, 0.001])
    assert factors("poly") == pytest.approx([1.0, 0.85**0.9, 0.425**0.9, 0.001])
    assert factors("constant") == [1.0] * 4


def test_early_stopping_waits_for_patience_validations_without_improvement() -> None:
    stop = EarlyStop(2)
    assert [stop.update(miou) for miou in (0.5, 0.6, float("nan"), 0.5, 0.4)] == [False, False, False, False, True]
    resumed = EarlyStop(2)
    resumed.restore(stop.state())
    assert [resumed.update(miou) for miou in (0.3, 0.2)] == [False, True]  # waits again
    half = EarlyStop(3)
    half.restore({"smooth": 0.5, "best": 0.6, "waited": 2.0})
    assert half.update(0.5)
    assert not any(EarlyStop(0).update(0.1) for _ in range(50))
