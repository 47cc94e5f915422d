"""Answers are given again while they are good, renewed in the background, never kept when wrong."""

import asyncio
from collections.abc import Callable

import pytest

from interceptors.cache.answer_cache import MOST_REFRESHES, AnswerCache
from interceptors.cache.memory import Memory
from interceptors.cache.tags import tag_of
from interceptors.cache.terms import Figures
from tests.unit.interceptors.cache.questions import METHOD, Clock, Question, Worker, terms_in, turn

SURELY_EARLY = 1.0 - 1e-12  # of the chances in [0, 1), one that refreshes long before the end


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> AnswerCache:
    return AnswerCache(Memory(), clock=clock, chance=lambda: 0.0)


async def test_a_kept_answer_is_given_again(cache: AnswerCache) -> None:
    question = Question(Worker(), terms_in(cache))
    assert [await cache.answer(question) for _ in range(2)] == [(b"1", "miss"), (b"1", "hit")]


async def test_an_answer_is_made_anew_after_its_time(cache: AnswerCache, clock: Clock) -> None:
    question = Question(Worker(), terms_in(cache, ttl_s=60.0))
    await cache.answer(question)
    clock.now_s += 60.0
    assert await cache.answer(question) == (b"2", "miss")


async def test_an_empty_answer_is_kept_like_any_other(cache: AnswerCache) -> None:
    question = Question(Worker([b"", b"other"]), terms_in(cache))
    await cache.answer(question)
    assert await cache.answer(question) == (b"", "hit")


async def test_an_error_is_not_kept(cache: AnswerCache) -> None:
    question = Question(Worker([ValueError("no")]), terms_in(cache))
    with pytest.raises(ValueError, match="no"):
        await cache.answer(question)
    assert await cache.answer(question) == (b"2", "miss")


async def test_an_answer_from_the_future_is_made_anew(cache: AnswerCache, clock: Clock) -> None:
    question = Question(Worker(), terms_in(cache))
    await cache.answer(question)
    clock.now_s -= 3600.0
    assert await cache.answer(question) == (b"2", "miss")


async def test_identical_questions_at_once_share_one_work(cache: AnswerCache) -> None:
    worker = Worker().hold()
    question = Question(worker, terms_in(cache))
    asked = asyncio.gather(*(cache.answer(question) for _ in range(3)))
    await turn()
    worker.may_end.set()
    assert await asked == [(b"1", "miss"), (b"1", "coalesced"), (b"1", "coalesced")]


async def test_an_answer_that_may_not_be_kept_is_the_first_callers_alone(
    cache: AnswerCache,
) -> None:
    worker, terms = Worker().hold(), terms_in(cache)
    first, other = Question(worker, terms, was_true=False), Question(worker, terms)
    asked = asyncio.gather(*(cache.answer(question) for question in (first, other)))
    await turn()
    worker.may_end.set()
    assert await asked == [(b"1", "miss"), (b"2", "miss")]
    assert terms.figures.coalesced == 0


async def test_an_answer_older_than_asked_for_is_made_anew(
    cache: AnswerCache, clock: Clock
) -> None:
    question = Question(Worker(), terms_in(cache))
    await cache.answer(question)
    clock.now_s += 5.0
    question.most_age_s = 4.0
    assert await cache.answer(question) == (b"2", "miss")


async def test_an_answer_as_old_as_asked_for_will_do(cache: AnswerCache, clock: Clock) -> None:
    question = Question(Worker(), terms_in(cache), most_age_s=5.0)
    await cache.answer(question)
    clock.now_s += 5.0
    assert await cache.answer(question) == (b"1", "hit")


async def test_an_answer_made_anew_replaces_the_kept_one(cache: AnswerCache) -> None:
    question = Question(Worker(), terms_in(cache))
    await cache.answer(question)
    assert await cache.answer_anew(question) == (b"2", "miss")
    assert await cache.answer(question) == (b"2", "hit")


