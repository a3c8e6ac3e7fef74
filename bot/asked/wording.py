"""Fill the sentences of sheets."""

from __future__ import annotations

from intents.domain import Language, ObjectRef, Text


def filled(text: Text, *values: Text | ObjectRef | str | int) -> Text:
    """Return a text with its `{}` filled, in every language."""

    def in_(language: Language) -> str:
        shown = (each.in_(language) if isinstance(each, Text) else str(each) for each in values)
        return text.in_(language).format(*shown)

    return Text(en=in_(Language.EN), zh=in_(Language.ZH))
