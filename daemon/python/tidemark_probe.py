# SPDX-License-Identifier: MIT
"""Tells `tidemark watch-python` what MLX and this process hold, iteration by iteration.

    tidemark watch-python -- python my_script.py

loads this module by itself and changes nothing else: iterations are recognized by the script's calls of
mx.clear_cache. A script that does not clear the cache once an iteration marks them, in one of three ways:

    import tidemark_probe

    for sentence in tidemark_probe.iterations(sentences):
        speak(sentence)

    with tidemark_probe.iteration():
        speak(sentence)

    speak(sentence)
    tidemark_probe.iteration()  # an iteration ends here

Without watch-python none of them does anything, so a copy of this one file beside a script is all that it needs to run by
itself. Nothing here raises into the script, writes to its streams, or collects garbage.
"""

import os
import sys
import time

__all__ = ["iteration", "iterations"]

#: The folder that events are written to, one file a process; and seconds between samples, where they are taken on a timer.
_FOLDER = "TIDEMARK_PROBE"
_EVERY = "TIDEMARK_PROBE_EVERY"

#: Marks of one place that are written; a program that runs for days is to be sampled on a timer.
_MOST_MARKS = 10_000
#: Places that are told apart.
_MOST_PLACES = 32
#: Of a call, so many of those that called are looked at.
_MOST_FRAMES = 12
#: Objects are counted in the first so many iterations, and from then on while that takes no more than this share of the time.
_COUNTED_AT_LEAST = 32
_COUNTING_SHARE = 0.05


class _Place:
    """Where in the program something was called: `rank` 0 is the script itself, 1 another file of its own, 2 a library."""

    __slots__ = ("name", "rank", "marks", "peak", "cache", "begun")

    def __init__(self, name, rank, now):
        self.name = name
        self.rank = rank
        self.marks = 0
        #: The highest since the place's last mark.
        self.peak = 0
        self.cache = 0
        self.begun = now


