"""Running text: novels (ELTeC, RusLit), news (NTREX-128), verses (eBible), short sentences (Tatoeba)."""

import sys

from fetching import File, main, under

NTREX = "https://raw.githubusercontent.com/MicrosoftTranslator/NTREX/main/NTREX-128/newstest2019-"
ELTEC = (
    "plain text of the ELTeC level-1 editions, https://github.com/COST-ELTeC, the last tenth left out; "
    "Russian from RusLit"
)
EBIBLE = "lines of https://github.com/BibleNLP/ebible, packed with xz"
LICENCE = "ELTeC CC BY 4.0, RusLit and most Bibles public domain, NTREX-128 CC BY-SA 4.0, Tatoeba CC BY 2.0 FR"


def _ntrex(path: str) -> str:
    language = path.rpartition("/")[2]
    return NTREX + ("src." if language == "eng.txt" else "ref.") + language


FILES = [
    *(File(path, note=ELTEC) for path in under("corpora/")),
    *(File(path, _ntrex(path)) for path in under("ntrex/")),
    *(File(path, note=EBIBLE) for path in under("bible/")),
    # A new version is published every few months.
    *(File(p, f"https://www.manythings.org/anki/{p.rpartition('/')[2]}", pinned=False) for p in under("tatoeba/")),
]  # fmt: skip

if __name__ == "__main__":
    sys.exit(main("Running text in many languages.", LICENCE, FILES))
