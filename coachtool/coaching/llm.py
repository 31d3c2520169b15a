"""A language model behind any OpenAI-compatible HTTP API: streaming, time limits, one retry, and what it used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any

import openai

from coachtool.coaching.generative import ModelFailed
from coachtool.coaching.prompts import Messages

_AGAIN = 0.2  # seconds before the one retry
_SHORT_WAIT = 1.0  # a server that asks for no longer a wait than this is asked again at once
_PAUSE = 20.0  # how long a server is left alone that is too busy and does not say for how long
_CHARACTERS = 4  # of a token, where the server does not count


class Server:
    """One server for one conversation. Times in seconds: `first` to the first word and between two words, `total`."""

    def __init__(self, url: str, model: str, key: str = "", *, first: float, total: float):
        self.name, self.tokens = model[:60], 0
        self._model, self._first, self._total = model, first, total
        limits = openai.Timeout(total, connect=first)
        self._client = openai.AsyncOpenAI(base_url=url, api_key=key or "none", max_retries=0, timeout=limits)
        self._options: dict[str, Any] = {"max_tokens": 0, "temperature": 0.3}

    async def stream(self, messages: Messages, longest: int) -> AsyncIterator[str]:
        """See generative.LanguageModel."""
        now = asyncio.get_running_loop().time
        end, due, late = now() + self._total, now() + self._first, f"no word within {self._first:g} s"
        answer, used, finished, spoken = None, None, "", ""
        async with _as_failures():
            try:
                options = {"stream": True, "stream_options": {"include_usage": True}}
                answer = await _within(due - now(), late, self._ask(messages, longest, options))
                chunks = aiter(answer)
                while True:
                    chunk = await _within(min(due, end) - now(), late, anext(chunks, None))
                    if chunk is None:
                        break
                    used = chunk.usage or used
                    choice = chunk.choices[0] if chunk.choices else None
                    finished = (choice and choice.finish_reason) or finished
                    piece = (choice and choice.delta.content) or ""
                    if piece:
                        spoken += piece
                        due, late = now() + self._first, "it stalled in mid-answer"
                        yield piece
            finally:
                self.tokens += used.total_tokens if used else _estimate(messages, spoken)
                if answer is not None:
                    with suppress(Exception):
                        await answer.close()
            if finished != "stop":
                raise ModelFailed(f"the answer was cut off ({finished or 'the connection ended'})")

    async def fill(self, messages: Messages, schema: dict[str, Any], longest: int) -> str:
        """See generative.LanguageModel; the whole answer has to come within the time to the first word."""
        form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
        async with _as_failures():
            late = f"no evidence within {self._first:g} s"
            answer = await _within(self._first, late, self._ask(messages, longest, {"response_format": form}))
            text = (answer.choices[0].message.content if answer.choices else "") or ""
            self.tokens += answer.usage.total_tokens if answer.usage else _estimate(messages, text)
            return text

    async def close(self) -> None:
        await self._client.close()

    async def _ask(self, messages: Messages, longest: int, options: dict[str, Any]) -> Any:
        """One request, asked once more where that may help."""
        tried = False
        while True:
            limits = {name: longest if name.startswith("max_") else value for name, value in self._options.items()}
            try:
                return await self._client.chat.completions.create(
                    model=self._model, messages=messages, **limits, **options
                )
            except openai.BadRequestError as refused:
                if not self._without(str(refused)):
                    raise
            except openai.RateLimitError as busy:
                wait = _retry_after(busy)
                if tried or wait > _SHORT_WAIT:
                    raise ModelFailed("the server is too busy (429)", wait or _PAUSE) from None
                await asyncio.sleep(wait)
                tried = True
            except (openai.APIConnectionError, openai.InternalServerError):
                if tried:
                    raise
                await asyncio.sleep(_AGAIN)
                tried = True

    def _without(self, complaint: str) -> bool:
        """Leave out what this server says it does not take; False where it complains of something else."""
        if "max_tokens" in complaint and "max_tokens" in self._options:
            del self._options["max_tokens"]
            self._options["max_completion_tokens"] = 0
            return True
        return "temperature" in complaint and self._options.pop("temperature", None) is not None


async def _within(seconds: float, late: str, awaited: Awaitable[Any]) -> Any:
    try:
        return await asyncio.wait_for(awaited, max(0.0, seconds))
    except TimeoutError:
        raise ModelFailed(late) from None


@asynccontextmanager
async def _as_failures() -> AsyncIterator[None]:
    """Whatever a server can do wrong as ModelFailed, said without its own words, which may hold anything."""
    try:
        yield
    except ModelFailed:
        raise
    except openai.APIStatusError as refused:
        raise ModelFailed(f"the server answered {refused.status_code}") from refused
    except openai.APIConnectionError as gone:
        raise ModelFailed("the server cannot be reached") from gone
    except Exception as wrong:
        raise ModelFailed(f"an unreadable answer ({type(wrong).__name__})") from wrong


def _retry_after(busy: openai.RateLimitError) -> float:
    try:
        return max(0.0, float(busy.response.headers.get("retry-after", "")))
    except ValueError:
        return 0.0


def _estimate(messages: Messages, answer: str) -> int:
    return (sum(len(message["content"]) for message in messages) + len(answer)) // _CHARACTERS
