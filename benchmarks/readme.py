"""Run the transcripts of README on the evaluation data and keep what they print.

    python benchmarks/readme.py --data ../shared/data --out docs/results/readme.json --into README.md

`tests/test_readme.py` compares README with the file, up to line wrapping and time. `--into` writes the transcripts into README.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from novels import long_novels

from distmatch.files import write_json
from distmatch.planted import planted_book
from distmatch.runs import commit, environment
from distmatch.text.alphabet import LATIN

FILES = {
    "en-novels.txt.xz": "corpora/en.txt.xz",
    "es.vec.xz": "vectors/es-en/es.vec.xz",
    "en.vec.xz": "vectors/es-en/en.vec.xz",
    "es-en.0-5000.txt": "dictionaries/muse/es-en.0-5000.txt",
    "es-en.5000-6500.txt": "dictionaries/muse/es-en.5000-6500.txt",
}
COMMANDS = (
    "distmatch decipher --example newspaper",
    "distmatch decipher --example zodiac-408",
    "distmatch embed en-novels.txt.xz --out en.vec",
    "distmatch align es.vec.xz en.vec.xz --out es-en",
    "distmatch evaluate es-en --dictionary es-en.0-5000.txt es-en.5000-6500.txt",
    'echo "La guerra terminó con la muerte del rey y la caída de la ciudad." | distmatch translate es-en --text -',
    "distmatch compress x.txt yc.txt --out pair.dm",
    "distmatch compress half.txt code.txt --brief --out code.dm",
)
WIDTH = 118
"""Characters of a line of README."""


def make(folder: Path, data: Path) -> None:
    """The files that the commands name: the evaluation data, and pieces of its longest novels.

    x.txt is 60 kB of one, yc.txt the next 40 kB with letters enciphered and their case kept; half.txt is 500 kB of
    another, code.txt its next 150 kB with every word a number.
    """
    for name, place in FILES.items():
        (folder / name).symlink_to((data / place).resolve())
    first, second = long_novels(data)[:2]
    (folder / "x.txt").write_text(first[:60_000])
    (folder / "yc.txt").write_text(enciphered(first[60_000:100_000]))
    (folder / "half.txt").write_text(second[:500_000])
    words = second[500_000:650_000].split()
    code = planted_book(words, first=10_000)
    (folder / "code.txt").write_text(" ".join(str(code[word]) for word in words))


def enciphered(text: str) -> str:
    """Simple substitution of a to z, the same for capitals."""
    key = "".join(np.random.default_rng(1).permutation(list(LATIN)))
    return text.translate(str.maketrans(LATIN + LATIN.upper(), key + key.upper()))


def transcript(command: str, printed: str) -> str:
    """A command with what it printed, long lines wrapped."""
    lines = [f"$ {command}"]
    for line in printed.splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        lines += textwrap.wrap(
            line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False,
            replace_whitespace=False, drop_whitespace=True,
        ) or [""]  # fmt: skip
    return "\n".join(lines)


def refreshed(page: str, printed: dict[str, dict]) -> str:
    """The page with the output below each command of `printed` replaced."""
    for command, result in printed.items():
        shown = re.compile(
            r"^\$ " + re.escape(command) + r"(?P<comment>\s+#[^\n]*)?\n.*?(?=^\$ |^```)",
            re.M | re.S,
        )
        found = shown.search(page)
        if found is None:
            raise SystemExit(f"README has no transcript of: {command}")
        head = f"$ {command}"
        body = transcript(command, result["stdout"])[len(head) :]
        page = f"{page[: found.start()]}{head}{found['comment'] or ''}{body}\n{page[found.end() :]}"
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/results/readme.json"))
    parser.add_argument("--only", nargs="+", default=[], help="words that a command must contain")
    parser.add_argument("--into", type=Path, help="page whose transcripts are replaced")
    options = parser.parse_args()
    kept = json.loads(options.out.read_text("utf-8"))["printed"] if options.out.exists() else {}
    printed = {command: kept[command] for command in COMMANDS if command in kept}
    date = datetime.now(UTC).date().isoformat()
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), options.data)
        for command in COMMANDS:
            if not all(word in command for word in options.only):
                continue
            line = command.replace("distmatch ", f"{sys.executable} -m distmatch ")
            done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True)
            print(command, done.returncode, done.stdout, done.stderr, sep="\n")
            printed[command] = {
                "code": done.returncode, "date": date, "commit": commit(), "stdout": done.stdout,
            }  # fmt: skip
    made = {"date": date, "command": " ".join(["python", *sys.argv])}
    write_json(options.out, {**made, **environment(), "printed": printed})
    print(json.dumps(made))
    if options.into is not None:
        shown = {c: r for c, r in printed.items() if all(word in c for word in options.only)}
        page = options.into.read_text("utf-8")
        options.into.write_text(refreshed(page, shown), "utf-8")


if __name__ == "__main__":
    main()
