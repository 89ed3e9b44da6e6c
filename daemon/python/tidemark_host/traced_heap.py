"""Python's own heap, by tracemalloc: what is alive of all that was allocated since a run began, and which lines allocated it."""

import tracemalloc

#: Lines that are named.
MOST_SITES = 5


class TracedHeap:
    def __init__(self):
        self.noted = {}

    def trace(self, is_wanted):
        """Begins anew, or ends: traces of what was allocated before are dropped."""
        tracemalloc.stop()
        self.noted = {}
        if is_wanted:
            tracemalloc.start()

    def figure(self):
        return {"pythonHeapBytes": tracemalloc.get_traced_memory()[0]} if tracemalloc.is_tracing() else {}

    def note(self):
        """What later growth is counted from."""
        self.noted = sites()

    def grown(self):
        """The lines that hold more than was noted, the first most of all."""
        before = self.noted
        grown = [
            {"file": file, "line": line, "bytes": size - was[0], "count": count - was[1]}
            for (file, line), (size, count) in sites().items()
            for was in (before.get((file, line), (0, 0)),)
            if size > was[0]
        ]
        return sorted(grown, key=lambda each: -each["bytes"])[:MOST_SITES]


def sites():
    if not tracemalloc.is_tracing():
        return {}
    found = {}
    for each in tracemalloc.take_snapshot().statistics("lineno"):
        frame = each.traceback[0]
        # What this needs itself is none of the program's.
        if frame.filename not in (__file__, tracemalloc.__file__):
            found[frame.filename, frame.lineno] = (each.size, each.count)
    return found
