"""Keep items as bytes until they are asked for: a start reads thousands from its cache and uses a few."""

from __future__ import annotations

import marshal
from abc import abstractmethod
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, TypeVar, overload

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

Item = TypeVar("Item")


class Numbers(array):  # type: ignore[type-arg]
    """An array that the cache of a start can hold: its pickle names no class but this one."""

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return Numbers, (self.typecode, self.tobytes())


class Packed(Sequence[Item]):
    """A sequence whose items are decoded when they are asked for, once it was pickled. Subclasses say how.

    As the type of a model's field it is validated, and dumped, as the tuple `read_as`.
    """

    read_as: Any

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._made: dict[int, Item] = dict(enumerate(items))
        self._length = len(self._made)
        # The items that a cache had, one after the other: thousands of bytes objects would take a quarter more.
        self._ends = Numbers("I")
        self._bytes = b""

    @staticmethod
    @abstractmethod
    def pack(item: Any) -> Any:
        """Return an item as plain values: numbers, texts, tuples, sets and dicts of them."""

    @staticmethod
    @abstractmethod
    def unpack(plain: Any) -> Any:
        """Return the item that `pack` made plain."""

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Item, ...]: ...
    def __getitem__(self, place: int | slice) -> Item | tuple[Item, ...]:
        if isinstance(place, slice):
            return tuple(self[number] for number in range(*place.indices(self._length)))
        # Read before the look: another thread that makes the last item drops them.
        packed, place = self._bytes, range(self._length)[place]
        if place not in self._made:
            self._made[place] = self.unpack(marshal.loads(packed[self._ends[place] : self._ends[place + 1]]))
            if len(self._made) == self._length:
                self._bytes = b""
        return self._made[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Packed) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> tuple[Numbers, bytes]:
        # Only this interpreter reads it: the cache's name contains its version.
        packed = [marshal.dumps(self.pack(item)) for item in self]
        return Numbers("I", accumulate(map(len, packed), initial=0)), b"".join(packed)

    def __setstate__(self, state: tuple[Numbers, bytes]) -> None:
        self._made = {}
        self._ends, self._bytes = state
        self._length = len(self._ends) - 1

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        parts = handler.generate_schema(cls.read_as)
        return core_schema.no_info_after_validator_function(
            cls,
            parts,
            serialization=core_schema.wrap_serializer_function_ser_schema(
                lambda items, dumped: dumped(tuple(items)), schema=parts
            ),
        )
