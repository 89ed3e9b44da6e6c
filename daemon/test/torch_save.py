"""Writes a tensor as torch.save does, without PyTorch: torch_save.py FILE DTYPE SHAPE [FAULT], with values i / 8.

The pickle is CPython's own and the archive zipfile's; what they hold follows torch/serialization.py (`_save`).
"""

import collections
import pickle
import struct
import sys
import types
import zipfile


def module(name, **members):
    made = types.ModuleType(name)
    for key, value in members.items():
        value.__module__, value.__qualname__ = name, key
        setattr(made, key, value)
    sys.modules[name] = made


module("torch", **{f"{kind}Storage": type(f"{kind}Storage", (), {}) for kind in ("Float", "Half", "BFloat16", "Long")})
module("torch._utils", _rebuild_tensor_v2=lambda *parameters: None)
FORMATS = {
    "float32": ("Float", lambda values: struct.pack(f"<{len(values)}f", *values)),
    "float16": ("Half", lambda values: struct.pack(f"<{len(values)}e", *values)),
    "bfloat16": ("BFloat16", lambda values: b"".join(struct.pack("<f", value)[2:] for value in values)),
    "int64": ("Long", lambda values: struct.pack(f"<{len(values)}q", *map(int, values))),
}


class Storage:
    def __init__(self, kind, count):
        self.kind, self.count = kind, count


class Tensor:
    def __init__(self, storage, shape, stride):
        self.storage, self.shape, self.stride = storage, shape, stride

    def __reduce__(self):
        hooks = collections.OrderedDict()
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (self.storage, 0, self.shape, self.stride, False, hooks)


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, Storage):
            storage_type = getattr(sys.modules["torch"], f"{value.kind}Storage")
            return ("storage", storage_type, "0", "cpu", value.count)
        return None


class Evil:
    def __reduce__(self):
        return print, ("the pickle was run",)


path, dtype, shape, fault = (*sys.argv[1:4], sys.argv[4] if len(sys.argv) > 4 else "")
shape = tuple(map(int, shape.split(",")))
count = 1
strides = []
for size in reversed(shape):
    strides.insert(0, count)
    count *= size
if fault == "transposed":
    strides.reverse()
kind, pack = FORMATS[dtype]
tensor = Tensor(Storage(kind, count), shape, tuple(strides))
saved = {"evil": Evil(), "dictionary": {"voice": tensor}}.get(fault, tensor)
with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if fault == "compressed" else zipfile.ZIP_STORED) as archive:
    with archive.open("own/data.pkl", "w") as file:
        Pickler(file, protocol=2).dump(saved)
    archive.writestr("own/byteorder", "big" if fault == "big-endian" else "little")
    data = pack([index / 8 for index in range(count)])
    archive.writestr("own/data/0", data[:-1] if fault == "short" else data)
    archive.writestr("own/version", "3\n")
