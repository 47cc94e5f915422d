"""The engine that asks language models, and falls back on the embedded one.

The embedded engine reads every ticket first: its rules alone decide on escalation, so that nothing
a ticket says to a model changes it; it is the second reader of the category; and its answer stands
where no model gives a good one.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial

import orjson

from server.engines.llm.call import OK
from server.engines.llm.checks import check
from server.engines.llm.completion import Completion, Question
from server.engines.llm.confidence import (
    Calibration,
    predict,
    probability_of,
    token_probabilities,
)
from server.engines.llm.exact import ExactAnswers
from server.engines.llm.form import Form, ModelAnswer
from server.engines.llm.heard import Heard, Unanswered, decode_heard
from server.engines.llm.inquiry import Inquirer
from server.engines.llm.intent import Claim, find_claims
from server.engines.llm.prompt import VERSION, Prompt, make_prompt, messages_for, shortened
from server.engines.llm.reply_listener import ReplyListener
from server.triage.assessment import Assessment, Draft, Prediction
from server.triage.engine import (
    Attempt,
    Engine,
    EngineMaker,
    EngineVersion,
    Outward,
    Parts,
    Reading,
    Similar,
    Terms,
)
from server.triage.examples.label import Label, RecentLabel
from server.triage.rulebook import with_category_policy
from server.triage.taxonomy import Category, Taxonomy

ENGINE = "llm"
RESERVE_S = 0.25  # of the caller's time, for deciding and committing
WAIT_RESERVE_S = 0.15  # less: who asks ends by itself before that, and tells its attempts
NO_TIME = "no_time"
MOST_FORMS = 16  # one for each choice of parts
MOST_PROMPTS = 8  # versions that are kept filled in
MOST_FACTS = 64  # of parts and terms together
MOST_VERSIONS = 64  # of models and terms together


class LlmEngineMaker:
    """Makes engines that ask models, each upon an embedded one."""

    def __init__(
        self, embedded: EngineMaker, inquirer: Inquirer, exact: ExactAnswers | None = None
    ) -> None:
        self._embedded = embedded
        self._inquirer = inquirer
        self._exact = exact

    async def train(self, categories: Sequence[Category], labels: Sequence[Label] = ()) -> bytes:
        """An embedded model of these categories' examples and of labelled tickets."""
        return await self._embedded.train(categories, labels)

    def starter_model(self) -> bytes:
        """The embedded model of the starter taxonomy."""
        return self._embedded.starter_model()

    async def load(self, model: bytes, taxonomy: Taxonomy, owner: str = "") -> "LlmEngine":
        """The engine of a taxonomy. Raises ModelUnreadable, EngineError."""
        embedded = await self._embedded.load(model, taxonomy, owner)
        return LlmEngine(embedded, taxonomy, self._inquirer, self._exact)


class LlmEngine:
    """Reads tickets by asking models, for one taxonomy."""

    asks_outside = True

    def __init__(
        self,
        embedded: Engine,
        taxonomy: Taxonomy,
        inquirer: Inquirer,
        exact: ExactAnswers | None = None,  # None: no answer is kept
    ) -> None:
        self.exact = exact
        self.embedded = embedded
        self.taxonomy = taxonomy
        self.inquirer = inquirer
        prompt_of = lru_cache(MOST_PROMPTS)(partial(make_prompt, taxonomy.categories))
        self.prompt_for = partial(_prompt_for, prompt_of)
        self.calibration = Calibration()
        self.form_of = lru_cache(MOST_FORMS)(partial(Form, tuple(taxonomy.by_name)))
        models = sorted({member.provider.model for member in inquirer.members})
        self.version = replace(
            embedded.version,
            engine=ENGINE,
            model=" ".join(models),
            version=f"{VERSION} {embedded.version.version}",
        )
        # Of functions, not of methods: a cycle would keep an engine that nobody uses any more.
        about = (self.version, self.prompt_for)
        self.facts_of = lru_cache(MOST_FACTS)(partial(_facts, *about))
        self.version_of = lru_cache(MOST_VERSIONS)(partial(_version, *about))

    def read(self, record: bytes, parts: Parts) -> "LlmReading":
        """Read one ticket."""
        return LlmReading(self, self.embedded.read(record, parts), parts)

    async def learn(self, recent: Sequence[RecentLabel]) -> None:
        """The embedded engine learns: models are shown what it finds similar."""
        await self.embedded.learn(recent)

    def retire(self) -> None:
        """Free what the embedded engine holds."""
        self.embedded.retire()


