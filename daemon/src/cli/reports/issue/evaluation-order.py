"""The peak of one evaluation depends on the order in which MLX walks the graph. Needs nothing but mlx."""

import os
import subprocess
import sys

BRANCHES = 16  # residual branches over the same input, added up in pairs
STEPS = 6  # operations in each
LENGTH, CHANNELS = 20_000, 128  # of every array: 10.24 MB in float32


def measure(in_parts):
    import mlx.core as mx

    mx.random.seed(0)
    x = mx.random.normal([LENGTH, CHANNELS])
    mx.eval(x)

    def branch(k):
        h = x
        for step in range(STEPS):
            h = h + mx.sin(h * (k + step))
        return h

    def total(first, count):
        if count == 1:
            y = branch(first + 1)
        else:
            half = count // 2
            y = total(first, half) + total(first + half, count - half)
        if in_parts:
            mx.eval(y)  # depth first: a branch is done before the next one begins
        return y

    mx.synchronize()
    mx.clear_cache()
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    y = total(0, BRANCHES)
    mx.eval(y)
    mx.synchronize()
    peak = mx.get_peak_memory() - before
    print(f"{peak / 1e6:8.1f} MB {peak / x.nbytes:6.1f} arrays   sum {mx.sum(y).item():.3f}")


if len(sys.argv) > 1:
    measure(sys.argv[1] == "parts")
    sys.exit()

import mlx.core as mx

print(f"MLX {mx.__version__} on {mx.default_device()}")
WAYS = [
    ("MLX by itself", "whole", None),
    ("MLX_BFS_MAX_WIDTH=1", "whole", "1"),
    ("MLX_BFS_MAX_WIDTH=20", "whole", "20"),
    ("mx.eval of each part, depth first", "parts", None),
]
for name, how, width in WAYS:
    # MLX reads the variable once, so each way has a process of its own.
    environment = {key: value for key, value in os.environ.items() if key != "MLX_BFS_MAX_WIDTH"}
    if width is not None:
        environment["MLX_BFS_MAX_WIDTH"] = width
    print(f"{name:36}", end="", flush=True)
    subprocess.run([sys.executable, __file__, how], env=environment, check=True)
