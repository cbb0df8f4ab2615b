"""`Map`: what f may be. Every map is called on X, has a code length in bits, a name, and a JSON form."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, runtime_checkable

X = TypeVar("X", contravariant=True)
Y = TypeVar("Y", covariant=True)


@runtime_checkable
class Map(Protocol[X, Y]):
    """f of the formula: a frozen object that takes X to Y's space."""

    @property
    def name(self) -> str:
        """What kind of map it is, for people and records: "key", "lexicon", "linear"."""
        ...

    @property
    def bits(self) -> float:
        """Bits to name this map among those that the search allows."""
        ...

    def __call__(self, x: X, /) -> Y:
        """f(X)."""
        ...

    def to_json(self) -> dict[str, Any]:
        """The map as JSON values."""
        ...
