"""Single cells: SNARE-seq, 1,047 cells measured as RNA (10-d) and as open chromatin (ATAC, 19-d)."""

import sys

from fetching import File, main

SCOT = "https://raw.githubusercontent.com/rsinghlab/SCOT/master/data/SNAREseq_{}_feat.npy"
LICENCE = "MIT (SCOT's repository)"
FILES = [File(f"cells/snare/{side}.npy", SCOT.format(side), pinned=False) for side in ("atac", "rna")]

if __name__ == "__main__":
    sys.exit(main("Paired single-cell measurements.", LICENCE, FILES))
