"""README and CONTRIBUTING run as a user would: the console script, from another folder, without PYTHONPATH or network."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from distmatch.embeddings.embeddings import Embeddings
from distmatch.matching.encipher import encipher
from distmatch.planted import planted_book, shifted

ROOT = Path(__file__).parents[1]
SCRIPT = Path(sys.executable).with_name("distmatch")


def blocks(file, language):
    """Code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / file).read_text("utf-8"), re.S)


def commands():
    """Every `distmatch ...` line of README's shell and transcript blocks, without its comment."""
    found = []
    for block in [*blocks("README.md", "sh"), *blocks("README.md", "text")]:
        for line in block.splitlines():
            line = re.sub(r"\s+# .*", "", line.removeprefix("$ "))
            if line.startswith("distmatch ") or "| distmatch " in line:
                found.append(line)
    return found


def user(command, folder, **more):
    """Run a shell line in a folder with the installed script first on the path, and this checkout as the package."""
    keep = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    bin_folder = folder / "bin"
    bin_folder.mkdir(exist_ok=True)
    script = bin_folder / "distmatch"
    if (
        not script.exists()
    ):  # what pip writes, but of this checkout and not of the one that is installed
        script.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path[0] = {str(ROOT)!r}\n"
            "from distmatch.__main__ import main\nsys.exit(main())\n"
        )
        script.chmod(0o755)
    env = {**keep, "PATH": f"{bin_folder}:{keep['PATH']}"}
    return subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, env=env, **more
    )


# --- the files that README's commands name, small and made on the spot -----------------------------------------------

SENTENCE = "the message is attack at dawn and then hold the bridge until the rest of the army has come over the river "


def cipher(folder, text):
    (folder / "cipher.txt").write_text(encipher(text, "simple", seed=1, spaces=True)["ciphertext"])


def novel(folder, text):
    (folder / "novel.txt").write_text((text + " " + SENTENCE) * 40)


def numbers(folder, text):
    """A cipher whose symbol 7 is e, and which has "attack" at position 12."""
    letters = [c for c in SENTENCE + text.lower() if c.isascii() and c.isalpha()]
    numbers = {letter: n for n, letter in enumerate("zyxwvutesrqponmlkjihgfdcba")}
    (folder / "cipher.txt").write_text(" ".join(str(numbers[c]) for c in letters))


def code(folder, text):
    novel(folder, text)
    made = encipher(SENTENCE + text, "dictionary-code", seed=1)["ciphertext"]
    (folder / "code.txt").write_text(" ".join(map(str, made)))


def transposed(folder, text):
    letters = "".join(c for c in text.lower() if c.isascii() and c.isalpha())[:306]
    order = "step width 17 down 1 right 2 sections 9+9"
    made = encipher(letters, "homophonic", seed=1, symbols=30, transposition=order)["ciphertext"]
    (folder / "cipher.txt").write_text(" ".join(map(str, made)))


def nulls(folder, text):
    made = encipher(text, "homophonic", seed=1, symbols=30, nulls=2)["ciphertext"]
    (folder / "cipher.txt").write_text(" ".join(map(str, made)))


