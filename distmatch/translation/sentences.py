"""Sentences as tokens and back: words and marks, lower-cased, and the ordinary text that they are written as."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import regex

_WORD = r"[\p{L}\p{N}\p{M}]+"
_TOKEN = regex.compile(rf"{_WORD}(?:[-.'’]{_WORD})*['’]?|\.\.\.|[^\p{{L}}\p{{N}}\p{{M}}\s]")
_NO_SPACE_BEFORE = set(".,;:!?%)]}…»”")
_NO_SPACE_AFTER = set("([{«„¿¡$#")


def split(line: str) -> list[str]:
    """Tokens of a line in its own case: words, marks, and clitics apart (l' homme, man 's)."""
    text = unicodedata.normalize("NFC", line).replace("’", "'")
    found: list[str] = []
    for token in _TOKEN.findall(text):
        found += _clitics(token) if "'" in token and len(token) > 1 else [token]
    return found


def _clitics(token: str) -> list[str]:
    parts: list[str] = []
    while "'" in token[1:-1]:
        at = token.index("'", 1)
        if token[at + 1 :].lower() in ("s", "t", "m", "d", "re", "ve", "ll"):
            return [*parts, token[:at], token[at:]]
        parts.append(token[: at + 1])
        token = token[at + 1 :]
    return [*parts, token]


def join(tokens: Sequence[str]) -> str:
    """Ordinary text: no blank before a full stop, after an opening bracket, or at an apostrophe."""
    out: list[str] = []
    glued, opened = True, ""
    for token in tokens:
        closing = bool(opened) and token in (opened, "“", "”")
        opening = not closing and token in ('"', "„", "“")
        near = token in _NO_SPACE_BEFORE or (token[0] == "'" and len(token) > 1) or closing
        if not (glued or near):
            out.append(" ")
        out.append(token)
        elided = token[-1] == "'" and len(token) > 1 and (len(token) == 2 or token[-2] != "s")
        glued = token in _NO_SPACE_AFTER or elided or opening
        opened = token if opening else "" if closing else opened
    return "".join(out)


@dataclass(frozen=True)
class Casing:
    """How lower-cased words are written inside a sentence, and whether a sentence begins with a capital.

    Args:
        forms: words that are mostly written otherwise than lower-cased, with that form.
        initial: whether sentences begin with a capital.
    """

    forms: dict[str, str]
    initial: bool

    @classmethod
    def learn(cls, sentences: Iterable[Sequence[str]]) -> Casing:
        """The most frequent form of each word, that at the beginning of sentences left out where there are others."""
        inside: defaultdict[str, Counter[str]] = defaultdict(Counter)
        capital = begun = 0
        for tokens in sentences:
            for place, token in enumerate(tokens):
                if token[0].isalpha():
                    if place == 0:
                        begun += 1
                        capital += token[0].isupper()
                    else:
                        inside[token.lower()][token] += 1
        best = {word: forms.most_common(1)[0][0] for word, forms in inside.items()}
        forms = {word: form for word, form in best.items() if form != word}
        return cls(forms, capital > begun / 2)

    def written(self, tokens: Sequence[str], *, copied: Iterable[bool] = ()) -> list[str]:
        """Tokens in their usual form; those `copied` stay as they are."""
        keep = list(copied) or [False] * len(tokens)
        out = [t if k else self.forms.get(t, t) for t, k in zip(tokens, keep, strict=True)]
        if self.initial and out:
            out[0] = out[0][:1].upper() + out[0][1:]
        return out

    def to_list(self, words: Sequence[str]) -> list[str]:
        """The written form of each word."""
        return [self.forms.get(w, w) for w in words]

    @classmethod
    def of_list(cls, words: Sequence[str], written: Sequence[str], initial: bool) -> Casing:
        """What `to_list` gave."""
        return cls({w: f for w, f in zip(words, written, strict=True) if w != f}, initial)