class _Probe:
    def __init__(self, folder, every):
        import threading

        self.path = os.path.join(folder, "%d.jsonl" % os.getpid())
        self.every = every
        self.lock = threading.RLock()
        self.start = time.perf_counter()
        #: The functions of MLX as they are by themselves.
        self.mx = None
        self.array = None
        self.places = {}
        self.callers = {}
        self.isMarked = False
        self.isClearedByScript = False
        self.isCleared = False
        self.evals = 0
        self.clears = 0
        self.resets = 0
        #: The most in MLX's cache since the places were last told.
        self.highestCache = 0
        #: What the script's own get_peak_memory has to say of before the probe last reset the peak.
        self.carried = 0
        #: The highest of all.
        self.life = 0
        self.counting = 0.0
        self.counted = 0
        self.isCounting = True
        self.hasToldVersions = False

    # Events

    def emit(self, event, **fields):
        """Writes one line, whole, to a file that is open for no longer: a program may close descriptors that it did not open."""
        import json

        fields["event"] = event
        fields["t"] = time.perf_counter() - self.start
        line = json.dumps(fields).encode("utf-8") + b"\n"
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)

    def begin(self):
        self.emit(
            "start",
            pid=os.getpid(),
            at=time.time(),
            python=sys.version.split()[0],
            executable=sys.executable or "",
        )

    # Figures

    def figures(self):
        """Active memory now. The places are told of the peak and the cache, and the peak begins anew."""
        mx = self.mx
        active = mx["get_active_memory"]()
        # A reset sets it to zero and not to what is active.
        peak = max(mx["get_peak_memory"](), active)
        self.highestCache = max(self.highestCache, mx["get_cache_memory"]())
        self.keep(peak)
        mx["reset_peak_memory"]()
        self.carried = max(self.carried, peak)
        return active

    def keep(self, peak):
        self.life = max(self.life, peak)
        cache, self.highestCache = self.highestCache, 0
        for place in self.places.values():
            if peak > place.peak:
                place.peak = peak
            if cache > place.cache:
                place.cache = cache

    def count(self):
        """Objects that the collector tracks, and arrays among them; nothing once that takes too long."""
        if not self.isCounting:
            return {}
        import gc

        begun = time.perf_counter()
        objects = gc.get_objects()
        found = {"objects": len(objects)}
        if self.array is not None:
            found["arrays"] = list(map(type, objects)).count(self.array)
        del objects
        now = time.perf_counter()
        self.counting += now - begun
        self.counted += 1
        self.isCounting = (
            self.counted < _COUNTED_AT_LEAST or self.counting <= _COUNTING_SHARE * (now - self.start)
        )
        return found

    def mark(self, place):
        """An iteration ends, as far as the place is what marks iterations."""
        now = time.perf_counter()
        if place.marks >= _MOST_MARKS:
            return
        active = self.figures()
        self.tell_versions()
        place.marks += 1
        peak, place.peak = max(place.peak, active), 0
        seconds, place.begun = now - place.begun, now
        cache, place.cache = place.cache, 0
        self.emit(
            "mark",
            place=place.name,
            rank=place.rank,
            mark=place.marks,
            seconds=seconds,
            active=active,
            peak=peak,
            life=self.life,
            cache=cache,
            footprint=_footprint(),
            files=_open_files(),
            evals=self.evals,
            clears=self.clears,
            resets=self.resets,
            **(self.count() if place.rank <= 0 or not (self.isClearedByScript or self.isMarked) else {}),
        )

    def place(self, name, rank):
        found = self.places.get(name)
        if found is None and len(self.places) < _MOST_PLACES:
            found = self.places[name] = _Place(name, rank, self.start)
            found.peak = self.life
        return found

    def caller(self, kind, frame):
        """The place that called: its file and line, and those that called that, since a helper may be called from several."""
        key = [kind]
        calling = frame
        while calling is not None and len(key) < 2 * _MOST_FRAMES:
            key.append(calling.f_code)
            key.append(calling.f_lineno)
            calling = calling.f_back
        key = tuple(key)
        if key in self.callers:
            return self.callers[key]
        file = frame.f_code.co_filename
        if frame.f_globals.get("__name__") == "__main__":
            rank = 0
        else:
            rank = 2 if _is_library(file) else 1
        name = "%s at %s:%d" % (kind, os.path.basename(file), frame.f_lineno)
        outer = frame.f_back
        if outer is not None and not _is_library(outer.f_code.co_filename):
            name += ", called at %s:%d" % (os.path.basename(outer.f_code.co_filename), outer.f_lineno)
        taken = [place for place in self.places.values() if place.name.startswith(name)]
        place = self.place(name if not taken else "%s (%d)" % (name, len(taken) + 1), rank)
        if len(self.callers) < 1024:
            self.callers[key] = place
        return place

    def tell_versions(self):
        """What computes, and with which packages: the script may have chosen by now."""
        if self.hasToldVersions:
            return
        self.hasToldVersions = True
        told = {"mlx": str(self.module.__version__)}
        try:
            told["device"] = str(self.module.default_device())
            ask = getattr(self.module, "device_info", None) or self.module.metal.device_info
            told["info"] = {str(key): value for key, value in ask().items() if isinstance(value, (str, int, float))}
        except Exception:
            pass
        names = {"mlx_audio": "mlx-audio", "mlx_lm": "mlx-lm", "mlx_whisper": "mlx-whisper", "mlx_vlm": "mlx-vlm"}
        loaded = {package for module, package in names.items() if module in sys.modules}
        if loaded:
            from importlib.metadata import PackageNotFoundError, version

            told["packages"] = {}
            for package in sorted(loaded):
                try:
                    told["packages"][package] = version(package)
                except PackageNotFoundError:
                    pass
        self.emit("environment", **told)

    # MLX

    def watch(self, module):
        """Puts this probe's functions in the place of those of mlx.core."""
        if self.mx is not None:
            return
        self.module = module
        metal = getattr(module, "metal", None)
        found = {}
        needed = ("get_active_memory", "get_peak_memory", "reset_peak_memory", "get_cache_memory", "clear_cache", "eval")
        for name in (*needed, "async_eval"):
            function = getattr(module, name, None) or getattr(metal, name, None)
            if callable(function):
                found[name] = function
        missing = [name for name in needed if name not in found]
        self.emit("mlx", version=str(getattr(module, "__version__", "unknown")), missing=missing)
        if missing:
            return
        array = getattr(module, "array", None)
        if isinstance(array, type) and array.__flags__ & (1 << 14):  # Py_TPFLAGS_HAVE_GC
            self.array = array
        self.mx = found
        for name, replaced in (
            ("eval", self.evaluating("eval")),
            ("async_eval", self.evaluating("async_eval")),
            ("clear_cache", self.clearing()),
            ("get_peak_memory", self.peak_reading()),
            ("reset_peak_memory", self.peak_resetting()),
        ):
            for holder in (module, metal):
                if callable(getattr(holder, name, None)):
                    setattr(holder, name, replaced)
        if self.every is not None:
            self.begin_timer()

    def replacing(self, name, function):
        """`function` with the name and the words of the one that it stands for."""
        original = self.mx[name]
        function.__name__ = function.__qualname__ = name
        function.__doc__ = original.__doc__
        function.__module__ = getattr(original, "__module__", None) or "mlx.core"
        function.__wrapped__ = original
        return function

    def evaluating(self, name):
        original = self.mx.get(name)
        if original is None:
            return None
        cache_memory = self.mx["get_cache_memory"]
        frame_of = sys._getframe
        probe = self

        def evaluate(*args, **kwargs):
            result = original(*args, **kwargs)
            probe.evals += 1
            try:
                cache = cache_memory()
                if cache > probe.highestCache:
                    probe.highestCache = cache
                if not (probe.isMarked or probe.isCleared) and probe.every is None:
                    probe.evaluated(name, frame_of(1))
            except Exception:
                pass
            return result

        return self.replacing(name, evaluate)

    def evaluated(self, name, frame):
        with self.lock:
            place = self.caller("mx." + name, frame)
            # A library evaluates as often as it likes.
            if place is not None and place.rank < 2:
                self.mark(place)

    def clearing(self):
        original = self.mx["clear_cache"]
        frame_of = sys._getframe
        probe = self

        def clear_cache(*args, **kwargs):
            try:
                probe.highestCache = max(probe.highestCache, probe.mx["get_cache_memory"]())
            except Exception:
                pass
            result = original(*args, **kwargs)
            try:
                probe.cleared(frame_of(1))
            except Exception:
                pass
            return result

        return self.replacing("clear_cache", clear_cache)

    def cleared(self, frame):
        with self.lock:
            self.clears += 1
            self.isCleared = True
            if self.every is not None or self.isMarked:
                return
            place = self.caller("mx.clear_cache", frame)
            if place is not None:
                self.isClearedByScript = self.isClearedByScript or place.rank == 0
                self.mark(place)

    def peak_reading(self):
        original = self.mx["get_peak_memory"]
        probe = self

        def get_peak_memory(*args, **kwargs):
            return max(original(*args, **kwargs), probe.carried)

        return self.replacing("get_peak_memory", get_peak_memory)

    def peak_resetting(self):
        original = self.mx["reset_peak_memory"]
        probe = self

        def reset_peak_memory(*args, **kwargs):
            try:
                with probe.lock:
                    probe.resets += 1
                    probe.keep(probe.mx["get_peak_memory"]())
                    probe.carried = 0
            except Exception:
                pass
            return original(*args, **kwargs)

        return self.replacing("reset_peak_memory", reset_peak_memory)

    # Timer and end

    def begin_timer(self):
        import threading

        place = self.place("timer", -1)

        def run():
            at = time.perf_counter()
            while not self.isOver.wait(max(0.0, at + self.every - time.perf_counter())):
                at += self.every
                try:
                    with self.lock:
                        self.mark(place)
                except Exception:
                    pass

        self.isOver = threading.Event()
        threading.Thread(target=run, name="tidemark-probe", daemon=True).start()

    def end(self):
        try:
            with self.lock:
                if self.every is not None and self.mx is not None:
                    self.isOver.set()
                if self.mx is not None:
                    self.figures()
                    self.tell_versions()
                self.emit(
                    "end",
                    evals=self.evals,
                    clears=self.clears,
                    resets=self.resets,
                    life=self.life,
                    counting=self.counting,
                )
        except Exception:
            pass


