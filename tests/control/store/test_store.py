"""What the store promises, on each database that it can keep its rows in."""

import dataclasses
import statistics
import time
import traceback
from types import MappingProxyType

import pytest
from sqlalchemy import insert, select

from control.store.stored import ECHO, KEY, PRODUCTION, SECRET, decision, deployment
from headway.control.store.failures import StoreError
from headway.control.store.rows import (
    Asked,
    EnvironmentRow,
    KeyRow,
    ModelRow,
    PointRow,
    SecretRow,
    StoredState,
)
from headway.control.store.store import Store
from headway.control.store.tables import requests
from headway.observed.records import Outcome, RequestRecord

NOTHING = StoredState((), (), (), (), ())


def test_a_new_database_holds_nothing(store):
    assert store.load() == NOTHING
    assert not store.has_keys()


def test_what_was_stored_is_there_for_the_next_life(filled, open_store):
    filled.close()
    assert open_store().load() == StoredState((ECHO,), (deployment(),), (PRODUCTION,), (KEY,), (SECRET,))


def test_rows_come_in_order_of_creation_and_of_equal_times_as_they_were_added(store):
    for name, created_at in (("c", 5.0), ("b", 5.0), ("a", 7.0), ("z", 2.0)):
        store.add_model(ModelRow(name, created_at))
        store.save_deployment(deployment(name, model=name, created_at=created_at))
        store.save_environment(EnvironmentRow(name, "production", name, created_at))
        store.add_key(dataclasses.replace(KEY, prefix=name, created_at=created_at))
        store.save_secret(SecretRow(name, "", created_at))
    store.save_deployment(deployment("c", model="c", created_at=5.0, failure="no such package"))
    state = store.load()
    assert [row.name for row in state.models] == ["z", "c", "b", "a"]
    assert [row.deployment_id for row in state.deployments] == ["z", "c", "b", "a"]
    assert [row.model for row in state.environments] == ["z", "c", "b", "a"]
    assert [row.prefix for row in state.keys] == ["z", "c", "b", "a"]
    assert [row.name for row in state.secrets] == ["z", "c", "b", "a"]


def test_a_model_and_an_environment_that_were_made_again_have_their_new_dates(filled):
    model, environment = (dataclasses.replace(one, created_at=9.0) for one in (ECHO, PRODUCTION))
    filled.add_model(model)
    filled.save_environment(environment)
    state = filled.load()
    assert (state.models, state.environments) == ((model,), (environment,))
    assert [one.deployment_id for one in state.deployments] == ["d1"]


def test_the_rows_of_a_deployment_are_dropped_in_parts_and_no_transaction_is_long(filled):
    """All else that is to be stored would wait for one. By the median: a machine stands still at times."""
    record = RequestRecord("r", "d1", "echo", "echo-1", 1.0, 200, Outcome.FINISHED, 0.5, {})
    filled.save_deployment(deployment("d2"))
    filled.add_requests([record] * 3125)
    others = [one for one in requests.columns if one.name != "number"]
    with filled._database.writing() as connection:
        for _ in range(6):
            connection.execute(insert(requests).from_select(others, select(*others)))
    filled.add_requests([dataclasses.replace(record, deployment_id="d2")])
    filled.add_decisions([decision(1.0), decision(2.0)])
    took, dropped = [], 1000
    while dropped == 1000:
        began_at = time.monotonic()
        dropped = filled.drop_rows_of("d1", 1000)
        took.append(time.monotonic() - began_at)
    assert (len(took), dropped) == (201, 2)
    assert statistics.median(took) < 0.2
    filled.delete_deployment("d1")
    assert len(filled.requests(Asked("d2", filled.last_request()), 10).records) == 1


def test_a_saved_deployment_replaces_the_whole_row(filled):
    changed = deployment(
        name="second",
        created_at=9.5,
        source="/elsewhere",
        digest="cd",
        settings={"max_replica": 3},
        declared={"max_replica": 3},
        version=7,
        is_active=False,
        prepared={"interpreter": "/bin/python", "warnings": ["a", "b"], "nested": {"none": None}},
        failure="because",
    )
    filled.save_deployment(changed)
    assert filled.load().deployments == (changed,)
    filled.save_deployment(deployment())
    assert filled.load().deployments == (deployment(),)


