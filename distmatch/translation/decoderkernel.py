"""The compiled search of `PhraseDecoder`: stacks of hypotheses by the number of words covered (Koehn 2004)."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from distmatch.languages.wordtrigram import trigram_log
from distmatch.translation.phrasetable import MAX_PHRASE, packed

LN2 = float(np.log(2))
MAX_COVER = 60
"""Words of a sentence decoded at once: a coverage is one 64-bit number. Longer ones are cut."""


class SearchLimits(NamedTuple):
    """What the compiled search weighs and how wide it is.

    Args:
        model: weight of the model's natural log-probability.
        distortion: cost per word jumped over. word: reward per target word. phrase: reward per phrase.
        copy: log-score of a word that is copied. stack: hypotheses expanded per stack. window: words that may wait.
        beam: log-score below the best of a stack at which a hypothesis is dropped.
    """

    model: float
    distortion: float
    word: float
    phrase: float
    copy: float
    stack: int
    window: int
    beam: float


@numba.njit(cache=True, nogil=True)
def _phrase_log(u, v, key, tables):
    """Natural log-probability of a phrase after words u v, and its last two words."""
    total = 0.0
    while key > 0:
        w = np.int64(key & np.uint64(0xFFFF)) - 1
        total += trigram_log(u, v, w, tables)
        u, v = v, w
        key >>= np.uint64(16)
    return total * LN2, u, v


@numba.njit(cache=True, nogil=True)
def _alone_log(key, tables):
    """Natural log-probability of a phrase without context, its first word by frequency."""
    w = np.int64(key & np.uint64(0xFFFF)) - 1
    total = np.float64(tables.unigram[w])
    u, v = np.int64(-1), w
    key >>= np.uint64(16)
    while key > 0:
        w = np.int64(key & np.uint64(0xFFFF)) - 1
        total += trigram_log(u, v, w, tables)
        u, v = v, w
        key >>= np.uint64(16)
    return total * LN2


@numba.njit(cache=True, nogil=True)
def _length(key):
    length = 0
    while key > 0:
        key >>= np.uint64(16)
        length += 1
    return length


@numba.njit(cache=True, nogil=True)
def _gather(ids, copies, table, tables, limits, spans, targets, scores):
    """Options of every span (start, length), best first, and the count of all."""
    n, at = len(ids), 0
    for a in range(n):
        for size in range(1, MAX_PHRASE + 1):
            spans[a, size - 1, 0] = at
            if a + size <= n:
                key = packed(ids, a, size)
                place = np.searchsorted(table.keys, key)
                if place < len(table.keys) and table.keys[place] == key:
                    for k in range(table.first[place], table.first[place + 1]):
                        if at < len(targets):
                            targets[at] = table.targets[k]
                            scores[at] = (
                                table.scores[k] + limits.word * _length(targets[at]) + limits.phrase
                            )
                            at += 1
                elif size == 1:
                    targets[at] = np.uint64(copies[ids[a]] + 1)
                    scores[at] = limits.copy + limits.word + limits.phrase
                    at += 1
            spans[a, size - 1, 1] = at
    return at


@numba.njit(cache=True, nogil=True)
def _future(n, spans, targets, scores, tables, limits, future):
    """Highest score to be hoped for of every stretch of words."""
    for a in range(n + 1):
        for b in range(n + 1):
            future[a, b] = 0.0 if a == b else -1e9
    for size in range(1, n + 1):
        for a in range(n - size + 1):
            best = -1e9
            if size <= MAX_PHRASE:
                for k in range(spans[a, size - 1, 0], spans[a, size - 1, 1]):
                    best = max(best, scores[k] + limits.model * _alone_log(targets[k], tables))
            for cut in range(1, size):
                best = max(best, future[a, a + cut] + future[a + cut, a + size])
            future[a, a + size] = best


@numba.njit(cache=True, nogil=True)
def _rest(cover, n, future):
    total, a = 0.0, 0
    while a < n:
        if (cover >> np.uint64(a)) & np.uint64(1):
            a += 1
            continue
        b = a
        while b < n and not (cover >> np.uint64(b)) & np.uint64(1):
            b += 1
        total += future[a, b]
        a = b
    return total


@numba.njit(cache=True, nogil=True)
def decode_block(ids, ends, copies, table, tables, limits):
    """Decode sentences one after another: words, origins of copied ones, their ends, scores."""
    room, slots = 1 << 17, 1 << 18
    cover, score, total = (
        np.zeros(room, np.uint64),
        np.zeros(room, np.float32),
        np.zeros(room, np.float32),
    )
    before, last = np.zeros(room, np.int32), np.zeros(room, np.int32)
    end, parent, option = (
        np.zeros(room, np.int16),
        np.zeros(room, np.int32),
        np.zeros(room, np.int32),
    )
    begun, kept = np.zeros(room, np.int16), np.zeros(room, np.bool_)
    hashed, slot = np.full(slots, -1, np.int32), np.zeros(room, np.int32)
    wide = 4 * limits.stack
    stacks = np.zeros((MAX_COVER + 1, wide), np.int32)
    heights, floor, top = (
        np.zeros(MAX_COVER + 1, np.int64),
        np.zeros(MAX_COVER + 1),
        np.zeros(MAX_COVER + 1),
    )
    spans = np.zeros((MAX_COVER, MAX_PHRASE, 2), np.int64)
    targets, scores = np.zeros(1 << 14, np.uint64), np.zeros(1 << 14, np.float32)
    future = np.zeros((MAX_COVER + 1, MAX_COVER + 1))
    out, origin = np.zeros(4 * len(ids) + 1, np.int32), np.zeros(4 * len(ids) + 1, np.int32)
    out_ends, out_scores = np.zeros(len(ends), np.int64), np.zeros(len(ends) - 1, np.float32)
    unknown, at = len(tables.unigram) - 1, 0
    path = np.zeros(MAX_COVER + 1, np.int64)
    for s in range(len(ends) - 1):
        stop = ends[s]
        while stop < ends[s + 1]:
            first = stop
            stop = min(ends[s + 1], first + MAX_COVER)
            line = ids[first:stop]
            n = len(line)
            _gather(line, copies, table, tables, limits, spans, targets, scores)
            _future(n, spans, targets, scores, tables, limits, future)
            heights[: n + 1] = 0
            floor[: n + 1], top[: n + 1] = -1e18, -1e18
            cover[0], score[0], total[0], before[0], last[0], end[0], parent[0] = (
                0,
                0.0,
                0.0,
                -1,
                0,
                0,
                -1,
            )
            stacks[0, 0], heights[0], hyps = 0, 1, 1
            for done in range(n):
                height = heights[done]
                order = np.argsort(-total[stacks[done, :height]])[: limits.stack]
                for k in order:
                    h = stacks[done, k]
                    if total[h] < top[done] - limits.beam:
                        continue
                    gap = 0
                    while (cover[h] >> np.uint64(gap)) & np.uint64(1):
                        gap += 1
                    for a in range(gap, min(n, gap + limits.window + 1)):
                        if (cover[h] >> np.uint64(a)) & np.uint64(1):
                            continue
                        for size in range(1, MAX_PHRASE + 1):
                            if a + size > n or (cover[h] >> np.uint64(a + size - 1)) & np.uint64(1):
                                break
                            if spans[a, size - 1, 0] == spans[a, size - 1, 1]:
                                continue
                            now = cover[h] | (
                                ((np.uint64(1) << np.uint64(size)) - np.uint64(1)) << np.uint64(a)
                            )
                            rest = _rest(now, n, future)
                            jump = -limits.distortion * abs(a - end[h])
                            level = done + size
                            for o in range(spans[a, size - 1, 0], spans[a, size - 1, 1]):
                                log, u, v = _phrase_log(before[h], last[h], targets[o], tables)
                                gained = score[h] + scores[o] + jump + limits.model * log
                                if level == n:
                                    gained += limits.model * LN2 * trigram_log(u, v, 1, tables)
                                hope = gained + rest
                                if hope < floor[level] or hope < top[level] - limits.beam:
                                    continue
                                mixed = (
                                    now
                                    ^ (np.uint64(u + 1) << np.uint64(40))
                                    ^ (np.uint64(v + 1) << np.uint64(20))
                                ) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(a + size)
                                place = np.int64((mixed >> np.uint64(30)) & np.uint64(slots - 1))
                                same = -1
                                while hashed[place] >= 0:
                                    q = hashed[place]
                                    if (
                                        cover[q] == now
                                        and before[q] == u
                                        and last[q] == v
                                        and end[q] == a + size
                                    ):
                                        same = q
                                        break
                                    place = (place + 1) & (slots - 1)
                                if same >= 0 and total[same] >= hope:
                                    continue
                                if same < 0:
                                    if hyps == room:
                                        continue
                                    same = hyps
                                    hashed[place], slot[same], kept[same] = same, place, False
                                    hyps += 1
                                cover[same], before[same], last[same], end[same] = (
                                    now,
                                    u,
                                    v,
                                    a + size,
                                )
                                score[same], total[same], parent[same] = gained, hope, h
                                option[same], begun[same] = o, a
                                top[level] = max(top[level], hope)
                                if kept[same]:
                                    continue
                                if heights[level] == wide:
                                    members = stacks[level].copy()
                                    ranked = np.argsort(-total[members])
                                    for r in range(limits.stack):
                                        stacks[level, r] = members[ranked[r]]
                                    for r in range(limits.stack, wide):
                                        kept[members[ranked[r]]] = False
                                    heights[level] = limits.stack
                                    floor[level] = total[stacks[level, limits.stack - 1]]
                                stacks[level, heights[level]] = same
                                kept[same] = True
                                heights[level] += 1
            for h in range(1, hyps):
                hashed[slot[h]] = -1
            if heights[n] == 0:
                continue
            best = stacks[n, np.argmax(total[stacks[n, : heights[n]]])]
            out_scores[s] += score[best]
            steps, h = 0, best
            while parent[h] >= 0:
                path[steps] = h
                steps += 1
                h = parent[h]
            for k in range(steps - 1, -1, -1):
                h = path[k]
                key = targets[option[h]]
                while key > 0:
                    out[at] = np.int64(key & np.uint64(0xFFFF)) - 1
                    origin[at] = first - ends[s] + begun[h] if out[at] == unknown else -1
                    key >>= np.uint64(16)
                    at += 1
        out_ends[s + 1] = at
    return out, origin, out_ends, out_scores
