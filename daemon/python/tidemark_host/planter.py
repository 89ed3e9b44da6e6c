"""Leaks that are planted on purpose, so that the leak check can be checked."""

import ctypes
import os
import sys

import mlx.core as mx

from .refusal import not_supported

KIBIBYTE = 2**10
MEBIBYTE = 2**20


class Planter:
    """Plants leaks on purpose, one kind at a time, and gives by how much the channel that should show it has grown."""

    def __init__(self):
        self.arrays = []
        self.lists = []
        self.files = []
        self.malloc = ctypes.CDLL(None).malloc
        self.malloc.restype = ctypes.c_void_p
        self.malloc.argtypes = [ctypes.c_size_t]

    def plant(self, kind, index):
        if kind == "tensor-4-bytes":
            return self.keep(4)
        if kind == "tensor-16-kibibytes":
            return self.keep(16 * KIBIBYTE)
        if kind == "tensor-1-mebibyte":
            return self.keep(MEBIBYTE)
        if kind == "every-third-iteration":
            return self.keep(16 * KIBIBYTE) if index % 3 == 2 else 0
        if kind == "one-step":
            return self.keep(MEBIBYTE) if index == 8 else 0
        if kind == "bounded-cache":
            grown = self.keep(64 * KIBIBYTE)
            before = mx.get_active_memory()
            if len(self.arrays) > 6:
                del self.arrays[0]
            return grown + mx.get_active_memory() - before
        if kind in ("growing-cache", "limited-cache"):
            # Larger than every one before, by a page as the allocators for GPUs count, so that they can reuse none of them.
            size = MEBIBYTE + 16 * KIBIBYTE * index
            array_of(size)
            return size
        if kind == "reference-cycle":
            cycle = {"array": array_of(4)}
            cycle["itself"] = cycle
            return 1
        if kind == "python-object":
            self.lists.append([index + place / 2048 for place in range(2048)])
            return sys.getsizeof(self.lists[-1])
        if kind == "native-malloc":
            # Nobody knows of it any more, Python neither.
            ctypes.memset(self.malloc(MEBIBYTE), 1, MEBIBYTE)
            return MEBIBYTE
        if kind == "file-descriptor":
            self.files.append(os.open(os.devnull, os.O_RDONLY))
            return 1
        if kind in ("varying-lengths", "nothing"):
            return 0
        raise not_supported("the plant " + kind)

    def keep(self, size):
        before = mx.get_active_memory()
        self.arrays.append(array_of(size))
        mx.synchronize()
        return mx.get_active_memory() - before


def array_of(size):
    """An evaluated array with memory of its own."""
    array = mx.ones((size // 4,), dtype=mx.float32) * 1
    mx.eval(array)
    return array
