"""Optimal transport on points: Sinkhorn, Gromov-Wasserstein, couplings, divergences."""
