"""Gold dictionaries: MUSE (Conneau et al. 2018) and XLING (Glavaš et al. 2019)."""

import sys

from fetching import File, main, under

MUSE = "https://dl.fbaipublicfiles.com/arrival/dictionaries/"
XLING = "https://raw.githubusercontent.com/codogogo/xling-eval/master/bli_datasets/"
LICENCE = "MUSE: CC BY-NC 4.0; XLING: see its repository"
FILES = [
    # The local copy was rebuilt from MUSE's full lists, so its bytes may differ from the published ones.
    *(File(path, MUSE + path.rpartition("/")[2], pinned=False) for path in under("dictionaries/muse/")),
    *(File(path, XLING + path.removeprefix("dictionaries/xling/")) for path in under("dictionaries/xling/")),
]  # fmt: skip

if __name__ == "__main__":
    sys.exit(main("Gold dictionaries of MUSE and XLING.", LICENCE, FILES))