class LlmReading:
    """One ticket: first by the embedded engine, then by a model."""

    def __init__(self, engine: LlmEngine, own: Reading, parts: Parts) -> None:
        self.version = engine.version
        self.attempts: tuple[Attempt, ...] = ()
        self.is_degraded = False
        self._engine = engine
        self._own = own
        self._parts = parts
        self._answer: ModelAnswer | None = None

    @property
    def similar(self) -> tuple[Similar, ...]:
        """As the embedded engine finds them."""
        return self._own.similar

    async def language(self) -> tuple[Prediction[str], float]:
        """As the embedded engine detects it."""
        return await self._own.language()

    async def assess(self, outward: Outward | None = None) -> tuple[Assessment, float]:
        """What a model finds in the ticket; where none answers, what the embedded engine does."""
        own, seconds = await self._own.assess()
        if outward is None:
            self.version = self._engine.embedded.version
            return own, seconds
        begin = time.perf_counter()
        try:
            heard = await self._hear(outward)
        except Unanswered as unanswered:
            self.attempts, self.is_degraded = unanswered.attempts, True
            self.version = self._engine.embedded.version
            self._engine.inquirer.metrics.degraded(unanswered.reason)
            return own, seconds + time.perf_counter() - begin
        self._answer = heard.answer
        self.version = self._engine.version_of(heard.provider, heard.model, outward.terms)
        return self._merged(own, heard), seconds + time.perf_counter() - begin

    async def draft(self) -> tuple[Draft, float]:
        """What the model wrote along with its assessment."""
        if self._answer is None:
            return await self._own.draft()
        return Draft(self._answer.summary, self._answer.reply), 0.0

    async def _hear(self, outward: Outward) -> Heard:
        """A model's answer, fresh or kept. Raises Unanswered, BudgetSpent, StorageUnavailable."""
        exact = self._engine.exact
        if exact is None or not outward.may_share or outward.listener is not None:
            return await self._ask(outward)
        try:
            async with asyncio.timeout(outward.deadline_s - WAIT_RESERVE_S - time.monotonic()):
                return await self._hear_once(exact, outward)
        except TimeoutError as error:
            raise Unanswered(reason=NO_TIME) from error

    async def _hear_once(self, exact: ExactAnswers, outward: Outward) -> Heard:
        """A model's answer, asked for by the first of those who want the same."""
        is_asking, heard = False, None

        async def ask() -> bytes:
            nonlocal is_asking, heard
            is_asking = True
            heard = await self._ask(outward)
            return heard.encode()

        facts = self._engine.facts_of(self._parts, outward.terms)
        question = orjson.dumps([outward.ticket, outward.examples]).decode()
        while True:
            try:
                data, was_kept = await exact.answer(outward.tenant, facts, question, ask)
                break
            except Unanswered as unanswered:
                # Another had too little time: this caller may not. Others join whoever asks now.
                if is_asking or not unanswered.lacked_time:
                    raise
        if heard is not None and not was_kept:
            return heard
        kept = decode_heard(data)
        self.attempts = (Attempt(kept.provider, kept.model, "cache", OK),)
        return kept

    async def _ask(self, outward: Outward) -> Heard:
        engine, terms = self._engine, outward.terms
        form, prompt = engine.form_of(self._parts), engine.prompt_for(terms)
        question = Question(
            messages=messages_for(prompt, outward.ticket, outward.examples),
            schema_name="triage",
            schema=form.schema,
            most_tokens=engine.inquirer.terms.most_tokens,
            temperature=terms.temperature or 0.0,
        )
        read = partial(_read, form, prompt, question.messages[-1].text)
        listener = outward.listener
        asked = await engine.inquirer.ask(
            question,
            partial(read, engine.inquirer.metrics.claimed),
            outward.deadline_s - RESERVE_S,
            shortened,
            None if listener is None else ReplyListener(listener, partial(read, _nobody_counts)),
            outward.tenant,
            terms.model,
        )
        self.attempts = asked.attempts
        if asked.answer is None or asked.completion is None:
            raise Unanswered(asked.attempts, lacked_time=asked.lacked_time)
        names = engine.taxonomy.by_name
        told = token_probabilities(asked.answer.category, asked.completion, names)
        return Heard(asked.answer, told, asked.provider, asked.model)

    def _merged(self, own: Assessment, heard: Heard) -> Assessment:
        engine, answer = self._engine, heard.answer
        names = engine.taxonomy.by_name
        category = predict(
            answer.category, heard.probabilities, own.category, names, engine.calibration
        )
        priority, sentiment = own.priority, own.sentiment
        if not own.priority_reasons:  # where a rule has spoken, it stands
            priority = Prediction(answer.priority, probability_of(answer.priority, own.priority))
        if answer.sentiment is not None and own.sentiment is not None:
            confidence = probability_of(answer.sentiment, own.sentiment)
            sentiment = Prediction(answer.sentiment, confidence)
        reasons = with_category_policy(
            own.escalation_reasons, names[category.label].escalation_policy
        )
        return Assessment(
            category,
            priority,
            own.priority_reasons,
            reasons,
            sentiment,
            own.resolution_s if category.label == own.category.label else None,
        )


def _prompt_for(prompt_of: Callable[[str], Prompt], terms: Terms) -> Prompt:
    """What models are told under these terms."""
    return prompt_of(terms.prompt or VERSION)


def _facts(
    own: EngineVersion, prompt_for: Callable[[Terms], Prompt], parts: Parts, terms: Terms
) -> tuple[str, ...]:
    """What an answer depends on beside the ticket and the examples."""
    prompt = prompt_for(terms)
    return own.model, prompt.version, prompt.mark.decode(), repr(parts), str(terms)


def _version(
    own: EngineVersion,
    prompt_for: Callable[[Terms], Prompt],
    provider: str,
    model: str,
    terms: Terms,
) -> EngineVersion:
    """Who answered, where a model did."""
    version = prompt_for(terms).version
    if terms.temperature is not None:
        version += f" temperature={terms.temperature:g}"
    return replace(own, model=f"{provider}/{model}", version=version)


def _read(
    form: Form,
    prompt: Prompt,
    ticket: str,
    count: Callable[[Sequence[Claim]], None],
    completion: Completion,
) -> ModelAnswer:
    """The answer in a completion, all checks passed. Raises FlawedAnswer."""
    answer = form.read(completion)
    claims = find_claims(answer.reply or "")
    count(claims)
    check(answer, claims, prompt, ticket)
    return answer


def _nobody_counts(_claims: Sequence[Claim]) -> None:
    """Where an answer is not whole yet: it is counted once."""
