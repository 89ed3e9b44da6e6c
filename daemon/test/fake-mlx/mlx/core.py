"""As much of mlx.core as a memory profiler sees: arrays of bytes, and the allocator's counters over them."""

__version__ = "0.0.fake"

_active = _peak = _cache = 0


def _take(size):
    global _active, _peak, _cache
    _cache = max(0, _cache - size)
    _active += size
    _peak = max(_peak, _active)


class array:
    def __init__(self, size):
        self.size = size
        _take(size)

    def __del__(self):
        global _active, _cache
        _active -= self.size
        _cache += self.size


def eval(*arrays):
    """Evaluates."""


def async_eval(*arrays):
    pass


def clear_cache():
    global _cache
    _cache = 0


def get_active_memory():
    return _active


def get_peak_memory():
    return _peak


def reset_peak_memory():
    global _peak
    _peak = 0


def get_cache_memory():
    return _cache


def default_device():
    return "Device(gpu, 0)"


def device_info():
    return {"device_name": "A device", "memory_size": 1000}
