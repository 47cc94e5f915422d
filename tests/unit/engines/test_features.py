"""Text to features."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.engines.embedded.features import HALF, READ_BYTES, FeatureSet, bucket_ids, normalise
from tests.unit.engines.hostile import any_text


def test_words_are_lower_case_with_single_spaces_around_them() -> None:
    assert normalise("  Where's\tmy ORDER?? ") == b" wheres my order "


def test_every_number_of_as_many_digits_looks_alike() -> None:
    assert normalise("order 123") == normalise("order 987")


def test_compatibility_forms_are_read_as_plain_letters() -> None:
    assert normalise("\uff26\uff55\uff4c\uff4c \ufb01ne it\u2019s") == b" full fine its "


def test_a_word_and_a_pair_of_words_are_features_wherever_they_stand() -> None:
    shared = np.intersect1d(bucket_ids("zzz refund please"), bucket_ids("refund please now"))
    word = np.intersect1d(bucket_ids("refund"), shared)
    assert len(word) == len(bucket_ids("refund"))  # the word, and each run of its letters
    assert len(shared) > len(np.union1d(bucket_ids("refund"), bucket_ids("please")))  # the pair


def test_features_do_not_depend_on_the_words_before_them() -> None:
    early = set(bucket_ids("invoice").tolist())
    assert early <= set(bucket_ids("word " * 1_000 + "invoice").tolist())


@pytest.mark.parametrize("text", ["", "?!", "\0", " \n "])
def test_text_without_a_word_has_no_features(text: str) -> None:
    assert len(bucket_ids(text)) == 0


def test_kept_apart_spelling_and_words_fall_into_halves() -> None:
    spelled = bucket_ids("refund", FeatureSet.APART)
    respelled = bucket_ids("re fund", FeatureSet.APART)
    shared = np.intersect1d(spelled, respelled)
    assert len(shared) > 0
    assert (shared < HALF).all()  # runs of letters; no word is the same
    near = np.intersect1d(
        bucket_ids("charged my card twice", FeatureSet.APART),
        bucket_ids("twice was it charged", FeatureSet.APART),
    )
    words = np.union1d(
        bucket_ids("charged", FeatureSet.APART), bucket_ids("twice", FeatureSet.APART)
    )
    assert len(near[near >= HALF]) == len(words[words >= HALF]) + 1  # that they stand near


@given(any_text, st.sampled_from(FeatureSet))
def test_any_text_gives_sorted_distinct_buckets_in_range(text: str, features: FeatureSet) -> None:
    buckets = bucket_ids(text, features).astype(np.int64)
    assert (np.diff(buckets) > 0).all()
    assert len(buckets) == 0 or 0 <= buckets[0] <= buckets[-1] < features.buckets
    assert len(normalise(text)) <= READ_BYTES + 2
