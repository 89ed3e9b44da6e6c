"""The model host of the engine mlx-audio: answers Tidemark's requests, JSON lines on standard input and output.

The messages are those of daemon/src/host/messages.ts. The one argument is a JSON object {tidemark, node}: the versions of
the program that asks. What mlx-audio and its libraries print goes to standard error. The process ends when its standard
input closes, in the midst of work too. Needs Python 3.9 or later, and mlx-audio; nothing else.
"""

import json
import os
import queue
import signal
import sys
import threading

from tidemark_host.refusal import Refusal, failure_of


def take_output():
    """A file for the answers; what is printed from now on, by a library in C too, goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def start_reading():
    """Requests as they come. A thread reads them, so that this process ends with its parent in the midst of work too."""
    requests = queue.Queue()

    def read():
        for line in sys.stdin:
            requests.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return requests


def import_engine():
    """Throws a Refusal for a Python that has no mlx-audio, or one that does not work."""
    python = sys.executable
    try:
        import mlx_audio  # noqa: F401
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "mlx_audio":
            raise broken(python, error) from error
        raise Refusal(
            "python",
            "The Python at " + python + " has no mlx-audio.",
            "Install it there with `" + python + " -m pip install mlx-audio`, or leave out --python: Tidemark then makes an environment of its own.",
        ) from error
    except Exception as error:
        raise broken(python, error) from error
    try:
        import mlx.core as mx
        import mlx_audio.tts.models.kokoro.kokoro  # noqa: F401

        mx.eval(mx.ones((1,)))
    except Exception as error:
        raise broken(python, error) from error


def broken(python, error):
    words = " ".join(str(error).split()) or "no message"
    return Refusal(
        "python",
        "mlx-audio in " + python + " cannot be used: " + type(error).__name__ + ": " + words,
        "Reinstall it with `" + python + " -m pip install --force-reinstall mlx-audio`, or leave out --python: Tidemark then makes an environment of its own.",
    )


def main():
    # Ctrl-C in a terminal reaches the whole process group; the parent decides what becomes of this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = take_output()

    def send(**message):
        answers.write(json.dumps(message, allow_nan=False) + "\n")
        answers.flush()

    try:
        requests = start_reading()
        import_engine()
        # Not before it is known that MLX can be imported.
        from tidemark_host.process import device_record, versions
        from tidemark_host.session import Session

        session = Session()
        description = {"pid": os.getpid(), "device": device_record(), "versions": versions(json.loads(sys.argv[1]))}
    except Exception as error:
        send(type="unusable", failure=failure_of(error))
        return
    send(type="ready", description=description)
    while True:
        request = requests.get()
        try:
            result = session.answer(request["method"], request["parameters"])
            send(type="result", id=request["id"], result=result)
        except Exception as error:
            send(type="failure", id=request["id"], failure=failure_of(error))


if __name__ == "__main__":
    main()
