"""Makes the answers of what other settings would have made of recorded traffic."""

import dataclasses
import statistics

from headway.api.schemas.simulations import Comparison, Curves, Trial
from headway.what_if import comparison as what_if

_TOLD = {field.name for field in dataclasses.fields(Trial)}


def comparison(compared: what_if.Comparison) -> Comparison:
    traffic, after = compared.traffic, compared.after
    return Comparison(
        since=traffic.since,
        until=traffic.until,
        requests=traffic.replayed.requests,
        sampled_out=traffic.sampled_out,
        start_seconds=statistics.median(traffic.starts),
        recorded=dict(compared.recorded),
        before=_trial(compared.before),
        after=_trial(after),
        warnings=list(after.settings.warnings(after.predict_concurrency)),
        notes=list(compared.notes),
    )


def _trial(tried: what_if.Tried) -> Trial:
    told = {name: value for name, value in tried.told.items() if name in _TOLD}
    curves = Curves(**told.pop("curves"))
    settings = dataclasses.asdict(tried.settings)
    return Trial(settings=settings, predict_concurrency=tried.predict_concurrency, curves=curves, **told)
