"""Loads Tidemark's checkpoints with mlx-audio's own loader, and compares them with what MLX makes of the float32 one."""

import json
import sys
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten, tree_map
from mlx_audio.tts.utils import load_model

GROUP_SIZE = 64


def parameters(model):
    return dict(tree_flatten(model.parameters()))


def can_be_quantized(_, module):
    weight = getattr(module, "weight", None)
    return hasattr(module, "to_quantized") and weight is not None and weight.shape[-1] % GROUP_SIZE == 0


def made_by_peer(float32_folder, bits, rest):
    """The recipe, carried out by MLX's Python modules on mlx-audio's network."""
    model = load_model(float32_folder, strict=True)
    if rest == "bfloat16":
        model.update(tree_map(lambda x: x.astype(mx.bfloat16), model.parameters()))
    if bits is not None:
        nn.quantize(model, GROUP_SIZE, bits, class_predicate=can_be_quantized)
    return parameters(model)


def main():
    job = json.load(sys.stdin)
    results = []
    for entry in job["models"]:
        loaded = parameters(load_model(Path(entry["folder"]), strict=True))
        expected = made_by_peer(Path(job["float32Folder"]), entry.get("bits"), entry["rest"])
        differing = sorted(
            name
            for name in loaded.keys() | expected.keys()
            if name not in loaded
            or name not in expected
            or loaded[name].dtype != expected[name].dtype
            or not mx.array_equal(loaded[name], expected[name]).item()
        )
        results.append(
            {
                "name": entry["name"],
                "tensors": len(loaded),
                "tensorBytes": sum(value.nbytes for value in loaded.values()),
                "differing": differing,
            }
        )
        del loaded, expected
        mx.clear_cache()
    json.dump(results, sys.stdout)


main()
