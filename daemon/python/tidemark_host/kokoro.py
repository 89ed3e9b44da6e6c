"""mlx-audio's Kokoro: loaded as its own loader does it, changed as an arm of a study asks, and spoken with."""

import json
import math
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
from mlx_audio.tts.models.kokoro.kokoro import Model, ModelConfig

from .refusal import Refusal, not_supported


def weight_files(folder):
    """As mlx-audio's own loader finds them."""
    return sorted(str(path) for path in Path(folder).glob("*.safetensors") if not path.name.startswith("."))


def read_weights(folder):
    weights = {}
    for path in weight_files(folder):
        weights.update(mx.load(path))
    return weights


def load_kokoro(folder, alterations):
    """The network with its weights in memory, by the steps of mlx-audio's own loader."""
    config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    config["model_path"] = str(folder)
    model = Model(ModelConfig.from_dict(config))
    weights = model.sanitize(read_weights(folder))
    if alterations:
        weights, config = altered(weights, config, alterations)
    quantize(model, config, weights)
    try:
        model.load_weights(list(weights.items()), strict=True)
    except ValueError as error:
        raise Refusal(
            "bad-checkpoint",
            "mlx-audio refuses the checkpoint " + str(folder) + ": " + str(error).splitlines()[0],
            "Use a checkpoint that mlx-audio can load, or measure this one with --engine tidemark.",
        ) from error
    del weights
    model.eval()
    mx.eval(model.parameters())
    return model


def quantize(model, config, weights):
    try:
        from mlx_audio.utils import apply_quantization
    except ImportError:
        settings = config.get("quantization")
        if settings is not None:
            nn.quantize(
                model,
                group_size=settings.get("group_size", 64),
                bits=settings["bits"],
                class_predicate=lambda path, _: path + ".scales" in weights,
            )
        return
    apply_quantization(model, config, weights)


def altered(weights, config, alterations):
    """The weights with one thing changed, as an arm of a study asks. Throws a Refusal for what cannot be changed here."""
    # The product with packed weights is MLX's own here, whether that is asked for or not.
    is_own = alterations.get("quantizedProduct", "mlx") == "mlx"
    unknown = sorted(set(alterations) - {"dense", "restDType"} - ({"quantizedProduct"} if is_own else set()))
    if unknown:
        raise not_supported("the change of weights " + ", ".join(unknown))
    settings = config.get("quantization") or config.get("quantization_config") or {}
    packed = {name[: -len(".scales")] for name in weights if name.endswith(".scales")}
    if alterations.get("dense") and packed:
        for path in sorted(packed):
            own = settings.get(path) if isinstance(settings.get(path), dict) else settings
            weights[path + ".weight"] = mx.dequantize(
                weights[path + ".weight"],
                weights.pop(path + ".scales"),
                weights.pop(path + ".biases"),
                own.get("group_size", 64),
                own.get("bits", settings.get("bits")),
            )
            mx.eval(weights[path + ".weight"])
        packed = set()
        config = {name: value for name, value in config.items() if not name.startswith("quantization")}
    dtype = {"float32": mx.float32, "bfloat16": mx.bfloat16}.get(alterations.get("restDType"))
    if dtype is not None:
        for name, value in weights.items():
            if mx.issubdtype(value.dtype, mx.floating) and name.rsplit(".", 1)[0] not in packed:
                weights[name] = value.astype(dtype)
    mx.eval(weights)
    return weights, config


def load_voice(path):
    voice = mx.load(path)["voice"]
    mx.eval(voice)
    return voice


class FrozenDurations:
    """Stands in for the layer that predicts durations: its output is such that mlx-audio makes of it the frames wanted."""

    def __init__(self, layer, frames, speed):
        self.layer = layer
        self.frames = frames
        self.speed = speed

    def __call__(self, x):
        # Kokoro rounds the sum of sigmoids over the last axis, divided by the speed.
        columns = max(1, math.ceil(max(self.frames) * self.speed))
        row = [[wanted * self.speed - column for column in range(columns)] for wanted in self.frames]
        infinity = float("inf")

        def logit(share):
            if share >= 1:
                return infinity
            return -infinity if share <= 0 else math.log(share / (1 - share))

        given = mx.array([[[logit(share) for share in shares] for shares in row]], dtype=mx.float32)
        # What it would have predicted is computed all the same, so that nothing but the lengths is another.
        return mx.depends(given, self.layer(x))


class Loaded:
    def __init__(self, model, voice):
        self.model = model
        self.voice = voice

    def token_count(self, phonemes):
        """With the boundaries that the network reads at both ends."""
        return 2 + sum(1 for each in phonemes if self.model.vocab.get(each) is not None)

    def say(self, phonemes, speed, durations=None):
        """mlx-audio's network, as its own pipeline calls it. Gives its audio and its durations, evaluated."""
        style = self.voice[len(phonemes) - 1]
        if durations is None:
            return self.model(phonemes, style, speed, return_output=True)
        predictor = self.model.predictor
        layer = predictor.duration_proj
        predictor.duration_proj = FrozenDurations(layer, durations, speed)
        try:
            return self.model(phonemes, style, speed, return_output=True)
        finally:
            del predictor.duration_proj
            predictor.duration_proj = layer


def sampled(audio):
    """Of [1, samples] or [samples]."""
    return int(audio.shape[-1])


def transient_of(build):
    """What evaluating it takes beyond active memory and beyond its own result."""
    mx.clear_cache()
    active = mx.get_active_memory()
    mx.reset_peak_memory()
    result = build()
    mx.eval(result)
    mx.synchronize()
    return max(0, mx.get_peak_memory() - active - result.nbytes)


def transients_of(path, module, tokens):
    packing = {"group_size": module.group_size, "bits": module.bits}
    packed = (module.weight, module.scales, module.biases)
    rows = module.weight.shape[0]
    columns = module.weight.shape[1] * 32 // module.bits
    if isinstance(module, nn.QuantizedEmbedding):
        indices = mx.array([place % rows for place in range(tokens)])
        quantized = transient_of(lambda: module(indices))
        expanded = transient_of(lambda: mx.dequantize(*packed, **packing)[indices])
    else:
        given = mx.random.normal((tokens, columns))
        mx.eval(given)
        quantized = transient_of(lambda: mx.quantized_matmul(given, *packed, transpose=True, **packing))
        expanded = transient_of(lambda: given @ mx.dequantize(*packed, **packing).T)
    return {
        "path": path,
        "denseBytes": rows * columns * module.scales.itemsize,
        "quantizedBytes": quantized,
        "expandedBytes": expanded,
    }