async def test_a_stale_answer_is_given_while_one_work_makes_a_new_one(
    cache: AnswerCache, clock: Clock
) -> None:
    worker = Worker()
    question = Question(worker, terms_in(cache, ttl_s=60.0, stale_ttl_s=30.0))
    await cache.answer(question)
    clock.now_s += 60.0
    worker.hold()
    assert [await cache.answer(question) for _ in range(3)] == [(b"1", "stale")] * 3
    await turn()
    worker.may_end.set()
    await turn()
    assert await cache.answer(question) == (b"2", "hit")
    assert worker.runs == 2


async def test_an_answer_past_its_stale_time_is_made_anew(cache: AnswerCache, clock: Clock) -> None:
    question = Question(Worker(), terms_in(cache, ttl_s=60.0, stale_ttl_s=30.0))
    await cache.answer(question)
    clock.now_s += 90.0
    assert await cache.answer(question) == (b"2", "miss")


async def test_a_failed_refresh_leaves_the_stale_answer_and_is_counted(
    cache: AnswerCache, clock: Clock
) -> None:
    terms = terms_in(cache, ttl_s=60.0, stale_ttl_s=30.0)
    question = Question(Worker([b"1", ValueError("no")]), terms)
    await cache.answer(question)
    clock.now_s += 60.0
    await cache.answer(question)
    await turn()
    assert terms.figures.failed_refreshes == 1
    assert await cache.answer(question) == (b"1", "stale")


async def test_a_fresh_answer_is_refreshed_early_by_chance(clock: Clock) -> None:
    cache = AnswerCache(Memory(), clock=clock, chance=lambda: SURELY_EARLY)
    worker = Worker(before_the_end=passing(clock, 2.0))
    question = Question(worker, terms_in(cache, ttl_s=60.0))
    await cache.answer(question)
    clock.now_s += 10.0  # 27 work times are more than is left
    assert await cache.answer(question) == (b"1", "hit")
    await turn()
    assert cache.memory.get(question.key) is not None
    assert worker.runs == 2


async def test_no_more_works_run_in_the_background_than_may(
    cache: AnswerCache, clock: Clock
) -> None:
    worker, terms = Worker(), terms_in(cache, ttl_s=60.0, stale_ttl_s=30.0)
    questions = [Question(worker, terms, key=b"%d" % i) for i in range(MOST_REFRESHES + 5)]
    for question in questions:
        await cache.answer(question)
    clock.now_s += 60.0
    worker.hold().runs = 0
    for question in questions:
        assert (await cache.answer(question))[1] == "stale"
    await turn()
    assert worker.runs == MOST_REFRESHES
    await cache.close()


async def test_closing_cancels_what_runs_in_the_background(
    cache: AnswerCache, clock: Clock
) -> None:
    worker = Worker()
    question = Question(worker, terms_in(cache, ttl_s=60.0, stale_ttl_s=30.0))
    await cache.answer(question)
    clock.now_s += 60.0
    worker.hold()
    await cache.answer(question)
    await turn()
    await cache.close()
    assert worker.cancelled == 1


@pytest.mark.parametrize("tag", [tag_of(), tag_of(METHOD), tag_of(tenant="a"), tag_of(METHOD, "a")])
async def test_an_invalidated_answer_is_made_anew(cache: AnswerCache, tag: str) -> None:
    question = Question(Worker(), terms_in(cache))
    await cache.answer(question)
    assert await cache.invalidate(tag) == 1
    assert await cache.answer(question) == (b"2", "miss")


@pytest.mark.parametrize("tag", [tag_of("other"), tag_of(tenant="b"), tag_of(METHOD, "b")])
async def test_other_tags_leave_an_answer_alone(cache: AnswerCache, tag: str) -> None:
    question = Question(Worker(), terms_in(cache))
    await cache.answer(question)
    assert await cache.invalidate(tag) == 0
    assert await cache.answer(question) == (b"1", "hit")


async def test_an_answer_invalidated_while_it_was_made_is_not_kept(cache: AnswerCache) -> None:
    worker = Worker().hold()
    question = Question(worker, terms_in(cache))
    asked = asyncio.create_task(cache.answer(question))
    await worker.begun.wait()
    await cache.invalidate(tag_of(tenant="a"))
    worker.may_end.set()
    assert await asked == (b"1", "miss")
    assert await cache.answer(question) == (b"2", "miss")


