"""Errors on their way to whoever asked."""

import traceback


class Refusal(Exception):
    """An error that a person can mend, as a TidemarkError: a code, a sentence, and what to do next."""

    def __init__(self, code, message, hint=None):
        super().__init__(message)
        self.code = code
        self.hint = hint


def not_supported(what):
    return Refusal(
        "bad-input",
        "The engine mlx-audio does not support " + what + ".",
        "Use --engine tidemark for it.",
    )


def failure_of(error):
    code = "internal"
    if isinstance(error, Refusal):
        code = error.code
    elif isinstance(error, MemoryError) or any(
        words in str(error).lower() for words in ("unable to allocate", "out of memory", "maximum allowed buffer size")
    ):
        code = "out-of-memory"
    stack = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    failure = {"code": code, "message": str(error) or type(error).__name__, "stack": stack}
    hint = getattr(error, "hint", None)
    if code == "out-of-memory":
        hint = "Close other programs, or use a shorter text or a smaller model."
    if hint is not None:
        failure["hint"] = hint
    return failure
