"""Keep items as bytes until they are asked for: a start reads thousands from its cache and uses a few."""

from __future__ import annotations

import marshal
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class Packed(ABC, Generic[Item]):
    """A list whose items are decoded when they are asked for, once it was pickled. Subclasses say how."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items: list[Item | bytes] = list(items)

    @staticmethod
    @abstractmethod
    def pack(item: Any) -> Any:
        """Return an item as plain values: numbers, texts, tuples, sets and dicts of them."""

    @staticmethod
    @abstractmethod
    def unpack(plain: Any) -> Any:
        """Return the item that `pack` made plain."""

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, number: int) -> Item:
        item = self._items[number]
        if isinstance(item, bytes):
            item = self._items[number] = self.unpack(marshal.loads(item))
        return item

    def __iter__(self) -> Iterator[Item]:
        return (self[number] for number in range(len(self)))

    def __getstate__(self) -> list[bytes]:
        # Only this interpreter reads it: the cache's name contains its version.
        return [marshal.dumps(self.pack(item)) for item in self]

    def __setstate__(self, state: list[Item | bytes]) -> None:
        self._items = state
