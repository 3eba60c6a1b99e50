"""Reads a scenario out of a parsed TOML document; what is wrong in it is told with its place."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headway.core.errors import InvalidSettingError
from headway.core.settings import DeploymentSettings, bounds_of
from headway.observed.records import RequestRecord
from headway.planner.errors import InvalidScenarioError
from headway.planner.simulation.control_plane import ReplicaLife
from headway.planner.simulation.recorded import Instants, drawn, fitted_stages, length, replayed
from headway.planner.simulation.scenario import Scenario, Variant
from headway.planner.simulation.scenario_table import Table, placed
from headway.planner.simulation.traffic import (
    Arrivals,
    Bursts,
    DayCurve,
    Poisson,
    Service,
    Stages,
    Steady,
    Synthetic,
    Traffic,
)

Records = Callable[[str], Sequence[RequestRecord]]
"""The records in the file that a scenario names."""
RECORDED = "recorded"
TRAFFIC_KEYS = {
    "steady": ("rate",),
    "poisson": ("rate",),
    "bursts": ("rate", "peak", "every", "lasts"),
    "day": ("rate", "trough", "day"),
    RECORDED: ("records",),
}
"""What can be said of each kind of traffic."""
ALONE = "settings"
"""The name of a variant that changes nothing."""
_SERVICES: Mapping[str, Callable[[Sequence[RequestRecord]], Service]] = {
    "drawn": drawn,
    "fitted": fitted_stages,
}
TOP_KEYS = ("duration", "seed", "slo", "traffic", "service", "replica", "settings", "try")
REPLICA_KEYS = ("start", "start_failures", "crash_every", "parallel")
STAGE_KEYS = ("predict", "preprocess", "postprocess")
RECORDS_KEYS = ("from", "as")
_VARIANT_KEYS = (*DeploymentSettings.__dataclass_fields__, "predict_concurrency", "initial_replicas")


def read_scenario(content: Mapping[str, Any], records: Records) -> Scenario:
    """The scenario that docs/guide/simulating.md tells how to write. Raises InvalidScenarioError."""
    top = Table(content, "")
    top.refuse_unknown(TOP_KEYS)
    replica = top.table("replica")
    replica.refuse_unknown(REPLICA_KEYS)
    traffic, seen = _traffic(top, records)
    return Scenario(
        traffic=traffic,
        variants=_variants(top),
        duration=length(seen) if seen and "duration" not in top else top.duration("duration"),
        life=_life(replica),
        **replica.given(parallel=replica.whole),
        **top.given(slo=top.duration, seed=top.whole),
    )


def _traffic(top: Table, records: Records) -> tuple[Traffic, Sequence[RequestRecord]]:
    """And the records that it is, if it is recorded."""
    table, service = top.table("traffic"), top.table("service")
    kind = table.one_of("kind", TRAFFIC_KEYS)
    table.refuse_unknown(("kind", *TRAFFIC_KEYS[kind]))
    if kind != RECORDED:
        return Synthetic(_arrivals(kind, table), _service(service, records)), ()
    seen = records(table.text("records"))
    if not seen:
        raise InvalidScenarioError(f"{table.at('records')}: there are no records in {table.text('records')}")
    if "service" in top:
        return Synthetic(Instants.of(seen), _service(service, records)), seen
    with placed("traffic.records"):
        return replayed(seen, **top.given(seed=top.whole)), seen


def _arrivals(kind: str, table: Table) -> Arrivals:
    rate = table.number("rate")
    with placed("traffic"):
        match kind:
            case "steady":
                return Steady(rate)
            case "poisson":
                return Poisson(rate)
            case "bursts":
                return Bursts(
                    rate, table.number("peak"), **table.given(every=table.duration, lasts=table.duration)
                )
            case _:
                return DayCurve(rate, **table.given(trough=table.number, day=table.duration))


def _service(table: Table, records: Records) -> Service:
    if "from" in table:
        table.refuse_unknown(RECORDS_KEYS)
        way = table.one_of("as", _SERVICES) if "as" in table else "drawn"
        with placed(table.at("from")):
            return _SERVICES[way](records(table.text("from")))
    table.refuse_unknown((*STAGE_KEYS, "from"))
    table.get(
        "predict",
        hint='how long predict takes, as in predict = "200ms" or --predict 200ms; or from, a file of records',
    )
    return Stages(**table.given(**dict.fromkeys(STAGE_KEYS, table.durations)))


def _life(table: Table) -> ReplicaLife:
    with placed("replica"):
        return ReplicaLife(
            **table.given(start=table.durations, start_failures=table.number, crash_every=table.duration)
        )


def _variants(top: Table) -> list[Variant]:
    shared = top.table("settings")
    shared.refuse_unknown(_VARIANT_KEYS)
    common = _numbers(shared)
    tries = top.content.get("try", [])
    if not isinstance(tries, Sequence) or isinstance(tries, str):
        raise InvalidScenarioError(f"try is {tries!r}, which is no list of tables", hint="write [[try]]")
    if not tries:
        return [_variant(ALONE, common, "settings")]
    tables = [Table(one, f"try {number}") for number, one in enumerate(tries, 1)]
    return [_tried(one, common, _name(one, tables)) for one in tables]


def _tried(table: Table, common: Mapping[str, Any], name: str) -> Variant:
    table.refuse_unknown((*_VARIANT_KEYS, "name"))
    return _variant(
        table.text("name") if "name" in table else name, {**common, **_numbers(table)}, table.place
    )


def _variant(name: str, numbers: Mapping[str, Any], place: str) -> Variant:
    settings = dict(numbers)
    others = {
        key: settings.pop(key) for key in ("predict_concurrency", "initial_replicas") if key in settings
    }
    with placed(place):
        return Variant(name, DeploymentSettings(**settings), **others)


def _numbers(table: Table) -> dict[str, Any]:
    return {key: _checked(table, key) for key in table.content if key != "name"}


def _checked(table: Table, key: str) -> Any:
    """The value by itself; how values go together is seen when all of a variant are known."""
    if key not in DeploymentSettings.__dataclass_fields__:
        return table.whole(key)
    value = table.content[key]
    if bounds_of(key).unit == "s" and isinstance(value, str):
        value = table.duration(key)
    try:
        DeploymentSettings(**{"max_replica": int(bounds_of("max_replica").high), key: value})
    except InvalidSettingError as error:
        raise InvalidScenarioError(f"{table.at(key)}: {error.message}", hint=error.hint) from error
    return value


def _name(table: Table, beside: Sequence[Table]) -> str:
    """What differs, in the scenario's words."""
    said = {key: _spoken(value) for key, value in table.content.items()}
    differing = [key for key in said if any(one.content.get(key) != table.content[key] for one in beside)]
    return " ".join(f"{key}={said[key]}" for key in differing or said) or ALONE


def _spoken(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
