"""Says in words what is tried and how long things take."""

from collections.abc import Iterator

from headway.observed.words import counted
from headway.planner.simulation.durations import Constant, Durations, Lognormal, Seen
from headway.planner.simulation.recorded import Instants
from headway.planner.simulation.scenario import Scenario
from headway.planner.simulation.traffic import (
    DAY,
    Arrivals,
    Bursts,
    DayCurve,
    Poisson,
    Recorded,
    SeenStages,
    Service,
    Stages,
    Steady,
    Synthetic,
    Traffic,
)

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def spoken(seconds: float) -> str:
    """Three digits: `0`, `0.12 ms`, `200 ms`, `1.24 s`, `180 s`."""
    if not seconds:
        return "0"
    if seconds < 0.9995:  # noqa: PLR2004  # what would be written as 1000 ms is a second
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:,.0f} s"  # noqa: PLR2004


def span(seconds: float) -> str:
    """In the largest unit of which it is a whole number: `90 s`, `10 min`, `1 h`, `2 d`; else rounded."""
    for unit, name in _UNITS:
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:.0f} {name}"
    return spoken(seconds) if seconds < 600 else f"{seconds / 60:,.1f} min"  # noqa: PLR2004


def clock(seconds: float) -> str:
    """Simulated time, as `0:12:34.5`."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes // 60}:{minutes % 60:02}:{rest / 10:04.1f}"


def described(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """What all variants meet: what, and in which way."""
    yield "Traffic", f"{_traffic(scenario.traffic)}, for {span(scenario.duration)}"
    yield "A request", _request(scenario.traffic)
    yield "A replica", _replica(scenario)
    if scenario.slo is not None:
        yield "Objective", f"an answer within {spoken(scenario.slo)}"
    yield "Seed", str(scenario.seed)


def _traffic(traffic: Traffic) -> str:
    match traffic:
        case Recorded(rows):
            return f"{counted(len(rows), 'recorded request')}, as they came"
        case Synthetic(arrivals, _):
            return _arrivals(arrivals)
        case _:
            return type(traffic).__name__


def _arrivals(arrivals: Arrivals) -> str:
    match arrivals:
        case Steady(rate):
            return f"steadily {rate:g} requests/s"
        case Poisson(rate):
            return f"{rate:g} requests/s at random (Poisson)"
        case Bursts(rate, peak, every, lasts):
            return f"{rate:g} requests/s at random, and {peak:g}/s for {span(lasts)} every {span(every)}"
        case DayCurve(rate, trough, day):
            low, high = rate * trough, rate * (2 - trough)
            length = "" if day == DAY else f" of {span(day)}"
            return f"{low:g} to {high:g} requests/s at random, as a day{length} goes"
        case Instants(seconds):
            return f"{counted(len(seconds), 'request')} at recorded instants"
        case _:
            return type(arrivals).__name__


def _request(traffic: Traffic) -> str:
    if not isinstance(traffic, Synthetic):
        return "takes what it took"
    return _service(traffic.service)


def _service(service: Service) -> str:
    match service:
        case Stages(predict, preprocess, postprocess):
            stages = (("preprocess", preprocess), ("predict", predict), ("postprocess", postprocess))
            return ", ".join(f"{name} {_durations(one)}" for name, one in stages if one != Constant())
        case SeenStages(times):
            which = "the recorded request" if len(times) == 1 else f"one of {len(times):,} recorded ones"
            return f"takes what {which} took"
        case _:
            return type(service).__name__


def _replica(scenario: Scenario) -> str:
    life = scenario.life
    parts = ["starts at once" if life.start == Constant() else f"starts in {_durations(life.start)}"]
    if life.start_failures:
        parts.append(f"{life.start_failures:.0%} of the starts fail")
    if life.crash_every < float("inf"):
        parts.append(f"crashes every {span(life.crash_every)} on average")
    if scenario.parallel is not None:
        parts.append(_side_by_side(scenario.parallel))
    return ", ".join(parts)


def _side_by_side(count: int) -> str:
    return (
        "1 predict at a time runs at full speed"
        if count == 1
        else f"{count} predicts run at full speed beside each other"
    )


def _durations(durations: Durations) -> str:
    match durations:
        case Constant(seconds):
            return spoken(seconds)
        case Lognormal(p50, p95):
            return f"{spoken(p50)} (p95 {spoken(p95)})"
        case Seen(seconds):
            return f"as one of {len(seconds):,} seen"