def _footprint():
    """Bytes of this process as the system sees it: phys_footprint on macOS, the resident set on Linux."""
    try:
        if sys.platform == "darwin":
            import ctypes

            # rusage_info_v4 of <sys/resource.h>: 16 bytes of a UUID, then 64-bit figures, of which the eighth is ri_phys_footprint.
            usage = (ctypes.c_uint64 * 64)()
            library = ctypes.CDLL(None)
            return int(usage[9]) if library.proc_pid_rusage(os.getpid(), 4, ctypes.byref(usage)) == 0 else None
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except Exception:
        return None


def _open_files():
    """Descriptors, less the one that this reads them by."""
    try:
        return len(os.listdir("/dev/fd" if sys.platform == "darwin" else "/proc/self/fd")) - 1
    except Exception:
        return None


def _is_library(file):
    if "site-packages" in file or "dist-packages" in file or file.startswith("<frozen"):
        return True
    standard = os.path.dirname(os.__file__)
    return file.startswith(standard + os.sep)


class _Finder:
    """Looks over the shoulder of the import of mlx.core, and is gone once that has been found."""

    def __init__(self, probe):
        self.probe = probe

    def find_spec(self, name, path=None, target=None):
        if name not in ("mlx", "mlx.core"):
            return None
        try:
            spec = None
            for finder in list(sys.meta_path):
                if finder is not self and hasattr(finder, "find_spec"):
                    spec = finder.find_spec(name, path, target)
                    if spec is not None:
                        break
            if spec is None:
                self.probe.emit("missing", module=name)
            elif name == "mlx.core" and spec.loader is not None:
                sys.meta_path.remove(self)
                spec.loader = _Loader(spec.loader, self.probe)
                return spec
        except Exception:
            pass
        return None