def test_a_deployment_of_no_model_is_refused(store):
    with pytest.raises(StoreError, match="not there any more"):
        store.save_deployment(deployment())
    assert store.load() == NOTHING


def test_any_mapping_is_stored_and_keeps_its_order(filled):
    settings = MappingProxyType({"b": 1, "a": [1, {"ß": "\0"}]})
    filled.save_deployment(deployment(settings=settings))
    (stored,) = filled.load().deployments
    assert list(stored.settings.items()) == list(settings.items())


@pytest.mark.parametrize("value", [float("inf"), object(), {1, 2}])
def test_what_json_cannot_say_is_refused(filled, value):
    with pytest.raises(StoreError, match="such as JSON can hold"):
        filled.save_deployment(deployment(settings={"queue_timeout": value}))
    assert filled.load().deployments == (deployment(),)


def test_text_that_is_not_unicode_is_refused(filled):
    with pytest.raises(StoreError, match="must be Unicode"):
        filled.save_secret(SecretRow("half", "\ud83d", 1.0))
    assert filled.load().secrets == (SECRET,)


def test_a_failure_of_the_callers_own_leaves_a_transaction_as_it_is(store):
    with pytest.raises(ValueError, match="own"), store.transaction():
        raise ValueError("own")


def test_an_environment_points_elsewhere(filled):
    filled.save_deployment(deployment("d2"))
    for deployment_id in ("d2", None):
        moved = dataclasses.replace(PRODUCTION, deployment_id=deployment_id)
        filled.save_environment(moved)
        assert filled.load().environments == (moved,)


@pytest.mark.parametrize(("model", "deployment_id"), [("nobody", None), ("echo", "d9")])
def test_an_environment_of_what_is_not_there_is_refused(filled, model, deployment_id):
    with pytest.raises(StoreError, match="not there any more"):
        filled.save_environment(EnvironmentRow(model, "staging", deployment_id, 1.0))


def test_environments_of_one_name_belong_to_their_models(filled):
    filled.add_model(ModelRow("other", 1.0))
    filled.save_environment(EnvironmentRow("other", "production", None, 2.0))
    filled.delete_environment("echo", "production")
    assert filled.load().environments == (EnvironmentRow("other", "production", None, 2.0),)


def test_a_model_goes_with_all_that_is_its_own(filled):
    filled.add_model(ModelRow("other", 1.0))
    filled.save_deployment(deployment("d2", model="other"))
    filled.add_decisions([decision(1.0), decision(1.0, "d2")])
    filled.delete_model("echo")
    state = filled.load()
    assert [row.name for row in state.models] == ["other"]
    assert [row.deployment_id for row in state.deployments] == ["d2"]
    assert state.environments == ()
    assert filled.decisions("d1") == ()
    assert filled.decisions("d2") == (decision(1.0, "d2"),)


def test_a_deployment_goes_with_its_decisions_and_environments_then_point_nowhere(filled):
    filled.add_decisions([decision(1.0)])
    filled.delete_deployment("d1")
    assert filled.load().deployments == ()
    assert filled.load().environments == (dataclasses.replace(PRODUCTION, deployment_id=None),)
    assert filled.decisions("d1") == ()


def test_deleting_what_is_not_there_changes_nothing(filled):
    before = filled.load()
    filled.delete_model("nobody")
    filled.delete_deployment("d9")
    filled.delete_environment("echo", "staging")
    assert not filled.delete_key("hw_none")
    assert not filled.delete_secret("none")
    assert filled.load() == before


def test_keys_come_and_go(store):
    store.add_key(KEY)
    other = KeyRow("hw_efgh", "cd" * 32, "", (), 1_800_000_000.0)
    store.add_key(other)
    assert store.load().keys == (KEY, other)
    assert store.delete_key(KEY.prefix)
    assert store.has_keys()
    assert store.delete_key(other.prefix)
    assert not store.has_keys()


