"""The language of an article, by langdetect: seeded, on enough text, and silent when unsure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

ENOUGH = 60
"""Characters: langdetect changes its mind on 4 of 15 lines shorter than this between runs."""
SAMPLE = 3000
SURE = 0.8
_SCRIPTS = {"zh-cn": "zh", "zh-tw": "zh"}


def language_of(text: str) -> str | None:
    """ISO 639-1 code of the text's language, or None when there is too little text or no sure answer."""
    sample = text[:SAMPLE]
    if len(sample) < ENOUGH and not any("\u3040" <= c <= "\u9fff" for c in sample):
        return None
    from langdetect.lang_detect_exception import LangDetectException  # slow to import

    detector = _factory().create()
    detector.seed = 0
    detector.append(sample)
    try:
        best = detector.get_probabilities()
    except LangDetectException:
        return None
    if not best or best[0].prob < SURE:
        return None
    return _SCRIPTS.get(best[0].lang, str(best[0].lang))


@lru_cache(maxsize=1)
def _factory() -> Any:
    """Langdetect's profiles, read once a process, in a factory of our own so that no seed is global."""
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    return factory
