"""Searches whose f relabels a sequence: annealing, heat bath, soft keys, soft lexicons."""
