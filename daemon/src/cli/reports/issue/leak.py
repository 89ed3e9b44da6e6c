"""Does active memory grow when the same work is done again and again? Needs nothing but mlx."""

import gc
import sys

import mlx.core as mx

ITERATIONS = 15
LENGTH, CHANNELS = 2_000, 128
KEEP = "--keep" in sys.argv  # keeps an array of each iteration, to show what a leak looks like

mx.random.seed(0)
x = mx.random.normal([1, LENGTH, CHANNELS])
kernel = mx.random.normal([CHANNELS, 3, CHANNELS]) * 0.05
dense = mx.random.normal([CHANNELS, CHANNELS]) * 0.05
packed, scales, biases = mx.quantize(dense, group_size=64, bits=4)
mx.eval(x, kernel, dense, packed, scales, biases)


def work():
    """Operations of the kinds that a text-to-speech network has."""
    h = mx.conv1d(x, kernel, padding=1)
    h = (h - mx.mean(h, axis=1, keepdims=True)) * mx.rsqrt(mx.var(h, axis=1, keepdims=True) + 1e-5)
    h = mx.quantized_matmul(h, packed, scales, biases, transpose=True, group_size=64, bits=4)
    h = h + mx.sin(h @ dense) ** 2
    h = mx.fast.layer_norm(h, None, None, 1e-5)
    state = mx.zeros([1, CHANNELS])
    for step in range(20):  # a recurrence, as in an LSTM
        state = mx.tanh(h[:, step] + mx.sigmoid(state) * state)
    noise = mx.random.uniform(shape=[1, LENGTH])
    return mx.sum(h) + mx.sum(state) + mx.sum(mx.abs(mx.fft.rfft(noise)))


print(f"MLX {mx.__version__} on {mx.default_device()}")
kept = []
active = []
for iteration in range(ITERATIONS + 1):
    mx.reset_peak_memory()
    y = work()
    mx.eval(y)
    mx.synchronize()
    peak = mx.get_peak_memory()
    if KEEP:
        kept.append(y)
    del y
    gc.collect()
    mx.clear_cache()
    name = "warm-up" if iteration == 0 else f"iteration {iteration}"
    print(f"{name:14} active {mx.get_active_memory():12,} B   peak {peak:12,} B")
    if iteration > 0:
        active.append(mx.get_active_memory())
growth = active[-1] - active[0]
per_iteration = growth / (len(active) - 1)
print("Active memory is constant." if growth == 0 else f"Active memory grows by {per_iteration:,.0f} B an iteration.")
