"""Training end to end on planted languages: one grammar, other words, adjectives on the other side of the noun."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sacrebleu")

from distmatch.__main__ import main
from distmatch.checkpoint import Checkpoint
from distmatch.planted import PlantedLanguages
from distmatch.progress import Clock, Effort, silent
from distmatch.translation.referencescores import scores
from distmatch.translation.training import Training

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
    assert scores(found[:100], wanted)["bleu"] > 55


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


def test_an_interrupted_run_keeps_the_best_and_resumes_to_the_same_end(tmp_path):
    x, y = PlantedLanguages(2).unpaired(800)
    settings = Training()
    settings = replace(
        settings, backtranslation=replace(settings.backtranslation, iterations=3),
        lexicon=replace(settings.lexicon, steps=6),
    )  # fmt: skip

    def learn(name, progress=silent):
        kept = Checkpoint(tmp_path / name, "same")
        return settings.learn((x, []), (y, []), effort=Effort(progress=progress), checkpoint=kept)

    def press(done, total=None, /, **figures):
        if figures.get("phase") == "translating back" and done == 2:
            raise KeyboardInterrupt

    cut = learn("a", press)
    assert cut.stopped and cut.tables.iteration == 1 and len(cut.history) == 2
    resumed, whole = learn("a"), learn("b")
    assert not resumed.stopped and resumed.history == whole.history
    assert np.array_equal(resumed.tables.forward.logs, whole.tables.forward.logs)


def test_time_limit_keeps_the_words(tmp_path):
    x, y = PlantedLanguages(2).unpaired(400)
    settings = Training()
    settings = replace(settings, lexicon=replace(settings.lexicon, steps=4))
    done = settings.learn((x, []), (y, []), effort=Effort(clock=Clock(limit=0.01)))
    assert done.stopped and done.tables.iteration == 0
    assert len(list(done.translator.translate(x[:5]))) == 5