def test_a_second_key_with_the_same_prefix_is_refused(filled):
    with pytest.raises(StoreError, match="there already"):
        filled.add_key(dataclasses.replace(KEY, digest="cd" * 32))
    assert filled.load().keys == (KEY,)


def test_a_secret_is_replaced_and_deleted(filled):
    changed = SecretRow(SECRET.name, "other", 9.0)
    filled.save_secret(changed)
    assert filled.load().secrets == (changed,)
    assert filled.delete_secret(SECRET.name)
    assert filled.load().secrets == ()


def test_no_text_shows_a_secret(filled):
    assert "hf_ä" not in repr(SECRET)
    with pytest.raises(StoreError) as caught:
        filled.save_secret(SecretRow(None, "hf_ä", 1.0))
    shown = "".join(traceback.format_exception(caught.value))
    assert "secrets" in shown
    assert "hf_ä" not in shown.replace('SecretRow(None, "hf_ä", 1.0)', "")  # but in this line of the story


def test_decisions_come_newest_first_and_page_by_page(filled):
    filled.add_decisions([decision(at, desired=int(at)) for at in (3.0, 1.0, 2.0)])
    filled.add_decisions([decision(3.0, desired=30)])
    assert [row.desired for row in filled.decisions("d1")] == [30, 3, 2, 1]
    assert [row.desired for row in filled.decisions("d1", limit=2)] == [30, 3]
    assert [row.desired for row in filled.decisions("d1", limit=2, before=3.0)] == [2, 1]
    assert filled.decisions("d1", before=1.0) == ()
    assert filled.decisions("d9") == ()
    assert filled.decisions("d1", limit=1, before=3.0) == (decision(2.0, desired=2),)


def test_of_each_deployment_the_newest_decisions_stay(filled):
    filled.save_deployment(deployment("d2"))
    filled.add_decisions([decision(float(at)) for at in range(5)], keep=3)
    filled.add_decisions([decision(float(at), "d2") for at in range(3)], keep=2)
    assert [row.at for row in filled.decisions("d1")] == [4.0, 3.0, 2.0]
    assert [row.at for row in filled.decisions("d2")] == [2.0, 1.0]
    filled.add_decisions([decision(9.0), decision(0.5)], keep=3)
    assert [row.at for row in filled.decisions("d1")] == [9.0, 4.0, 3.0]


def test_a_thousand_decisions_stay_unless_told_otherwise(filled):
    filled.add_decisions([decision(float(at)) for at in range(1005)])
    kept = filled.decisions("d1", limit=2000)
    assert [row.at for row in kept] == [float(at) for at in range(1004, 4, -1)]


def test_decisions_of_a_deployment_that_is_gone_are_left_out(filled):
    filled.add_decisions([decision(1.0, "d9"), decision(2.0)])
    filled.add_decisions([decision(3.0, "d9")])
    filled.add_decisions([])
    assert filled.decisions("d1") == (decision(2.0),)
    assert filled.decisions("d9") == ()


def test_a_store_can_be_opened_before_its_schema_is_made(url):
    store = Store(url)
    with pytest.raises(StoreError, match="its schema is not made yet"):
        store.load()
    store.migrate()
    assert store.load() == NOTHING
    store.close()


def test_points_come_oldest_first_and_go_when_they_are_old_or_their_deployment_goes(filled):
    rows = [PointRow("d1", step, float(at), {"queued": at}) for step in (30, 240) for at in (0, 30, 60)]
    filled.add_points([*rows, PointRow("d9", 30, 0.0, {})], keep=2)
    left = filled.points(-1.0)
    assert sorted(left, key=lambda row: (row.step, row.at)) == [*rows[1:3], *rows[3:]]
    assert [row.at for row in left] == sorted(row.at for row in left)
    assert filled.points(59.0) == (rows[2], rows[5])
    filled.add_points([], keep=1)
    filled.delete_deployment("d1")
    assert filled.points(-1.0) == ()
