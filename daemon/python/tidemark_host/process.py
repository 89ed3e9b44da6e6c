"""The process as the system, Python and MLX see it, and what it runs on."""

import ctypes
import gc
import os
import platform
import sys
from importlib import metadata

import mlx.core as mx


def footprint_reader():
    """A function that gives the footprint in bytes: phys_footprint on macOS, the resident set on Linux."""
    if sys.platform == "darwin":
        system = ctypes.CDLL("/usr/lib/libSystem.dylib")
        # struct rusage_info_v0 of libproc: 16 bytes of UUID, seven counters, then ri_phys_footprint, and two more.
        usage = (ctypes.c_uint64 * 11)()
        pid = os.getpid()

        def phys_footprint():
            if system.proc_pid_rusage(pid, 0, usage) != 0:
                raise OSError("proc_pid_rusage failed")
            return int(usage[9])

        return phys_footprint
    page = os.sysconf("SC_PAGE_SIZE")

    def resident():
        # Not by open(): the text that it reads stays traced by tracemalloc when it is freed, 67 bytes each time in Python 3.11.
        statm = os.open("/proc/self/statm", os.O_RDONLY)
        try:
            return int(os.read(statm, 256).split()[1]) * page
        finally:
            os.close(statm)

    return resident


footprint_bytes = footprint_reader()


def trimmer():
    """A function that returns what the C allocator holds free, where there is one: it keeps the footprint from wandering."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            return lambda: trim(0)
    return lambda: None


release_free_memory = trimmer()


def open_files():
    """The system's own list, less the descriptor that reads it."""
    return len(os.listdir("/proc/self/fd" if sys.platform == "linux" else "/dev/fd")) - 1


def arrays_alive():
    """MLX's arrays that Python refers to. Those that only a graph inside MLX holds are not among them."""
    array = mx.array
    return sum(1 for each in gc.get_objects() if type(each) is array)


class Process:
    """What this process holds, and what its collector has had to find."""

    def __init__(self):
        self.found_arrays = 0

    def settle(self, keep_cache=False):
        """Leaves nothing pending and nothing cached, so that active memory is what is held and no more."""
        before = arrays_alive()
        gc.collect()
        # What the first collection's finalizers let go of.
        gc.collect()
        self.found_arrays += before - arrays_alive()
        mx.synchronize()
        if not keep_cache:
            mx.clear_cache()
        release_free_memory()

    def figures(self):
        footprint = footprint_bytes()
        files = open_files()
        tracked = gc.get_objects()
        array = mx.array
        figures = {
            "footprintBytes": footprint,
            "openFileDescriptors": files,
            "liveTensors": sum(1 for each in tracked if type(each) is array),
            "undisposedTensors": self.found_arrays,
            "trackedObjects": len(tracked),
            "heapBytes": sum(sys.getsizeof(each, 0) for each in tracked),
        }
        del tracked
        return figures


def snapshot():
    return {
        "activeBytes": mx.get_active_memory(),
        # A reset sets the peak to zero and not to what is active.
        "peakBytes": max(mx.get_peak_memory(), mx.get_active_memory()),
        "cacheBytes": mx.get_cache_memory(),
    }


def blas_library():
    """The library of the CPU's matrix products, by what is mapped into this process."""
    if sys.platform == "darwin":
        return "Accelerate"
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            names = {os.path.basename(line.split()[-1]) for line in maps if "blas" in line.lower()}
    except OSError:
        names = set()
    return ", ".join(sorted(names)) or "unknown"


def processor_name():
    if sys.platform == "linux":
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as info:
            for line in info:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine() or "unknown"


def device_record():
    reader = getattr(mx, "device_info", None) or getattr(getattr(mx, "metal", None), "device_info", None)
    try:
        info = {name: value for name, value in reader().items() if isinstance(value, (str, int, float))}
    except Exception:  # Not every build of MLX can say it.
        info = {}
    architectures = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}
    machine = platform.machine()
    return {
        "type": "gpu" if "gpu" in str(mx.default_device()) else "cpu",
        "name": str(info.get("device_name") or processor_name()),
        "platform": sys.platform,
        "architecture": architectures.get(machine.lower(), machine),
        "cores": os.cpu_count() or 1,
        "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "info": info,
    }


PACKAGES = ("mlx", "mlx-audio", "mlx-metal", "mlx-cpu", "mlx-cuda", "numpy", "misaki", "phonemizer-fork", "spacy")
"""Whose versions say what is measured, where they are installed."""


def versions(asked_by):
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "tidemark": asked_by["tidemark"],
        "node": asked_by["node"],
        "mlx": getattr(mx, "__version__", None) or packages.get("mlx", "unknown"),
        "blas": blas_library(),
        "python": platform.python_version(),
        "packages": packages,
    }