class _Loader:
    def __init__(self, loader, probe):
        self._loader = loader
        self._probe = probe

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        try:
            # As if nobody had been here.
            module.__loader__ = module.__spec__.loader = self._loader
            self._probe.watch(module)
        except Exception:
            pass


_probe = None


def _begin():
    """Starts the probe where the environment asks for one; once a process."""
    global _probe
    folder = os.environ.get(_FOLDER)
    if _probe is not None or not folder or not os.path.isdir(folder):
        return
    try:
        every = os.environ.get(_EVERY)
        probe = _Probe(folder, float(every) if every else None)
        probe.begin()
        import atexit

        atexit.register(_end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_leave)
        if "mlx.core" in sys.modules:
            probe.watch(sys.modules["mlx.core"])
        else:
            sys.meta_path.insert(0, _Finder(probe))
        _probe = probe
    except Exception:
        _probe = None


def _end():
    if _probe is not None:
        _probe.end()


def _leave():
    """In a fork: what it holds is no figure of the program's."""
    probe = _probe
    if probe is not None:
        import threading

        # Another thread may have held it, which is not here to let go of it.
        probe.lock = threading.RLock()
        probe.emit = lambda event, **fields: None
        probe.isMarked = True
        probe.every = None
        globals()["_probe"] = None


def _chain(folder):
    """Runs the sitecustomize that the interpreter would have found without the one in `folder`."""
    import importlib.machinery
    import importlib.util

    rest = [each for each in sys.path if os.path.abspath(each or ".") != os.path.abspath(folder)]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    # What it raises is for the interpreter to report, as ever.
    spec.loader.exec_module(module)


class _Iteration:
    def __enter__(self):
        # The call that made this marked an end; it was a beginning.
        _open(retract=True)
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            _mark()
        return False


def _at_mark(work):
    """Calls `work` with the probe and the place of the script's own marks, where those count."""
    probe = _probe
    if probe is None or probe.mx is None or probe.every is not None:
        return
    try:
        with probe.lock:
            probe.isMarked = True
            place = probe.place("iteration()", -1)
            if place is not None:
                work(probe, place)
    except Exception:
        pass


def _open(retract=False):
    def open_at(probe, place):
        active = probe.figures()
        place.peak = active
        place.cache = 0
        place.begun = time.perf_counter()
        if retract and place.marks > 0:
            place.marks -= 1
        probe.emit(
            "begin",
            place=place.name,
            retract=retract,
            active=active,
            evals=probe.evals,
            resets=probe.resets,
        )

    _at_mark(open_at)


def _mark():
    _at_mark(lambda probe, place: probe.mark(place))


def iteration():
    """Marks the end of an iteration; or, in a `with` statement, an iteration from its beginning to its end.

    One that ends with an exception does not count.
    """
    _mark()
    return _Iteration()


def iterations(iterable):
    """Yields what `iterable` does; each turn of the loop over it is an iteration. One that is left early does not count."""
    for item in iterable:
        _open()
        yield item
        _mark()


_begin()
