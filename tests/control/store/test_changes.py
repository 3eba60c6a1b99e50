"""The history of changes, on each database that it can be kept in."""

import dataclasses
import json

import pytest

from control.store.stored import ECHO, change, deployment
from headway.control.store.changes import Keep
from headway.control.store.rows import ModelRow


def rows(store, model="echo", deployment_id=None, **asked):
    return [row for _, row in store.changes(model, deployment_id, **asked)]


def instants(store, deployment_id=None, **asked):
    return [row.at for row in rows(store, "echo", deployment_id, **asked)]


@pytest.mark.parametrize("value", [None, True, False, 0, 7, 0.25, "surge", "", "ß 😀"])
def test_a_change_is_there_for_the_next_life_as_it_was_told(filled, open_store, value):
    told = change(1.5, before=value, after=json.loads(json.dumps(value)), reason="so", key_prefix="hw_1")
    filled.add_changes([told])
    filled.close()
    assert rows(open_store()) == [told]


def test_the_newest_come_first_whatever_the_clock_did_and_page_by_page(filled):
    filled.add_changes([change(at) for at in (5.0, 9.0, 2.0)])
    filled.add_changes([change(1.0)])
    assert instants(filled) == [1.0, 2.0, 9.0, 5.0]
    first = filled.changes("echo", limit=2)
    assert [row.at for _, row in first] == [1.0, 2.0]
    assert instants(filled, limit=2, older_than=first[-1][0]) == [9.0, 5.0]
    assert filled.changes("echo", older_than=filled.changes("echo")[-1][0]) == ()


def test_a_deployments_changes_are_its_own_and_the_models_are_all(filled):
    filled.add_changes([change(1.0), change(2.0, "d2"), change(3.0, "")])
    assert instants(filled) == [3.0, 2.0, 1.0]
    assert instants(filled, "d2") == [2.0]
    assert filled.changes("nobody") == ()


def test_of_each_deployment_and_of_each_model_the_newest_stay(filled):
    keep = Keep(of_deployment=2, of_model=4)
    filled.add_changes([change(float(at)) for at in range(4)], keep=keep)
    assert instants(filled) == [3.0, 2.0]
    filled.add_changes([change(10.0, "d2"), change(11.0, ""), change(12.0, "d3")], keep=keep)
    assert instants(filled) == [12.0, 11.0, 10.0, 3.0]
    filled.add_model(ModelRow("other", 1.0))
    filled.add_changes([dataclasses.replace(change(20.0), model="other")], keep=keep)
    assert len(filled.changes("echo")) == 4, "another model's take no room from it"


def test_a_history_is_bounded_unless_told_otherwise(filled):
    filled.add_changes([change(float(at)) for at in range(505)])
    assert instants(filled, limit=1000) == [float(at) for at in range(504, 4, -1)]


def test_they_outlive_their_deployment_and_go_with_their_model(filled):
    filled.save_deployment(deployment("d2"))
    filled.add_changes([change(1.0, "d2")])
    filled.delete_deployment("d2")
    assert instants(filled, "d2") == [1.0]
    filled.delete_model("echo")
    assert filled.changes("echo") == ()
    filled.add_model(ECHO)
    assert filled.changes("echo") == ()


def test_changes_of_a_model_that_is_gone_are_left_out(filled):
    filled.add_changes([dataclasses.replace(change(1.0), model="nobody"), change(2.0)])
    filled.add_changes([dataclasses.replace(change(3.0), model="nobody")])
    filled.add_changes([])
    assert instants(filled) == [2.0]
    assert filled.changes("nobody") == ()


def test_what_was_changed_of_a_model_before_an_instant_is_dropped(filled):
    filled.add_model(ModelRow("other", 1.0))
    filled.add_changes([change(1.0), change(9.0), dataclasses.replace(change(1.0), model="other")])
    filled.drop_changes("echo", 5.0)
    assert instants(filled) == [9.0]
    assert len(filled.changes("other")) == 1
