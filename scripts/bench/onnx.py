"""Says phonemes with an ONNX Kokoro in onnxruntime, and measures each iteration.

Reads a job, one JSON document, from stdin: model, vocabulary and voice (paths), phonemes, iterations. Writes the result as JSON.
"""

import json
import struct
import sys
import time

import numpy
import onnxruntime


def styles_of(path):
    """The tensor `voice` [lengths, 1, style] of a safetensors file in float32."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        entry = json.loads(file.read(size))["voice"]
        assert entry["dtype"] == "F32", entry
        begin, end = entry["data_offsets"]
        file.seek(8 + size + begin)
        return numpy.frombuffer(file.read(end - begin), numpy.float32).reshape(entry["shape"])


def main():
    job = json.load(sys.stdin)
    with open(job["vocabulary"], encoding="utf-8") as file:
        vocabulary = json.load(file)["vocab"]
    tokens = [vocabulary[letter] for letter in job["phonemes"] if letter in vocabulary]
    inputs = {
        "tokens": numpy.array([[0, *tokens, 0]], numpy.int64),
        "style": styles_of(job["voice"])[len(tokens) - 1],
        "speed": numpy.ones(1, numpy.float32),
    }
    session = onnxruntime.InferenceSession(job["model"], providers=["CPUExecutionProvider"])
    # The first one is a warm-up.
    iterations = []
    for _ in range(1 + job["iterations"]):
        started = time.perf_counter()
        (audio,) = session.run(None, inputs)
        iterations.append({"seconds": time.perf_counter() - started, "samples": audio.size})
    versions = {"onnxruntime": onnxruntime.__version__, "python": sys.version.split()[0]}
    json.dump({"versions": versions, "iterations": iterations[1:]}, sys.stdout)


main()
