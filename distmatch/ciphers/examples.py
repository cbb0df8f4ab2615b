"""Ciphertexts for a first try: a puzzle as newspapers print them, and a famous one in the public domain."""

from __future__ import annotations

from distmatch.errors import InputError

EXAMPLES: dict[str, str] = {
    "newspaper": """\
"QS XFH PRD'Y ELPQEL, EFD'Y," MRQE WZ. BDFA. "THMY GFHZ
YNL YLR - 2 UHWGM, RM RUIRXM - RDE IRQY SFZ YNL ZRQD."
""",
    "zodiac-408": """\
01 02 03 04 05 04 06 07 02 08 09 10 11 12 13 11 07
14 15 16 17 18 19 20 21 01 22 03 23 24 25 26 19 17
27 28 19 29 06 30 08 31 26 32 33 34 35 19 36 37 38
39 40 04 01 41 07 03 09 10 42 06 02 43 10 44 26 45
08 29 46 27 05 28 47 48 49 12 20 22 15 14 17 50 19
23 16 26 18 36 01 24 30 38 21 26 13 50 37 51 39 40
10 34 33 30 19 45 44 09 50 26 18 07 32 35 39 41 07
46 47 04 03 41 07 23 13 26 45 22 27 06 29 10 10 08
52 05 24 26 12 30 38 14 26 25 50 37 46 27 48 01 41
07 03 36 10 16 53 11 21 49 34 40 17 45 06 22 08 20
05 52 12 09 15 14 30 37 16 33 46 38 44 29 10 21 22
30 01 36 10 54 32 19 48 49 47 17 04 23 13 28 35 42
03 37 27 50 10 06 33 02 46 38 34 15 45 24 22 11 18
48 30 25 28 08 37 01 50 46 27 44 34 42 38 05 40 03
51 06 12 08 42 01 41 07 15 14 49 16 15 32 33 09 03
29 11 39 48 44 43 06 17 21 31 36 51 18 02 02 30 27
34 08 38 39 52 45 04 01 02 02 05 43 42 03 41 07 15
12 17 13 26 14 26 54 20 41 50 52 16 23 01 42 01 07
02 09 32 37 10 06 52 16 54 47 19 26 54 29 39 26 14
15 05 17 18 19 24 45 54 32 19 42 01 02 41 46 33 54
22 25 20 07 13 01 51 13 42 36 47 49 31 46 25 11 26
54 17 47 41 41 21 17 37 03 09 10 13 35 20 02 18 52
05 23 28 32 33 26 54 50 28 30 16 48 07 03 35 14 21
15 45 13 48 01 14 30 21 26 45 22 27 38 11 06 30 08
""",
}
"""Name to ciphertext; the signs of the Zodiac cipher are numbered in order of first appearance, 17 per line as on the paper."""


def example(name: str) -> str:
    """The ciphertext of an example.

    Raises:
        InputError: unknown name.
    """
    if name not in EXAMPLES:
        raise InputError(f"unknown example {name!r}. Examples: {' '.join(EXAMPLES)}")
    return EXAMPLES[name]
