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
    "encipher": "distmatch.matching.encipher",
    "Alphabet": "distmatch.text.alphabet",
    "fold": "distmatch.text.alphabet",
    "Language": "distmatch.languages.language",
    "load_language": "distmatch.languages.language",
    "Key": "distmatch.maps.key",
    "KeySearch": "distmatch.matching.keys.substitution",
    "decipher": "distmatch.matching.decipher",
    "identify": "distmatch.matching.identify",
    "score": "distmatch.matching.knownkey",
    "parse_key": "distmatch.matching.knownkey",
    "apply_key": "distmatch.matching.knownkey",
    "Decipher": "distmatch.matching.decipher",
    "Decipherment": "distmatch.matching.decipher",
    "SoftKey": "distmatch.matching.symbols.softkey",
    "WordLexicon": "distmatch.matching.symbols.softlexicon",
    "JointModel": "distmatch.matching.joint.jointmodel",
    "joint_words": "distmatch.matching.joint.jointwords",
    "alignment_code": "distmatch.compression.vectorcode",
    "ContextMixing": "distmatch.compression.mixing",
    "Mixture": "distmatch.compression.mixture",
    "NgramCode": "distmatch.compression.ngramcode",
    "compress_files": "distmatch.compression.coders",
    "decompress": "distmatch.compression.coders",
    "joint_code": "distmatch.matching.joint.jointcode",
    "JointCode": "distmatch.matching.joint.jointcode",
    "decode": "distmatch.matching.joint.jointcode",
    "SymbolSearch": "distmatch.matching.symbols.search",
    "SymbolModel": "distmatch.languages.symbols",
    "Relabelling": "distmatch.maps.relabelling",
    "parse_crib": "distmatch.ciphers.cribs",
    "align": "distmatch.matching.align",
    "Auto": "distmatch.matching.vectors.auto",
    "SelfLearning": "distmatch.matching.vectors.selflearning",
    "SortedSimilarity": "distmatch.matching.vectors.sortedsimilarity",
    "Procrustes": "distmatch.matching.vectors.supervised",
    "Embeddings": "distmatch.embeddings.embeddings",
    "LinearMap": "distmatch.maps.linear",
    "CouplingMap": "distmatch.maps.couplingmap",
    "Lexicon": "distmatch.retrieval.lexicon",
    "translate_words": "distmatch.retrieval.lexicon",
    "Dictionary": "distmatch.retrieval.dictionary",
    "Evaluation": "distmatch.retrieval.dictionary",
    "evaluate": "distmatch.retrieval.dictionary",
    "SkipGram": "distmatch.embeddings.skipgram",
    "Spectral": "distmatch.embeddings.spectral",
    "from_gensim": "distmatch.embeddings.keyedvectors",
    "to_gensim": "distmatch.embeddings.keyedvectors",
    "Adversarial": "distmatch.matching.vectors.adversarial",
    "discriminator_divergence": "distmatch.transport.discriminator",
    "WordByWord": "distmatch.translation.wordbyword",
    "WordTrigram": "distmatch.languages.wordtrigram",
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
    "ProximalGromov": "distmatch.matching.vectors.proximalgromov",
    "WassersteinProcrustes": "distmatch.matching.vectors.wasserstein",
    "ProfileGromov": "distmatch.matching.vectors.profilegromov",
    "GromovCoupling": "distmatch.matching.vectors.gromovcoupling",
    "run_benchmark": "distmatch.benchmark.runner",
    "report": "distmatch.benchmark.reporting",
}
__all__ = sorted(_PUBLIC)  # pyright: ignore[reportUnsupportedDunderAll]


_EXTRAS = {
    "torch": "align", "safetensors": "align", "ot": "align", "sentencepiece": "align", "constriction": "compress",
    "joblib": "benchmark", "fastjsonschema": "benchmark",
}  # fmt: skip
"""Package to the extra that installs it."""


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        try:
            return getattr(importlib.import_module(_PUBLIC[name]), name)
        except ModuleNotFoundError as error:
            package = str(error.name).partition(".")[0]
            if package not in _EXTRAS:
                raise
            return _absent(name, package)
    raise AttributeError(f"module 'distmatch' has no attribute {name!r}")


def _absent(name: str, package: str) -> Any:
    """What stands for a public name whose package is not installed: it can be imported, and names the remedy when called."""
    from distmatch.errors import install_command, missing_package

    def absent(*_: Any, **__: Any) -> Any:
        raise missing_package(package, _EXTRAS[package])

    absent.__name__ = absent.__qualname__ = name
    absent.__doc__ = (
        f"Not installed: needs the package {package!r}. Run: {install_command(_EXTRAS[package])}"
    )
    return absent


def __dir__() -> list[str]:
    return __all__
