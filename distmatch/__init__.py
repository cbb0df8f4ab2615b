"""Unsupervised translation by distribution matching: find a simple f with f(X) distributed like Y, in bits.

Public names are imported when first used, so that `import distmatch` is fast and needs no optional package.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "InputError": "distmatch.errors",
    "Match": "distmatch.matching.match",
    "Ciphertext": "distmatch.ciphers.reading",
    "read_ciphertext": "distmatch.ciphers.reading",
    "encipher": "distmatch.ciphers.encipher",
    "Alphabet": "distmatch.text.alphabet",
    "fold": "distmatch.text.alphabet",
    "Language": "distmatch.languages.language",
    "load_language": "distmatch.languages.language",
    "Key": "distmatch.maps.key",
    "KeySearch": "distmatch.matching.keysearch",
    "decipher": "distmatch.matching.decipher",
    "Decipher": "distmatch.matching.decipher",
    "Decipherment": "distmatch.matching.decipher",
    "SoftKey": "distmatch.matching.softkey",
    "WordLexicon": "distmatch.matching.wordlexicon",
    "JointModel": "distmatch.matching.jointmodel",
    "joint_words": "distmatch.matching.jointwords",
    "alignment_code": "distmatch.compression.vectorcode",
    "ContextMixing": "distmatch.compression.mixing",
    "Mixture": "distmatch.compression.mixture",
    "NgramCode": "distmatch.compression.ngramcode",
    "compress_files": "distmatch.compression.coders",
    "decompress": "distmatch.compression.coders",
    "joint_code": "distmatch.matching.joint",
    "JointCode": "distmatch.matching.joint",
    "decode": "distmatch.matching.joint",
    "SymbolSearch": "distmatch.matching.symbolsearch",
    "SymbolModel": "distmatch.languages.symbols",
    "Relabelling": "distmatch.maps.relabelling",
    "parse_crib": "distmatch.matching.cribs",
    "align": "distmatch.matching.align",
    "Auto": "distmatch.matching.auto",
    "SelfLearning": "distmatch.matching.selflearning",
    "SortedSimilarity": "distmatch.matching.sortedsimilarity",
    "Procrustes": "distmatch.matching.procrustes",
    "Embeddings": "distmatch.embeddings.embeddings",
    "LinearMap": "distmatch.maps.linear",
    "Lexicon": "distmatch.retrieval.lexicon",
    "translate_words": "distmatch.retrieval.lexicon",
    "Dictionary": "distmatch.retrieval.dictionary",
    "Evaluation": "distmatch.retrieval.dictionary",
    "evaluate": "distmatch.retrieval.dictionary",
    "SkipGram": "distmatch.embeddings.skipgram",
    "Spectral": "distmatch.embeddings.spectral",
    "from_gensim": "distmatch.embeddings.formats",
    "to_gensim": "distmatch.embeddings.formats",
    "Adversarial": "distmatch.matching.adversarial",
    "discriminator_divergence": "distmatch.transport.discriminator",
    "WordByWord": "distmatch.retrieval.decoding",
    "WordNgram": "distmatch.languages.wordngram",
    "nearest": "distmatch.retrieval.neighbours",
    "csls": "distmatch.retrieval.scoring",
    "sinkhorn": "distmatch.transport.sinkhorn",
    "Coupling": "distmatch.transport.coupling",
    "gromov_wasserstein": "distmatch.transport.gromov",
    "GromovResult": "distmatch.transport.gromov",
    "procrustes": "distmatch.transport.procrustes",
    "sinkhorn_divergence": "distmatch.transport.divergence",
    "sliced_wasserstein": "distmatch.transport.divergence",
    "maximum_mean_discrepancy": "distmatch.transport.divergence",
    "ProximalGromov": "distmatch.matching.gromov",
    "WassersteinProcrustes": "distmatch.matching.wasserstein",
    "ProfileGromov": "distmatch.matching.profilegromov",
    "run_benchmark": "distmatch.benchmark.runner",
    "report": "distmatch.benchmark.report",
}
__all__ = sorted(_PUBLIC)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'distmatch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
