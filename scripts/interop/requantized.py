"""Loads requantized checkpoints with mlx-audio's own loader and lets them speak; of a fused one it says how that ends."""

import json
import sys
from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten
from mlx_audio.tts.models.kokoro.voice import load_voice_tensor
from mlx_audio.tts.utils import load_model


def speak(entry, phonemes, style):
    try:
        model = load_model(Path(entry["folder"]))
    except ValueError as error:
        return {"name": entry["name"], "refusal": str(error).splitlines()[0]}
    mx.random.seed(0)
    output = model(phonemes, style, return_output=True)
    np.asarray(output.audio).astype(np.float32).tofile(entry["audioFile"])
    return {
        "name": entry["name"],
        "tensorBytes": sum(value.nbytes for _, value in tree_flatten(model.parameters())),
        "durations": output.pred_dur.tolist(),
    }


def main():
    job = json.load(sys.stdin)
    style = load_voice_tensor(job["voiceFile"])[len(job["phonemes"]) - 1]
    results = []
    for entry in job["checkpoints"]:
        print(f"mlx-audio: {entry['name']} …", file=sys.stderr, flush=True)
        results.append(speak(entry, job["phonemes"], style))
        mx.clear_cache()
    json.dump(results, sys.stdout)


main()
