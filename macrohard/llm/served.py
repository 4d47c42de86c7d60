"""What models behind an endpoint have in common, whichever API they speak."""

from abc import ABC, abstractmethod

from macrohard.llm.base import Asker, Reply, Request
from macrohard.llm.endpoint import Endpoint
from macrohard.llm.images import OUTPUT, paint
from macrohard.llm.manner import Manner
from macrohard.llm.service import Patience, Service


class ServedModel(ABC):
    """A model behind an endpoint.

    Args:
        endpoint: Where and how to ask.
        patience: Time-outs and retries.
    """

    def __init__(self, endpoint: Endpoint, patience: Patience | None = None) -> None:
        self.service = Service(endpoint, patience)
        self._endpoint = endpoint

    @property
    def name(self) -> str:
        """What the person named."""
        return self._endpoint.name

    def window_tokens(self, _asker: Asker) -> int | None:
        """Context window of the model, as far as it is known."""
        return self._endpoint.window

    def sees(self, _asker: Asker) -> bool | None:
        """Whether the model can be shown pictures, as far as it is known."""
        return self._endpoint.sees  # what a server refused meanwhile, a resumed run does not know

    async def complete(self, request: Request) -> Reply:
        """Answer one request, asking again where that can help.

        Raises:
            ModelError: The last attempt failed, or asking again is no use.
        """
        if request.asker.output == OUTPUT:
            return await self.service.ask(lambda _: paint(self.service, self._endpoint, request))
        reply = await self.service.ask(
            lambda manner: self._attempt(request, manner), shows=bool(request.pictures)
        )
        manner = self.service.manner
        if request.pictures and not manner.pictures:
            return reply.model_copy(update={"unseen": manner.unseen})
        return reply

    async def close(self) -> None:
        """Close the connections."""
        await self.service.close()

    @abstractmethod
    async def _attempt(self, request: Request, manner: Manner) -> Reply:
        """Ask once, in the API's own words."""
