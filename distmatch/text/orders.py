"""Alphabets in the order in which a language recites them, which shift ciphers count in."""

from __future__ import annotations

from distmatch.text.alphabet import LATIN

NATIONAL = {
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "cs": "aábcčdďeéěfghiíjklmnňoópqrřsštťuúůvwxyýzž",
    "da": LATIN + "æøå",
    "de": LATIN + "äöüß",
    "el": "αβγδεζηθικλμνξοπρστυφχψω",
    "es": "abcdefghijklmnñopqrstuvwxyz",
    "fi": LATIN + "åäö",
    "he": "אבגדהוזחטיכלמנסעפצקרשת",
    "hu": "aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyz",
    "mk": "абвгдѓежзѕијклљмнњопрстќуфхцчџш",
    "nb": LATIN + "æøå",
    "pl": "aąbcćdeęfghijklłmnńoóprsśtuwyzźż",
    "pt": LATIN,
    "ro": "aăâbcdefghiîjklmnopqrsștțuvwxyz",
    "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "sh": "abcčćdđefghijklmnoprsštuvzž",
    "sv": LATIN + "åäö",
    "tr": "abcçdefgğhıijklmnoöprsştuüvyz",
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
}
"""Language code to its alphabet."""


def orders_of(language: str, letters: str) -> list[str]:
    """Alphabets that a shift cipher of a language may count in: the model's own, then the national one.

    Args:
        language: code.
        letters: the model's letters.
    """
    own = letters if set(letters) != set(LATIN) else LATIN
    orders = [own]
    national = NATIONAL.get(language)
    if national is not None and national not in orders:
        orders.append(national)
    return orders
