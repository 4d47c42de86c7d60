"""How the parts read the documents of a request back into nouns."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from macrohard.errors import ModelError
from macrohard.llm.offline.scene import Scene
from macrohard.work import Noun

AnyNoun = TypeVar("AnyNoun", bound=Noun)


def read_text(scene: Scene, name: str) -> str:
    """The document of that name.

    Raises:
        ModelError: The request does not carry it.
    """
    text = scene.documents.get(name)
    if text is None:
        asker = scene.request.asker
        raise ModelError(
            f"The offline model was asked for {asker.output!r} at stage {asker.stage!r} without "
            f"the document {name!r}; it got: {', '.join(sorted(scene.documents)) or 'none'}."
        )
    return text


def read_noun(scene: Scene, name: str, noun: type[AnyNoun]) -> AnyNoun:
    """The document of that name as a noun.

    Raises:
        ModelError: The document is missing, or is not that noun.
    """
    return parse_noun(read_text(scene, name), name, noun)


def parse_noun(text: str, name: str, noun: type[AnyNoun]) -> AnyNoun:
    """A document's text as a noun.

    Raises:
        ModelError: It is not that noun.
    """
    try:
        return noun.model_validate_json(text)
    except ValidationError as error:
        raise ModelError(
            f"The document {name!r} is no {noun.__name__} the offline model can read: {error}"
        ) from error


def read_nouns(scene: Scene, name: str, noun: type[AnyNoun]) -> tuple[AnyNoun, ...]:
    """The document of that name as a list of nouns; empty when the request does not carry it.

    Raises:
        ModelError: The document is there, but is no list of that noun.
    """
    text = scene.documents.get(name, "").strip()
    if not text:
        return ()
    try:
        return TypeAdapter(tuple[noun, ...]).validate_json(text)  # type: ignore[valid-type]
    except ValidationError as error:
        raise ModelError(
            f"The document {name!r} is no list of {noun.__name__} the offline model can read: "
            f"{error}"
        ) from error
