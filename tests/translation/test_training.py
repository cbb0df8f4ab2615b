"""Training end to end on planted languages: one grammar, other words, adjectives on the other side of the noun."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sacrebleu")

from distmatch.__main__ import main
from distmatch.planted import PlantedLanguages
from distmatch.translation.referencescores import scores

SENTENCES = 4_000


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A trained folder, the languages, and the JSON of the run."""
    folder = tmp_path_factory.mktemp("train")
    languages = PlantedLanguages(0)
    for name, lines in zip(("x.txt", "y.txt"), languages.unpaired(SENTENCES), strict=True):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    code = main(
        ["train", str(folder / "x.txt"), str(folder / "y.txt"), "--out", str(folder / "run"), "--iterations", "3", "--quiet"]
    )  # fmt: skip
    record = json.loads((folder / "run" / "record.json").read_text("utf-8"))
    return code, folder, languages, record["result"]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_planted_cipher_of_words_with_another_order_is_read(run, reverse, capsys):
    code, folder, languages, result = run
    assert code == 0 and result["believed"], result["reason"]
    x, y = languages.paired(100)
    source, wanted = (y, x) if reverse else (x, y)
    (folder / "text.txt").write_text("\n".join(source) + "\n\nlast\n", encoding="utf-8")
    flags = ["--reverse"] if reverse else []
    capsys.readouterr()
    assert main(["translate", str(folder / "run"), "--text", str(folder / "text.txt"), *flags]) == 0
    found = capsys.readouterr().out.split("\n")
    assert len(found) == len(source) + 3 and found[100] == "" and found[102] == ""
    assert scores(found[:100], wanted)["bleu"] > 80
    assert np.mean([a == b for a, b in zip(found, wanted, strict=False)]) > 0.4


def test_shuffled_text_is_not_believed(run, tmp_path, capsys):
    """The same words in no order."""
    _, folder, _, _ = run
    rng = np.random.default_rng(0)
    words = [line.split() for line in (folder / "y.txt").read_text("utf-8").splitlines()]
    flat = rng.permutation([w for line in words for w in line])
    ends = np.cumsum([len(line) for line in words])[:-1]
    (tmp_path / "y.txt").write_text("\n".join(" ".join(part) for part in np.split(flat, ends)))
    code = main(
        ["train", str(folder / "x.txt"), str(tmp_path / "y.txt"), "--out", str(tmp_path / "run"), "--iterations", "1", "--json"]
    )  # fmt: skip
    result = json.loads(capsys.readouterr().out)
    assert code == 1 and not result["believed"] and "needed" in result["reason"]
