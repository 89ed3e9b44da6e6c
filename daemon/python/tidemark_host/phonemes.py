"""What mlx-audio's own pipeline makes of a text: its phonemes by misaki, where that is installed."""

import importlib.util
import sys


def phonemes_of(texts, british):
    """`phonemes`, the utterances of each text; without them where misaki is not installed; `unusable` where it is, and fails."""
    if importlib.util.find_spec("misaki") is None:
        return {}
    try:
        pipeline = pipeline_for(british)
        # Without a model it gives phonemes, cut into utterances as for speech, and no audio; then the voice is not looked at.
        said = [[each.phonemes for each in pipeline(text, voice="af_heart")] for text in texts]
    except Exception as error:
        words = " ".join(str(error).split()) or "no message"
        return {"unusable": words if isinstance(error, NotDownloaded) else type(error).__name__ + ": " + words}
    answer = {"phonemes": said}
    if getattr(pipeline.g2p, "fallback", None) is None:
        answer["note"] = "misaki found no eSpeak NG: it leaves out words that are not in its dictionary."
    return answer


class NotDownloaded(Exception):
    pass


def pipeline_for(british):
    """As mlx-audio's Model makes one."""
    refuse_downloads()
    from mlx_audio.tts.models.kokoro.pipeline import KokoroPipeline

    return KokoroPipeline(lang_code="b" if british else "a", model=False, repo_id="prince-canuma/Kokoro-82M")


def refuse_downloads():
    """misaki has spaCy install a model that is missing into this Python, by pip; what is measured is left as it is."""
    try:
        import spacy
    except ImportError:
        return

    def download(model, *_, **__):
        raise NotDownloaded(
            "spaCy's model " + model + " is not installed (`" + sys.executable + " -m spacy download " + model + "`)"
        )

    spacy.cli.download = download