def batch(folder, text):
    rows = [{"id": i, "ciphertext": encipher(text, "simple", seed=i)["ciphertext"]} for i in (1, 2)]
    (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def caesar(folder, text):
    (folder / "caesar.txt").write_text(
        "gallia est omnis divisa in partes tres quarum unam incolunt " * 2500
    )


def plain(folder, text):
    (folder / "text.txt").write_text(text)
    (folder / "held-out.txt").write_text(text)


def novels(folder, text):
    (folder / "en-novels.txt").write_text((text + "\n" + SENTENCE + "\n") * 40)
    subprocess.run(["xz", "en-novels.txt"], cwd=folder, check=True)


def languages(folder, text):
    """Unpaired sentences of two planted languages."""
    from distmatch.planted import PlantedLanguages

    planted = PlantedLanguages(0)
    for name, lines in zip(("fr.txt", "en.txt"), planted.unpaired(2_000), strict=True):
        (folder / name).write_text("\n".join(lines) + "\n")
    (folder / "new.fr.txt").write_text("\n".join(planted.paired(5)[0]) + "\n")


def sentences(folder, text):
    """Rows of one skewed cloud and of its rotation, in unrelated orders."""
    rng = np.random.default_rng(0)
    rows = (rng.exponential(size=(800, 20)) - 1) * np.linspace(2, 0.5, 20)
    turn = np.linalg.qr(rng.standard_normal((20, 20)))[0]
    np.save(folder / "captions.fr.npy", rows.astype(np.float32))
    np.save(folder / "captions.en.npy", rng.permutation(rows @ turn).astype(np.float32))


def vectors(folder, text):
    """Spanish and English vectors: one cloud and its rotation; the words of the sentence to translate are in it."""
    rng = np.random.default_rng(0)
    rows = (rng.standard_normal((1000, 30)) * np.linspace(2, 0.3, 30)).astype(np.float32)
    turn = np.linalg.qr(rng.standard_normal((30, 30)))[0].astype(np.float32)
    names = ["guerra", "muerte", "rey", "ciudad", *(f"es{i}" for i in range(996))]
    gold = ["war", "death", "king", "city", *(f"en{i}" for i in range(996))]
    Embeddings(tuple(names), rows).save(folder / "es.vec.xz")
    Embeddings(tuple(gold), rows @ turn).save(folder / "en.vec.xz")
    pairs = [f"{a} {b}\n" for a, b in zip(names, gold, strict=True)]
    (folder / "es-en.0-5000.txt").write_text("".join(pairs[:700]))
    (folder / "es-en.5000-6500.txt").write_text("".join(pairs[700:]))


def pair(folder, text):
    (folder / "x.txt").write_text(text * 3)
    (folder / "yc.txt").write_text(shifted(SENTENCE * 3 + text, "d"))


def coded(folder, text):
    (folder / "half.txt").write_text(text * 3)
    words = planted_book(text.split(), first=100)
    (folder / "code.txt").write_text(" ".join(str(words[w]) for w in text.split()))


nothing = lambda folder, text: None  # noqa: E731

SCRIPTS = {
    "read": [(nothing, "distmatch decipher --example zodiac-408", 0)],
    "simple": [(cipher, "distmatch decipher cipher.txt", 0)],
    "newspaper": [(nothing, "distmatch decipher --example newspaper", 0)],
    "text": [
        (cipher, 'distmatch decipher --text "Maxr ghp mhi max mtuex"', (0, 1)),
        (nothing, "distmatch identify cipher.txt", 0),
        (nothing, "distmatch decipher cipher.txt --interlinear", 0),
        (nothing, "distmatch decipher cipher.txt --key 19", 0),
    ],
    "puzzle": [(numbers, "distmatch decipher cipher.txt --puzzle --not 7=e", (0, 1))],
    "every language": [(cipher, "distmatch decipher cipher.txt --language auto", 0)],
    "reference": [
        (cipher, "", 0), (novel, "distmatch decipher cipher.txt --reference novel.txt", 0),
    ],
    "crib": [(numbers, "distmatch decipher cipher.txt --crib 7=e attack@12", 0)],
    "code": [
        (code, "distmatch decipher code.txt --kind word-code --reference novel.txt", (0, 1)),
    ],
    "transposition": [
        (transposed, 'distmatch decipher cipher.txt --transposition "step width 17 down 1 right 2 sections 9+9"', 0)
    ],
    "nulls": [(nulls, "distmatch decipher cipher.txt --kind homophonic --nulls", (0, 1))],
    "json": [(cipher, "distmatch decipher cipher.txt --json --out run/", 0)],
    "batch": [(batch, "distmatch decipher --batch in.jsonl --out out.jsonl", 0)],
    "language": [(caesar, "distmatch language caesar.txt --name latin", 0)],
    "encipher": [
        (plain, "distmatch encipher text.txt --kind homophonic --seed 7", 0),
        (nothing, "distmatch evaluate --language en --text held-out.txt", 0),
    ],
    "embed": [(novels, "distmatch embed en-novels.txt.xz --out en.vec", 0)],
    "align": [
        (vectors, "distmatch align es.vec.xz en.vec.xz --out es-en", 0),
        (nothing, "distmatch evaluate es-en --dictionary es-en.0-5000.txt es-en.5000-6500.txt", 0),
        (nothing, 'echo "La guerra terminó con la muerte del rey y la caída de la ciudad." | '
         'distmatch translate es-en --text -', 0),
    ],
    "sentences": [(sentences, "distmatch align captions.fr.npy captions.en.npy --out sentences", 0)],
    "train": [
        (languages, "distmatch train fr.txt en.txt --out fr-en", (0, 1)),
        (nothing, "distmatch translate fr-en --text new.fr.txt", 0),
    ],
    "compress": [
        (pair, "distmatch compress x.txt yc.txt --out pair.dm", 0),
        (nothing, "distmatch decompress pair.dm --out folder", 0),
        (nothing, "distmatch compress x.txt --out x.dm", 0),
    ],
    "lexicon": [(coded, "distmatch compress half.txt code.txt --brief --out code.dm", 0)],
}  # fmt: skip
SLOW = ("sentences", "train", "every language", "code", "nulls", "language", "transposition")


def plain_words(transcript):
    """Words of a transcript without its times: README may wrap lines, and machines differ."""
    return re.sub(r"[\d.]+ s( \([\d.]+ CPU s\))?(,|$)", "", transcript, flags=re.M).split()


def transcripts():
    """Command of README to what README shows of its output."""
    shown = {}
    for block in blocks("README.md", "text"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            shown[re.sub(r"\s+# .*", "", command)] = output
    return shown


def test_the_transcripts_in_readme_are_those_that_benchmarks_readme_wrote():
    made = json.loads((ROOT / "docs/results/readme.json").read_text("utf-8"))["printed"]
    shown = transcripts()
    assert "distmatch decipher --example zodiac-408" in made
    unbacked = {command for command, output in shown.items() if output.strip()} - set(made)
    assert not unbacked, "run benchmarks/readme.py for these"
    for command, result in made.items():
        assert result["code"] == 0 and result["stdout"]
        assert plain_words(shown[command]) == plain_words(result["stdout"]), command


def test_every_command_of_the_readme_is_run_here():
    assert {line for steps in SCRIPTS.values() for _, line, _ in steps} - {""} == set(commands())


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in SCRIPTS]
)
def test_a_user_runs_the_readme(name, tmp_path, text):
    for prepare, command, code in SCRIPTS[name]:
        prepare(tmp_path, text)
        if not command:
            continue
        done = user(command, tmp_path, timeout=500)
        assert done.returncode in (code if isinstance(code, tuple) else (code,)), done.stderr
        assert "Traceback" not in done.stderr
    if name == "read":
        assert plain_words(done.stdout) == plain_words(transcripts()[command])
    if name == "align":
        assert done.stdout == "la war terminó con la death del king y la caída de la city .\n"
    if name == "compress":
        assert (tmp_path / "folder/yc.txt").read_bytes() == (tmp_path / "yc.txt").read_bytes()
    if name == "json":
        assert json.loads(done.stdout)["solved"] and (tmp_path / "run/key.json").exists()


def test_the_method_of_contributing_runs_from_the_command_line(tmp_path):
    """The class is found beside its YAML; and, with the YAML elsewhere, in the current folder."""

    def block(language, mark):
        return next(b for b in blocks("CONTRIBUTING.md", language) if mark in b)

    (tmp_path / "frequencyranks.py").write_text(block("python", "class FrequencyRanks"))
    (tmp_path / "frequency-ranks.yaml").write_text(block("yaml", "method: frequency-ranks"))
    config = (
        block("yaml", "benchmark: example")
        .replace("64, 4096", "64")
        .replace("seeds: 3", "seeds: 1")
    )
    (tmp_path / "example.yaml").write_text(config)
    printed = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for command in (
        "distmatch benchmark example.yaml --out runs",
        "distmatch report runs --out report.html",
    ):
        assert f"    {command}\n" in printed
        done = user(command, tmp_path)
        assert done.returncode == 0, done.stderr
    assert "frequency-ranks" in (tmp_path / "report.html").read_text()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(tmp_path / "frequency-ranks.yaml", elsewhere)
    shutil.move(tmp_path / "example.yaml", elsewhere)
    done = user(
        f"distmatch benchmark {shlex.quote(str(elsewhere / 'example.yaml'))} --out again --jobs 1",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
