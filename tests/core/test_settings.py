import dataclasses
import math

import pytest

from headway.core.errors import InvalidSettingError
from headway.core.settings import DeploymentSettings, bounds_of, nearest

NAMES = [field.name for field in dataclasses.fields(DeploymentSettings)]
NUMBERS = [name for name in NAMES if type(getattr(DeploymentSettings(), name)) in (int, float)]
WHOLE = [name for name in NUMBERS if type(getattr(DeploymentSettings(), name)) is int]
DURATIONS = [name for name in NUMBERS if name not in WHOLE]


def with_room(**changes) -> DeploymentSettings:
    """A min_replica at its upper bound needs a max_replica as high."""
    return DeploymentSettings(max_replica=10_000).with_changes(changes)


def test_defaults_are_those_of_the_contract():
    settings = DeploymentSettings()
    assert (settings.concurrency_target, settings.min_replica, settings.max_replica) == (1, 0, 1)
    assert (settings.autoscaling_window, settings.scale_down_delay) == (60.0, 900.0)
    assert (settings.target_utilization_percentage, settings.max_scale_down_rate) == (70, 50)
    assert (settings.backlog_drain, settings.abandon_grace, settings.send_timeout) == (30.0, 60.0, 60.0)
    assert (settings.queue_limit, settings.queue_timeout, settings.request_timeout) == (
        10_000,
        1200.0,
        1200.0,
    )
    assert (settings.body_buffer_bytes, settings.drain_timeout) == (65_536, 3600.0)
    assert (settings.retry_on_crash, settings.rollout) == (False, "surge")


@pytest.mark.parametrize("name", NUMBERS)
def test_each_number_accepts_its_bounds_and_nothing_beyond(name):
    bounds = bounds_of(name)
    assert math.isfinite(bounds.low)
    assert math.isfinite(bounds.high)
    for value in (bounds.low, bounds.high):
        assert getattr(with_room(**{name: value}), name) == value
    step = 1 if name in WHOLE else 0.001
    for value in (bounds.low - step, bounds.high + step):
        with pytest.raises(InvalidSettingError) as caught:
            with_room(**{name: value})
        assert caught.value.message == f"{name} is {value}"
        assert caught.value.hint == f"it lies between {bounds.low} and {bounds.high} {bounds.unit}".rstrip()


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_a_duration_is_finite(name, value):
    with pytest.raises(InvalidSettingError, match="lies between"):
        with_room(**{name: value})


@pytest.mark.parametrize("name", DURATIONS)
def test_a_duration_given_as_a_whole_number_is_one(name):
    value = getattr(with_room(**{name: 60}), name)
    assert (value, type(value)) == (60.0, float)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [None, [], b"1"])
def test_each_setting_has_its_type(name, value):
    with pytest.raises(InvalidSettingError, match=f"{name} is .*, which is not .*it means: "):
        with_room(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("concurrency_target", True, "concurrency_target is True, which is not a whole number"),
        ("concurrency_target", 2.0, "which is not a whole number"),
        ("queue_timeout", True, "which is not a number"),
        ("queue_timeout", "5", "queue_timeout is '5', which is not a number"),
        ("retry_on_crash", 1, "which is not true or false"),
        ("rollout", 1, "which is not text"),
        ("rollout", "swift", "rollout is 'swift' (it is surge or replace)"),
    ],
)
def test_what_only_looks_like_a_value_is_refused(name, value, text):
    with pytest.raises(InvalidSettingError) as caught:
        with_room(**{name: value})
    assert text in str(caught.value)


def test_fewer_replicas_at_most_than_at_least_contradict_each_other():
    assert DeploymentSettings(min_replica=1, max_replica=1).min_replica == 1
    with pytest.raises(
        InvalidSettingError, match=r"min_replica is 3 and max_replica is 2 .raise max_replica"
    ):
        DeploymentSettings(min_replica=3, max_replica=2)


def test_changes_leave_the_other_settings_and_the_original_alone():
    before = DeploymentSettings(queue_limit=5)
    after = before.with_changes({"concurrency_target": 8})
    assert (after.concurrency_target, after.queue_limit, before.concurrency_target) == (8, 5, 1)


def test_an_unknown_setting_is_refused_with_the_nearest_that_exists():
    with pytest.raises(InvalidSettingError, match=r"unknown setting 'concurency_target'.*concurrency_target"):
        DeploymentSettings().with_changes({"concurency_target": 2})
    with pytest.raises(InvalidSettingError, match=r"unknown setting 'queu_limit'.*mean queue_limit"):
        bounds_of("queu_limit")


def test_an_unknown_setting_that_is_like_none_is_refused_with_all_that_exist():
    for name in ("zzz", 5):
        with pytest.raises(InvalidSettingError, match="known are abandon_grace, autoscaling_window"):
            DeploymentSettings().with_changes({name: 2})


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("predict_concurrency", "runtime.predict_concurrency"),
        ("gated", "model_metadata.headway.gated"),
        ("accelerator", "resources.accelerator"),
    ],
)
def test_what_lives_in_the_truss_is_told_to_live_there(name, field):
    with pytest.raises(InvalidSettingError) as told:
        DeploymentSettings().with_changes({name: 4})
    assert f"it is {field} in config.yaml" in told.value.message
    assert "push again" in told.value.hint


def test_where_nothing_exists_nothing_is_near():
    assert nearest("a", []) == "there are none"


@pytest.mark.parametrize(("target", "is_warned"), [(1, True), (3, True), (4, False), (5, False)])
def test_a_concurrency_target_below_predict_concurrency_is_warned_of(target, is_warned):
    warnings = DeploymentSettings(concurrency_target=target).warnings(predict_concurrency=4)
    assert [f"concurrency_target {target} is below predict_concurrency 4" in one for one in warnings] == (
        [True] if is_warned else []
    )


def test_an_error_reads_with_and_without_a_hint():
    assert str(InvalidSettingError("wrong")) == "wrong"
    assert str(InvalidSettingError("wrong", hint="do better")) == "wrong (do better)"
