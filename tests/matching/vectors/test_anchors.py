"""Known pairs as a linear term of the search."""

from __future__ import annotations

import numpy as np
import pytest

import distmatch as dm
from distmatch.embeddings.embeddings import Embeddings
from distmatch.errors import InputError
from distmatch.planted import ranked_rotation

torch = pytest.importorskip("torch")

from distmatch.matching.vectors.anchors import Anchors  # noqa: E402
from distmatch.matching.vectors.auto import Candidate, choose  # noqa: E402
from distmatch.matching.vectors.clouds import Clouds  # noqa: E402
from distmatch.matching.vectors.pairweight import told_by_pairs, weigh  # noqa: E402
from distmatch.matching.vectors.starts import Start  # noqa: E402
from distmatch.retrieval.dictionary import Dictionary  # noqa: E402
from distmatch.transport.annealedgromov import annealed_gromov  # noqa: E402


def misleading() -> tuple[Embeddings, Embeddings, np.ndarray]:
    """A noisy rotation whose ranks say nothing, and row numbers of all pairs."""
    made = ranked_rotation(600, 20, noise=0.5)
    shuffle = np.random.default_rng(3).permutation(600)
    names = tuple(map(str, range(600)))
    pairs = np.stack([made.order[shuffle], np.arange(600)], 1)
    return Embeddings(names, made.source), Embeddings(names, made.target[shuffle]), pairs


def right(f, source, target, pairs) -> float:
    x, y = f(source).vectors[pairs[:, 0]], f.map_target(target).vectors
    x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, y))
    return float(((x @ y.T).argmax(1) == pairs[:, 1]).mean())


def test_known_pairs_choose_between_a_space_and_its_mirror_image():
    """Of a cloud that holds -x with every x, two plans cost the same."""
    generator = torch.Generator().manual_seed(0)
    half = torch.nn.functional.normalize(torch.randn(60, 8, generator=generator), dim=1)
    x = torch.cat([half, -half])
    turn = torch.linalg.qr(torch.randn(8, 8, generator=generator))[0]
    for sign in (1, -1):
        plan = annealed_gromov(x, x @ turn, frequency=0.0, known=(x[:5], sign * x[:5] @ turn, 5.0))
        wanted = torch.arange(120) if sign > 0 else torch.arange(120).roll(60)
        assert float((plan.argmax(1) == wanted).double().mean()) > 0.9


def test_a_few_pairs_do_what_neither_they_alone_nor_the_search_alone_can():
    source, target, pairs = misleading()
    known, rest = pairs[:12], pairs[100:]
    helped = dm.align(source, target, pairs=known)
    assert helped.extra["pairs"] == 12
    clouds = Clouds.of(source, target, pairs=Dictionary({str(i): str(j) for i, j in known}))
    alone = clouds.linear(clouds.anchors.map())
    assert right(helped.map, source, target, rest) > right(alone, source, target, rest) + 0.2


def test_pairs_weigh_where_the_search_is_lost_and_not_alone_where_it_is_not():
    source, target, pairs = misleading()
    dictionary = Dictionary({str(i): str(j) for i, j in pairs[:300]})
    clouds = Clouds.of(source, target, pairs=dictionary)
    lost = torch.linalg.qr(torch.randn(20, 20, generator=torch.Generator().manual_seed(0)))[0]
    other = torch.randn(600, 20, generator=torch.Generator().manual_seed(1))
    other = torch.nn.functional.normalize(other, dim=1)
    noise = Clouds(clouds.x, other, clouds.steps, anchors=clouds.anchors)
    # Without a common structure the inferred pairs are noise beside the known ones.
    _, found = weigh(noise, lost)
    assert found["weight"] > 0 and found["weights"]["5.0"] > found["weights"]["0.0"] + 0.1
    few = clouds.anchors.some(torch.arange(24))
    _, found = weigh(Clouds(clouds.x, clouds.y, clouds.steps, anchors=few), clouds.anchors.map())
    assert found["weight"] < np.inf


def test_known_pairs_choose_among_starts_and_too_few_are_not_asked():
    source, target, pairs = misleading()
    dictionary = Dictionary({str(i): str(j) for i, j in pairs[:60]})
    clouds = Clouds.of(source, target, pairs=dictionary)
    lost = torch.linalg.qr(torch.randn(20, 20, generator=torch.Generator().manual_seed(0)))[0]
    right_one, wrong = (told_by_pairs(clouds, f) for f in (clouds.anchors.map(), lost))
    assert right_one > wrong + 0.2
    few = Clouds(clouds.x, clouds.y, clouds.steps, anchors=clouds.anchors.some(torch.arange(5)))
    assert told_by_pairs(few, lost) is None
    words = torch.arange(10)
    found = [Candidate(Start(), lost, None, words, told) for told in (wrong, right_one, wrong)]
    assert choose(found)[0] is found[1]


@pytest.mark.parametrize("count", [12, 100])
def test_wrong_pairs_are_left_out_where_the_search_alone_is_right(count):
    made = ranked_rotation(600, 20, noise=0.3)
    names = tuple(map(str, range(600)))
    source, target = Embeddings(names, made.source), Embeddings(names, made.target)
    gold = np.stack([made.order, np.arange(600)], 1)
    wrong = np.stack([gold[:, 0], np.random.default_rng(0).permutation(600)], 1)[:count]
    match = dm.align(source, target, pairs=wrong)
    assert match.believed and right(match.map, source, target, gold) > 0.98


def test_pairs_that_span_few_directions_say_nothing_of_the_others():
    x, y = torch.eye(4)[:2], torch.eye(4)[[1, 0]]
    f = Anchors(x, y, torch.arange(2), torch.arange(2)).map()
    torch.testing.assert_close(x @ f, y)
    torch.testing.assert_close(torch.eye(4)[2:] @ f, torch.zeros(2, 4))


@pytest.mark.parametrize(
    ("pairs", "says"),
    [({}, "no pairs given"), ([("0",)], "two columns"), ({"nowhere": "else"}, "in both vocabularies")],
)  # fmt: skip
def test_pairs_that_cannot_be_used_are_an_error(pairs, says):
    source, target, _ = misleading()
    with pytest.raises(InputError, match=says):
        dm.align(source, target, pairs=pairs)


def test_pairs_beside_a_dictionary_or_for_a_method_without_them_are_an_error():
    source, target, pairs = misleading()
    with pytest.raises(InputError, match="give one"):
        dm.align(source, target, pairs=pairs, dictionary={"0": "1"})
    with pytest.raises(InputError, match="takes no pairs"):
        dm.align(source, target, pairs=pairs, method="sorted")
