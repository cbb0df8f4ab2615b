"""BLEU and chrF against references."""

from __future__ import annotations

from typing import Any

from distmatch.errors import missing_package


def scores(translations: list[str], references: list[str]) -> dict[str, Any]:
    """BLEU and chrF of sacrebleu, lower-cased, with BLEU's signature.

    Raises:
        InputError: sacrebleu is not installed.
    """
    try:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
    except ModuleNotFoundError:
        raise missing_package("sacrebleu", "align") from None
    # Forced: text that ends in " ." was written so, or is ours, and a warning on it is no help.
    bleu, chrf = BLEU(lowercase=True, force=True), CHRF(lowercase=True)
    return {
        "bleu": round(bleu.corpus_score(translations, [references]).score, 2),
        "chrf": round(chrf.corpus_score(translations, [references]).score, 2),
        "signature": str(bleu.get_signature()),
    }
