"""Says one sentence again and again with mlx-audio, and prints what memory MLX holds after each time.

    python memory_profiler.py CHECKPOINT [--phonemes IPA] [--voice NAME] [--iterations N]

CHECKPOINT is a folder with config.json, one .safetensors file of weights, and voices/NAME.safetensors, as the repositories
mlx-community/Kokoro-82M-* have them. The model is loaded once. After each sentence, garbage is collected and MLX's cache is
cleared, so that active memory should come back to the same number of bytes each time.
"""

import argparse
import gc
import json
from pathlib import Path

import mlx.core as mx
from mlx_audio.tts.models.kokoro.kokoro import Model, ModelConfig
from mlx_audio.tts.models.kokoro.voice import load_voice_tensor
from mlx_audio.utils import apply_quantization


def load(folder):
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    [weights_file] = sorted(folder.glob("*.safetensors"))
    model = Model(ModelConfig.from_dict(config))
    weights = model.sanitize(mx.load(str(weights_file)))
    apply_quantization(model, config, weights)
    model.load_weights(list(weights.items()), strict=True)
    model.eval()
    mx.eval(model.parameters())
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--phonemes", default="həlˈO.")
    parser.add_argument("--voice", default="af_heart")
    parser.add_argument("--iterations", type=int, default=15)
    options = parser.parse_args()

    model = load(options.checkpoint)
    voice = load_voice_tensor(str(options.checkpoint / "voices" / f"{options.voice}.safetensors"))
    style = voice[len(options.phonemes) - 1]
    print(f"loaded: {mx.get_active_memory() / 1e6:.1f} MB active")

    for iteration in range(options.iterations):
        audio = model(options.phonemes, style)
        mx.eval(audio)
        del audio
        gc.collect()
        mx.clear_cache()
        print(
            f"iteration {iteration + 1}: active {mx.get_active_memory() / 1e6:.1f} MB, "
            f"peak {mx.get_peak_memory() / 1e6:.1f} MB"
        )


if __name__ == "__main__":
    main()
