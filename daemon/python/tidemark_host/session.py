"""What the host does: holds one Kokoro and one voice, and measures what they say."""

import base64
import time

import mlx.core as mx
import mlx.nn as nn

from .device_memory import device_figure
from .kokoro import Loaded, load_kokoro, load_voice, sampled, transients_of
from .phonemes import phonemes_of
from .planter import Planter
from .process import Process, arrays_alive, footprint_bytes, snapshot
from .refusal import Refusal, not_supported
from .traced_heap import TracedHeap


class Session:
    def __init__(self):
        self.process = Process()
        self.planter = Planter()
        self.heap = TracedHeap()
        self.loaded = None
        self.shapes = set()
        self.own_cache_limit = None

    def memory(self, _):
        return dict(snapshot(), footprintBytes=footprint_bytes())

    def phonemes(self, parameters):
        return phonemes_of(parameters["texts"], parameters["language"] == "british")

    def load(self, parameters):
        self.loaded = None
        if "cacheLimitBytes" in parameters:
            self.limit_cache(parameters["cacheLimitBytes"])
        if "memoryLimitBytes" in parameters:
            mx.set_memory_limit(parameters["memoryLimitBytes"])
        self.process.settle()
        footprint_before = footprint_bytes()
        mx.reset_peak_memory()
        start = time.perf_counter()
        model = load_kokoro(parameters["folder"], parameters.get("alterations"))
        seconds = time.perf_counter() - start
        self.process.settle()
        after = snapshot()
        weights = arrays_alive()
        voice = load_voice(parameters["voiceFile"])
        self.loaded = Loaded(model, voice)
        self.process.settle()
        # What collecting found so far is of the loading.
        self.process.found_arrays = 0
        return {
            "activeBytes": after["activeBytes"],
            "peakBytes": after["peakBytes"],
            "seconds": seconds,
            "voiceBytes": mx.get_active_memory() - after["activeBytes"],
            "weightTensors": weights,
            "liveTensors": arrays_alive(),
            "footprintBeforeBytes": footprint_before,
            "footprintBytes": footprint_bytes(),
            **device_figure(),
        }

    def reset_cache(self, parameters):
        self.shapes.clear()
        self.heap.trace(parameters.get("traceHeap", False))
        self.process.settle()
        return {"limitBytes": self.limit_cache(parameters.get("limitBytes"))}

    def limit_cache(self, limit):
        if self.own_cache_limit is None:
            # It can be read only by setting another one.
            self.own_cache_limit = mx.set_cache_limit(0)
        limit = self.own_cache_limit if limit is None else limit
        mx.set_cache_limit(limit)
        return limit

    def iterate(self, parameters):
        loaded = self.need(parameters)
        utterances = parameters["phonemes"]
        durations = parameters.get("durations") or [None] * len(utterances)
        keep_cache = parameters.get("keepCache", False)
        # Once more after the work: the generator's state is an array too.
        mx.random.seed(parameters["seed"])
        self.process.settle(keep_cache)
        before = snapshot()
        mx.reset_peak_memory()
        start = time.perf_counter()
        samples = []
        is_finite = True
        for phonemes, frames in zip(utterances, durations):
            audio = loaded.say(phonemes, parameters["speed"], frames).audio
            mx.synchronize()
            samples.append(sampled(audio))
        seconds = time.perf_counter() - start
        after = snapshot()
        if parameters["warmup"] or parameters["index"] == 0:
            is_finite = bool(mx.all(mx.isfinite(audio)).item())
        del audio
        mx.random.seed(parameters["seed"])
        self.process.settle(keep_cache)
        if not is_finite:
            raise Refusal(
                "bad-checkpoint",
                "The audio that mlx-audio made is not finite.",
                "The checkpoint's weights may be damaged: see `tidemark xray`.",
            )
        peak = max(after["peakBytes"], before["activeBytes"])
        shapes_before = len(self.shapes)
        for phonemes, count in zip(utterances, samples):
            self.shapes.add((loaded.token_count(phonemes), count))
        sample = {
            "index": parameters["index"],
            "warmup": parameters["warmup"],
            "tokens": sum(loaded.token_count(each) for each in utterances),
            "newShapes": len(self.shapes) - shapes_before,
            "activeBeforeBytes": before["activeBytes"],
            "activeBytes": mx.get_active_memory(),
            "peakBytes": peak,
            "cacheBeforeBytes": before["cacheBytes"],
            "cacheBytes": after["cacheBytes"],
            "seconds": seconds,
            "samples": sum(samples),
            "audioSeconds": sum(samples) / loaded.model.sample_rate,
        }
        if "textIndex" in parameters:
            sample["textIndex"] = parameters["textIndex"]
        sample.update(self.heap.figure())
        sample.update(self.process.figures())
        sample.update(device_figure())
        if parameters["index"] == 0:
            self.heap.note()
        return sample

    def heap_sites(self, _):
        return self.heap.grown()

    def synthesize(self, parameters):
        loaded = self.need(parameters)
        if "seed" in parameters:
            mx.random.seed(parameters["seed"])
        output = loaded.say(parameters["phonemes"], parameters["speed"], parameters.get("durations"))
        audio = output.audio.astype(mx.float32).reshape(-1)
        return {
            "audio": base64.b64encode(bytes(memoryview(audio).cast("B"))).decode("ascii"),
            "sampleRate": loaded.model.sample_rate,
        }

    def durations(self, parameters):
        loaded = self.need(parameters)
        mx.random.seed(0)
        return [
            [int(frames) for frames in loaded.say(each, parameters["speed"]).pred_dur.tolist()]
            for each in parameters["phonemes"]
        ]

    def plant(self, parameters):
        return self.planter.plant(parameters["kind"], parameters["index"])

    def layer_transients(self, parameters):
        """Each quantized layer's product alone, as daemon/src/host/layer-transients.ts has it."""
        model = self.need(parameters).model
        self.process.settle()
        tokens = parameters["tokens"]
        return [
            transients_of(path, module, tokens)
            for path, module in model.named_modules()
            if isinstance(module, (nn.QuantizedLinear, nn.QuantizedEmbedding))
        ]

    def unreset_sequence(self, parameters):
        """What was loaded before is let go, so that each model of the sequence stands alone in memory."""
        self.need(parameters, is_loaded=False)
        self.loaded = None
        self.process.settle()
        mx.reset_peak_memory()
        readings = []
        for each in parameters["models"]:
            loaded = Loaded(load_kokoro(each["folder"], None), load_voice(parameters["voiceFile"]))
            mx.random.seed(parameters["seed"])
            for phonemes in parameters["phonemes"]:
                loaded.say(phonemes, parameters["speed"])
            mx.synchronize()
            readings.append({"model": each["model"], "peakBytes": snapshot()["peakBytes"]})
            del loaded
            self.process.settle()
        return {"readings": readings}

    def need(self, parameters, is_loaded=True):
        """What is loaded. Throws a Refusal for a way of speaking that mlx-audio does not have."""
        for name, what in (
            ("deterministic", "speech without the random part"),
            ("graphs", "evaluation stage by stage"),
            ("activations", "activations in another dtype"),
        ):
            if parameters.get(name):
                raise not_supported(what)
        if is_loaded and self.loaded is None:
            raise Refusal("internal", "The model host was asked to speak before it had loaded a model.")
        return self.loaded

    def answer(self, method, parameters):
        methods = {
            "memory": self.memory,
            "phonemes": self.phonemes,
            "load": self.load,
            "resetCache": self.reset_cache,
            "iterate": self.iterate,
            "synthesize": self.synthesize,
            "durations": self.durations,
            "plant": self.plant,
            "layerTransients": self.layer_transients,
            "heapSites": self.heap_sites,
            "unresetSequence": self.unreset_sequence,
        }
        if method not in methods:
            raise not_supported("the request " + method)
        return methods[method](parameters)
