"""A reviewer's session: one item after the other, until there are no more or they leave."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from switchyard_client.commands.console import plain
from switchyard_client.commands.endpoint import Endpoint
from switchyard_client.commands.failures import FEEDBACK_OF_ANOTHER, explain
from switchyard_client.commands.feedback.arguments import PRIORITIES, SENTIMENTS
from switchyard_client.commands.feedback.effects_view import describe_effects
from switchyard_client.commands.review.choosing import matches
from switchyard_client.commands.review.draft import Draft
from switchyard_client.commands.review.item_view import show_item, show_names
from switchyard_client.commands.review.typed import Typed
from switchyard_client.errors import InvalidRequest, NotFound, NotPermitted, SwitchyardError
from switchyard_client.feedback import FeedbackClient
from switchyard_client.messages.switchyard.feedback.v1 import (
    ReviewItem,
    ReviewReason,
    StreamReviewItemsResponse,
)
from switchyard_client.messages.switchyard.triage.v1 import (
    CategoryPrediction,
    TriageResult,
    TriageRun,
)

_HELP = (
    "Enter accept and send, c category, p priority, s sentiment, e escalation, 1-5 rating, "
    "k comment, n skip, q quit"
)
_QUIT = "q"
_RATINGS = ("1", "2", "3", "4", "5")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who reviews, and what."""

    reviewer: str = ""
    reason: ReviewReason = ReviewReason.UNSPECIFIED
    category: str = ""


class Session:
    """Shows items, reads what is typed, and submits it.

    `categories` are those of the taxonomy, to choose from.
    """

    def __init__(
        self,
        client: FeedbackClient,
        console: Console,
        typed: Typed,
        categories: Sequence[str],
        wanted: Wanted,
    ) -> None:
        self._client = client
        self._console = console
        self._typed = typed
        self._categories = categories
        self._wanted = wanted
        self.submitted = 0

    async def run(self) -> None:
        """Until the reviewer leaves or types no more. Raises SwitchyardError."""
        self._say(_HELP)
        answers = self._client.stream_review_items(
            reviewer=self._wanted.reviewer,
            reason=self._wanted.reason,
            category=self._wanted.category,
        )
        async with aclosing(answers):
            answer = await anext(answers, None)
            while answer is not None:
                if answer.item is None:
                    self._say("nothing waits just now; the next comes when something does")
                    answer = await self._next_or_leave(answers)
                    continue
                show_item(self._console, answer.item, answer.waiting)
                if not await self._review(answer.item):
                    return
                answer = await anext(answers, None)

    async def _next_or_leave(
        self, answers: AsyncGenerator[StreamReviewItemsResponse, None]
    ) -> StreamReviewItemsResponse | None:
        """What the server says next; None when the reviewer leaves before, or it has ended.

        What is typed meanwhile is about no item, and forgotten.
        """
        coming = asyncio.ensure_future(anext(answers, None))
        try:
            while True:
                either: list[asyncio.Future[Any]] = [coming, self._typed.coming()]
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    return coming.result()
                if await self._typed.take() in (None, _QUIT):
                    return None
        finally:
            coming.cancel()
            await asyncio.wait({coming})

    async def _review(self, item: ReviewItem) -> bool:
        """Do what is typed until the item is settled; whether the reviewer goes on."""
        run, draft = item.run or TriageRun(), Draft()
        while True:
            line = await self._ask(draft.describe())
            key, rest = (line or "")[:1].lower(), (line or "")[1:].strip()
            if line is None or line == _QUIT:
                return False
            if line in ("", "a"):
                if await self._submit(run.name, draft):
                    return True
            elif line == "n":
                await self._release(run.name)
                return True
            elif key == "k":
                draft.comment = rest or await self._ask("comment") or ""
            elif line in _RATINGS:
                draft.rating = int(line)
            elif not await self._correct(key, rest, run.result or TriageResult(), draft):
                self._say(_HELP)

    async def _correct(self, key: str, rest: str, result: TriageResult, draft: Draft) -> bool:
        """Take a correction into the draft; whether the key stands for one."""
        if key == "c":
            names = self._likeliest_first(result.category or CategoryPrediction())
            draft.category = await self._choose(names, rest) or draft.category
        elif key == "p":
            name = await self._choose([*PRIORITIES], rest)
            draft.priority = PRIORITIES.get(name or "", draft.priority)
        elif key == "s":
            name = await self._choose([*SENTIMENTS], rest)
            draft.sentiment = SENTIMENTS.get(name or "", draft.sentiment)
        elif key == "e" and not rest:
            draft.escalation = not result.requires_human_escalation
        else:
            return False
        return True

    def _likeliest_first(self, prediction: CategoryPrediction) -> list[str]:
        likely = [prediction.category, *(other.category for other in prediction.runners_up)]
        return [
            *(name for name in likely if name in self._categories),
            *(name for name in self._categories if name not in likely),
        ]

    async def _choose(self, names: Sequence[str], text: str) -> str | None:
        """The one name that is meant, asked for until it is clear; None: none after all."""
        found = matches(names, text) if text else [*names]
        while len(found) != 1:
            if not found:
                self._say("there is no such name")
            show_names(self._console, found or names, names)
            typed = await self._ask("number or part of the name; Enter: none")
            if not typed:
                return None
            found = matches(names, typed)
        return found[0]

    async def _submit(self, run: str, draft: Draft) -> bool:
        """Whether it was taken."""
        try:
            answer = await self._client.submit(draft.feedback(run, self._wanted.reviewer))
        except InvalidRequest as error:
            self._say_refused(error)
            return False
        except NotPermitted as error:
            if error.reason != FEEDBACK_OF_ANOTHER:
                raise
            self._say_refused(error)
            return False
        except NotFound as error:  # deleted meanwhile
            self._say_refused(error)
            await self._release(run)
            return True
        self.submitted += 1
        self._say(describe_effects(answer))
        return True

    async def _release(self, run: str) -> None:
        await self._client.release_review_items([run], reviewer=self._wanted.reviewer)

    async def _ask(self, about: str) -> str | None:
        prompt = f"{about} > " if about else "> "
        self._console.print(plain(prompt, "bold"), end="")
        line = None
        try:
            line = await self._typed.take()
        finally:
            if line is None or not self._console.is_terminal:
                self._console.print()  # no line end was typed, or nobody sees it
        return line

    def _say_refused(self, error: SwitchyardError) -> None:
        self._console.print(plain(explain(error, Endpoint(self._client.address)), "red"))

    def _say(self, text: str) -> None:
        self._console.print(plain(text, "dim"))