async def test_an_answer_is_forgotten_by_a_tag_of_its_own(cache: AnswerCache) -> None:
    question = Question(Worker(), terms_in(cache), answer_tags=("run:1", "run:0"))
    await cache.answer(question)
    assert await cache.invalidate("run:0") == 1
    assert await cache.answer(question) == (b"2", "miss")


async def test_an_answer_that_carries_two_of_the_tags_counts_once(cache: AnswerCache) -> None:
    await cache.answer(Question(Worker(), terms_in(cache), answer_tags=("run:1", "run:0")))
    assert await cache.invalidate("run:0", "run:1") == 1


async def test_a_tag_of_one_answer_leaves_others_alone(cache: AnswerCache) -> None:
    terms = terms_in(cache)
    one, other = (
        Question(Worker(), terms, key=b"%d" % i, answer_tags=(f"run:{i}",)) for i in range(2)
    )
    await cache.answer(one)
    await cache.answer(other)
    assert await cache.invalidate("run:0") == 1
    assert await cache.answer(other) == (b"1", "hit")


async def test_an_answer_forgotten_while_it_was_made_is_given_to_all_who_asked_and_not_kept(
    cache: AnswerCache,
) -> None:
    worker = Worker().hold()
    question = Question(worker, terms_in(cache), answer_tags=("run:1",))
    asked = asyncio.gather(*(cache.answer(question) for _ in range(2)))
    await turn()
    cache.forget("run:1")
    worker.may_end.set()
    assert await asked == [(b"1", "miss"), (b"1", "coalesced")]
    assert await cache.answer(question) == (b"2", "miss")


async def test_a_refresh_whose_answer_was_forgotten_meanwhile_is_not_kept(
    cache: AnswerCache, clock: Clock
) -> None:
    worker = Worker()
    question = Question(worker, terms_in(cache, ttl_s=60.0, stale_ttl_s=30.0))
    await cache.answer(question)
    clock.now_s += 60.0
    worker.hold()
    question.answer_tags = ("run:2",)
    await cache.answer(question)
    await turn()
    cache.forget("run:2")
    worker.may_end.set()
    await turn()
    assert await cache.answer(question) == (b"1", "stale")
    await cache.close()


async def test_an_answer_to_what_is_no_longer_true_is_not_kept(cache: AnswerCache) -> None:
    worker = Worker()
    question = Question(worker, terms_in(cache), was_true=False)
    await cache.answer(question)
    assert len(cache.memory) == 0


async def test_shorter_terms_hold_for_kept_answers_too(cache: AnswerCache, clock: Clock) -> None:
    terms = terms_in(cache, ttl_s=60.0)
    question = Question(Worker(), terms)
    await cache.answer(question)
    clock.now_s += 10.0
    terms.change(ttl_s=10.0)
    assert await cache.answer(question) == (b"2", "miss")


async def test_every_way_of_answering_is_counted(cache: AnswerCache, clock: Clock) -> None:
    terms = terms_in(cache, ttl_s=60.0, stale_ttl_s=30.0)
    worker = Worker().hold()
    question = Question(worker, terms)
    asked = asyncio.gather(cache.answer(question), cache.answer(question))
    await turn()
    worker.may_end.set()
    await asked
    await cache.answer(question)
    clock.now_s += 60.0
    await cache.answer(question)
    await cache.close()
    assert terms.figures == Figures(hits=1, misses=1, stale_hits=1, coalesced=1)


def test_a_name_has_one_set_of_terms(cache: AnswerCache) -> None:
    cache.register("m", 60.0)
    with pytest.raises(ValueError, match="cached already"):
        cache.register("m", 60.0)


def passing(clock: Clock, seconds: float) -> Callable[[], None]:
    """A work's last step that takes so long."""

    def pass_time() -> None:
        clock.now_s += seconds

    return pass_time
