"""Open the last change of an object; it writes nothing. Entries may name it; no code carries it out yet."""

from __future__ import annotations

from typing import Final

from intents.catalog.actions import SHOW_CHANGE, ActionDeclaration

DECLARATION: Final = ActionDeclaration(name=SHOW_CHANGE, undoable=False, ends_incident=False)
