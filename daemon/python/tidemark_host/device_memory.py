"""What the driver of a GPU counts for this process, as daemon/native/device_memory.cc reads it: nothing is linked or installed."""

import ctypes
import os
import sys


def device_figure():
    """`deviceBytes` where MLX computes on a GPU and its driver says it; empty elsewhere."""
    import mlx.core as mx

    if "gpu" not in str(mx.default_device()):
        return {}
    used = driver_bytes()
    return {} if used is None else {"deviceBytes": used}


class NvmlProcess(ctypes.Structure):
    """nvmlProcessInfo_t of nvml.h."""

    _fields_ = [
        ("pid", ctypes.c_uint),
        ("used_bytes", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    ]


#: What a driver says that keeps the figure to itself.
NOT_AVAILABLE = 2**64 - 1


def nvml_reader():
    """A function that gives the bytes on all GPUs, or None where NVIDIA's management library does not say."""
    library = ctypes.CDLL("libnvidia-ml.so.1")
    if library.nvmlInit_v2() != 0:
        return lambda: None
    processes_of = library.nvmlDeviceGetComputeRunningProcesses_v3

    def read():
        count = ctypes.c_uint()
        if library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
            return None
        found = []
        for index in range(count.value):
            device = ctypes.c_void_p()
            processes = (NvmlProcess * 1024)()
            listed = ctypes.c_uint(len(processes))
            if (
                library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(device)) == 0
                and processes_of(device, ctypes.byref(listed), processes) == 0
            ):
                found += [
                    int(each.used_bytes)
                    for each in processes[: listed.value]
                    if each.pid == os.getpid() and each.used_bytes != NOT_AVAILABLE
                ]
        # In a container the driver may number processes otherwise, and then this one is not found.
        return sum(found) if found else None

    return read


def metal_reader():
    """A function that gives [MTLCreateSystemDefaultDevice() currentAllocatedSize]."""
    metal = ctypes.CDLL("/System/Library/Frameworks/Metal.framework/Metal")
    runtime = ctypes.CDLL("/usr/lib/libobjc.dylib")
    metal.MTLCreateSystemDefaultDevice.restype = ctypes.c_void_p
    runtime.sel_registerName.restype = ctypes.c_void_p
    runtime.sel_registerName.argtypes = [ctypes.c_char_p]
    runtime.objc_msgSend.restype = ctypes.c_uint64
    runtime.objc_msgSend.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    device = metal.MTLCreateSystemDefaultDevice()
    selector = runtime.sel_registerName(b"currentAllocatedSize")
    return lambda: int(runtime.objc_msgSend(device, selector)) if device else None


def driver_reader():
    try:
        return metal_reader() if sys.platform == "darwin" else nvml_reader()
    except (OSError, AttributeError):  # No such library here, or one without these functions.
        return lambda: None


driver_bytes = driver_reader()
