"""Vectors: 50-d word vectors of UBiLexAT (Zhang et al. 2017), and text embeddings of Multi30k captions."""

import sys

from fetching import File, main, under

UBILEXAT = "made from the data of UBiLexAT (Zhang et al. 2017, http://nlp.csai.tsinghua.edu.cn/~zm/UBiLexAT/), packed with xz"
CAPTIONS = "computed from Multi30k captions by all-MiniLM-L6-v2 and WordLlama, float16 unit rows"
LICENCE = "Apache-2.0 (UBiLexAT, MiniLM), MIT (WordLlama)"
FILES = [
    File(path, note=CAPTIONS if "text-embeddings" in path else UBILEXAT) for path in under("vectors/")
]  # fmt: skip

if __name__ == "__main__":
    sys.exit(main("Word vectors and text embeddings.", LICENCE, FILES))
