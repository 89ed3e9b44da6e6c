"""The peer of the benchmark: mlx-audio's Kokoro network on a checkpoint folder, one iteration for each line of input.

Takes one argument, a JSON object {folder, weightsFile, voiceFile, phonemes, seed}, and writes one JSON object a line:
first what was loaded, then one for each iteration. An iteration is measured like Tidemark's own: collect, clear the
cache, read the active memory, reset the peak, run, read the peak, drop the result, collect, clear, read again.
"""

import gc
import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_audio.tts.models.kokoro.kokoro import Model, ModelConfig
from mlx_audio.tts.models.kokoro.voice import load_voice_tensor
from mlx_audio.utils import apply_quantization


def settle():
    """Leave nothing pending and nothing cached, so that active memory is what is held and no more."""
    gc.collect()
    mx.synchronize()
    mx.clear_cache()


def peak_bytes():
    """The peak since it was reset, which sets it to zero and not to what is active."""
    return max(mx.get_peak_memory(), mx.get_active_memory())


def load(request):
    """The network with its weights in memory, as mlx-audio's loader does it but for the search for files."""
    folder = Path(request["folder"])
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = Model(ModelConfig.from_dict(config))
    weights = model.sanitize(mx.load(request["weightsFile"]))
    apply_quantization(model, config, weights)
    model.load_weights(list(weights.items()), strict=True)
    model.eval()
    mx.eval(model.parameters())
    return model


def report(**figures):
    print(json.dumps(figures), flush=True)


def iterate(model, style, request):
    settle()
    active_before = mx.get_active_memory()
    mx.random.seed(request["seed"])
    mx.reset_peak_memory()
    start = time.perf_counter()
    audio = model(request["phonemes"], style)
    mx.eval(audio)
    mx.synchronize()
    seconds = time.perf_counter() - start
    peak = peak_bytes()
    samples = audio.size
    del audio
    settle()
    report(
        event="iteration",
        seconds=seconds,
        activeBeforeBytes=active_before,
        activeBytes=mx.get_active_memory(),
        peakBytes=peak,
        samples=samples,
    )


def main():
    request = json.loads(sys.argv[1])
    mx.reset_peak_memory()
    start = time.perf_counter()
    model = load(request)
    settle()
    report(
        event="loaded",
        activeBytes=mx.get_active_memory(),
        peakBytes=peak_bytes(),
        seconds=time.perf_counter() - start,
        parameterBytes=sum(array.nbytes for _, array in tree_flatten(model.parameters())),
        device=str(mx.default_device()),
        versions={"python": platform.python_version(), "mlx": version("mlx"), "mlx-audio": version("mlx-audio")},
    )
    style = load_voice_tensor(request["voiceFile"])[len(request["phonemes"]) - 1]
    mx.eval(style)
    for line in sys.stdin:
        if line.strip() == "iterate":
            iterate(model, style, request)


if __name__ == "__main__":
    main()
