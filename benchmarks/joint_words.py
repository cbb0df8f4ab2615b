"""Rerun the figures of docs/results/joint.md on words and vectors: Δ with the lexicon or the rotation paid for.

    python benchmarks/joint_words.py [--data ../shared/data] [--only cipher,files,captions,vectors,soft] [--seeds 2]

cipher: the V most frequent words of a stretch of `corpora/en` permuted, the rest one known sign; X is the text before it.
files: a stretch of a novel with every word a number, as a file, after the other half of the novel: `compress --map lexicon`.
captions: the halves of Multi30k, English and French or German, unpaired. vectors: es-en with the rotation fitted on the dictionary.
soft: `SoftKey` on enciphered letters, the other half of the novel as X. CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from pathlib import Path

import numpy as np
from novels import letters, long_novels

from distmatch.files import read_text
from distmatch.languages.symbols import SymbolModel
from distmatch.matching.joint.jointwords import joint_words
from distmatch.matching.symbols.softlexicon import WordLexicon
from distmatch.text.alphabet import fold


def numbered(words: list[str], most: int) -> tuple[np.ndarray, list[str]]:
    """Words by rank, all but the `most` frequent being one sign."""
    names = [word for word, _ in Counter(words).most_common(most)]
    place = {word: k for k, word in enumerate(names)}
    return np.array([place.get(word, len(names)) for word in words]), names


def cipher_rows(data: Path, seeds: int) -> list[dict]:
    """Share of tokens read, the known sign left out, and Δ."""
    words = fold(read_text(data / "corpora" / "en.txt.xz")).split()
    rows = []
    for vocabulary, before, n, delta in (
        (500, 3_500_000, 100_000, False),
        (500, 3_500_000, 20_000, False),
        (500, 300_000, 60_000, True),
    ):
        for seed in range(seeds):
            start = len(words) - (seed + 1) * 100_000
            x, names = numbered(words[max(start - before, 0) : start], vocabulary)
            place = {word: k for k, word in enumerate(names)}
            plain = np.array([place.get(w, vocabulary) for w in words[start : start + n]])
            key = np.append(np.random.default_rng(seed).permutation(vocabulary), vocabulary)
            y, size = key[plain], vocabulary + 1
            known = ((vocabulary, vocabulary),)
            search = WordLexicon(kind="bijection")
            begin = time.process_time()
            row = {"kind": "cipher", "v": vocabulary, "x": len(x), "n": n, "seed": seed}
            if delta:
                code = joint_words(x, y, sizes=(size, size), lexicon=search, known=known, seed=seed)
                match = code.match
                row |= {"y": code.y, "delta": code.delta, "map": match.map.bits}
                row["percent"] = 100 * code.delta / code.y
            else:
                model = SymbolModel.fit(x, size, order=2)
                match = search.match(y, model, symbols=size, known=known, seed=seed)
            counted = plain < vocabulary
            row["right"] = float(np.mean((match.map(y) == plain)[counted]))
            rows.append(row | {"cpu": time.process_time() - begin})
            print(rows[-1], flush=True)
    return rows


def files_rows(data: Path, seeds: int) -> list[dict]:
    """A novel's words as numbers, end to end: what is read, Δ of the archive, and that it comes back."""
    from distmatch.compression.coders import compress_files, decompress
    from distmatch.maps.wordkey import WORD_BYTES, words_of
    from distmatch.matching.joint.wordkeys import find_word_map

    rows = []
    for seed, novel in enumerate(long_novels(data)[:seeds]):
        half = len(novel) // 2
        x = novel[:half][-1_000_000:].encode()
        plain = novel[half : half + 300_000].encode()
        types = sorted(set(words_of(plain)))
        rng = np.random.default_rng([seed, 9])
        numbers = rng.permutation(len(types)) + 10 ** len(str(len(types)))
        to = {word: b"%d" % n for word, n in zip(types, numbers, strict=True)}
        y = WORD_BYTES.sub(lambda word, to=to: to[word[0].lower()], plain)
        begin = time.process_time()
        match = find_word_map(x, y, seed=seed)
        assert match is not None
        searched = time.process_time() - begin
        lengths = compress_files([("x", x), ("y", y)], maps=[match.map])
        assert decompress(lengths.archive) == {"x": x, "y": y}
        back = {code: word for word, code in to.items()}
        tokens = Counter(words_of(y))
        pairs = match.map.pairs
        right = sum(tokens[a] for a, b in pairs.items() if back.get(a) == b)
        rows.append(
            {
                "kind": "files", "seed": seed, "x": len(x), "n": len(y), "words": len(types), "pairs": len(pairs),
                "used": lengths.f is not None, "right_of_lexicon": right / sum(tokens[a] for a in pairs),
                "right_of_all": right / tokens.total(), "y": lengths.y, "delta": lengths.delta, "map": lengths.map,
                "percent": 100 * lengths.delta / (lengths.y or 1), "cpu_search": searched,
            }
        )  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def caption_rows(data: Path, seeds: int) -> list[dict]:
    """X: captions 1 to 14,500 in English; Y: the others in another language; V = 400 a side, the rest one sign."""
    rows = []
    for language in ("fr", "de"):
        sides = []
        for name, half in (("en", slice(0, 14_500)), (language, slice(14_500, 29_000))):
            lines = read_text(data / "multi30k" / f"train.{name}.gz").lower().split("\n")[half]
            words = [w for line in lines for w in [*re.findall(r"\w+|[^\w\s]", line), "\n"]]
            sides.append(numbered(words, 400))
        (x, x_names), (y, y_names) = sides
        known = [(400, 400), (y_names.index("\n"), x_names.index("\n"))]
        begin = time.process_time()
        code = joint_words(x, y, sizes=(401, 401), known=tuple(known))
        table = code.match.map.table
        shown = {y_names[k]: [*x_names, "?"][table[k]] for k in range(20)}
        rows.append(
            {
                "kind": "captions", "language": language, "tokens": len(y), "y": code.y, "mapped": code.mapped,
                "delta": code.delta, "map": code.match.map.bits, "cpu": time.process_time() - begin, "pairs": shown,
            }
        )  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def vector_rows(data: Path, seeds: int) -> list[dict]:
    """Δ of es-en under the rotation fitted on the dictionary, without ranks, and under random rotations."""
    import distmatch as dm

    folder = data / "vectors" / "es-en"
    source, target = (
        dm.Embeddings.load(folder / f"{name}.vec.xz").vectors.astype(np.float64)
        for name in ("es", "en")
    )
    words = [dm.Embeddings.load(folder / f"{name}.vec.xz").words for name in ("es", "en")]
    places = [{w: k for k, w in enumerate(side)} for side in words]
    pairs = []
    for name in ("0-5000", "5000-6500"):
        lines = read_text(data / "dictionaries" / "muse" / f"es-en.{name}.txt").splitlines()
        pairs += [tuple(line.split()[:2]) for line in lines]
    kept = [(places[0][a], places[1][b]) for a, b in pairs if a in places[0] and b in places[1]]
    source, target = (v - v.mean(axis=0) for v in (source, target))
    source, target = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (source, target))
    a, b = (np.array(side) for side in zip(*kept, strict=True))
    u, _, vt = np.linalg.svd(source[a].T @ target[b])
    rows = []
    begin = time.process_time()
    code = dm.alignment_code(source, target, u @ vt)
    found = {
        "dictionary": code,
        "no ranks": dm.alignment_code(source, target, u @ vt, ranked=False),
    }
    for seed in range(seeds):
        turn = np.linalg.qr(np.random.default_rng(seed).normal(size=u.shape))[0]
        found[f"random rotation {seed}"] = dm.alignment_code(source, target, turn)
    for name, code in found.items():
        rows.append(
            {
                "kind": "vectors", "map_of": name, "y": code.separate, "y_given_x": code.conditional, "map": code.map,
                "delta": code.delta, "words": len(target), "cpu": time.process_time() - begin,
            }
        )  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def soft_rows(data: Path, seeds: int) -> list[dict]:
    """Letters read by gradient, by length."""
    from distmatch.matching.symbols.softkey import SoftKey

    rows = []
    for seed, novel in enumerate(long_novels(data)[: 2 * seeds]):
        codes = letters(novel)
        half = len(codes) // 2
        model = SymbolModel.fit(codes[:half], 27, order=3)
        for n in (256, 512, 1024, 4096, 16384):
            plain = codes[half : half + n]
            y = np.random.default_rng([seed, n]).permutation(27)[plain]
            match = SoftKey().match(y, model, symbols=27, seed=seed)
            rows.append(
                {
                    "kind": "soft", "seed": seed, "n": n, "right": float(np.mean(match.map(y) == plain)),
                    "posterior": match.extra["posterior"], "cpu": match.cpu_seconds,
                }
            )  # fmt: skip
            print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", default="cipher,files,captions,vectors,soft")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/results/joint_words.json"))
    options = parser.parse_args()
    kinds = {
        "cipher": cipher_rows, "files": files_rows, "captions": caption_rows, "vectors": vector_rows, "soft": soft_rows,
    }  # fmt: skip
    for kind in options.only.split(","):
        made = kinds[kind](options.data, options.seeds)
        rows = json.loads(options.out.read_text()) if options.out.exists() else []
        rows = [row for row in rows if row["kind"] != kind] + made
        options.out.write_text(json.dumps(rows, ensure_ascii=False).replace("}, {", "},\n{") + "\n")


if __name__ == "__main__":
    main()
