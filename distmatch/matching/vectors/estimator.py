"""The protocol of scikit-learn for matchers of vectors: fit, transform, get_params, set_params."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self

from distmatch.embeddings.arrays import Vectors
from distmatch.errors import InputError

if TYPE_CHECKING:
    from distmatch.maps.linear import LinearMap
    from distmatch.matching.match import Match


class Estimator:
    """What a frozen dataclass of settings needs to be cloned, searched over and put into a pipeline.

    `match_` is the one thing that `fit` leaves on a matcher; settings and comparison know nothing of it.
    """

    match_: Match[LinearMap]

    def fit(self, X: Vectors, Y: Vectors, *, seed: int = 0) -> Self:
        """Find the map from X's space to Y's; the `Match` is `match_`.

        Args:
            X: (n, d) rows, see `embeddings.arrays.Vectors`; row i need not go with row i of Y.
            Y: (m, d') rows.
            seed: of all random choices.
        """
        found = self.match(X, Y, seed=seed)  # pyright: ignore[reportAttributeAccessIssue]
        object.__setattr__(self, "match_", found)
        return self

    def transform(self, X: Vectors) -> Any:
        """Rows of the source's kind in the common space, in the kind that came in.

        Raises:
            InputError: `fit` was not called.
        """
        return self._fitted().map(X)

    def transform_target(self, Y: Vectors) -> Any:
        """Rows of the target's kind in the common space, which is not the target's own where both sides are re-weighted."""
        return self._fitted().map.map_target(Y)

    def fit_transform(self, X: Vectors, Y: Vectors) -> Any:
        """`fit` and `transform` in one."""
        return self.fit(X, Y).transform(X)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Settings by name; with `deep` also those of settings that are matchers, as `refinement__growth`."""
        out = {f.name: getattr(self, f.name) for f in fields(self)}  # pyright: ignore[reportArgumentType]
        if deep:
            for name, value in list(out.items()):
                if isinstance(value, Estimator):
                    inner = value.get_params().items()
                    out.update({f"{name}__{key}": one for key, one in inner})
        return out

    def set_params(self, **params: Any) -> Self:
        """Change settings in place, as scikit-learn expects; elsewhere use `dataclasses.replace`.

        Raises:
            InputError: a setting that the matcher lacks.
        """
        known = self.get_params(deep=False)
        for name, value in params.items():
            outer, _, inner = name.partition("__")
            if outer not in known:
                raise InputError(
                    f"{type(self).__name__} has no {outer}. It has: {' '.join(sorted(known))}"
                )
            if inner:  # a copy: defaults are shared between matchers
                own = getattr(self, outer)
                value = type(own)(**own.get_params(deep=False)).set_params(**{inner: value})
            object.__setattr__(self, outer, value)
        return self

    def _fitted(self) -> Match[LinearMap]:
        if not hasattr(self, "match_"):
            raise InputError(f"this {type(self).__name__} is not fitted. Call fit(X, Y) first")
        return self.match_
