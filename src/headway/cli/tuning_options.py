"""The options of `headway tune`, by what they are about."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headway.cli import completion, options

if TYPE_CHECKING:
    from headway.planner.tuning.goal import Goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is measured, and with what."""

    directory: options.Truss = Path()
    file: Annotated[
        Path | None,
        typer.Option(
            "--input",
            "-i",
            metavar="FILE",
            help="A typical input, as JSON; .msgpack is sent as such, each line of .jsonl in turn. "
            "[default: example_model_input]",
            dir_okay=False,
            exists=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What is wanted of the model."""

    slo: Annotated[str, typer.Option(help="Latencies to keep, as in p95=500ms,p99=1s.")] = ""
    objective: Annotated[
        str,
        typer.Option(
            help="throughput: most requests per second; latency: lowest p95 with 80% of that; cost: fewest "
            "replica-seconds per request when requests come at random and their queueing counts.",
        ),
    ] = "throughput"
    memory_limit: Annotated[
        str, typer.Option(help="What one replica may hold, as in 2G; what needs more is left out.")
    ] = ""

    def goal(self) -> "Goal":
        """Raises InvalidGoalError."""
        from headway.core.settings import nearest
        from headway.planner.errors import InvalidGoalError
        from headway.planner.tuning.goal import Goal, Objective, parse_bytes, parse_limits

        names = [one.value for one in Objective]
        if self.objective not in names:
            raise InvalidGoalError(
                f"unknown objective {self.objective!r}", hint=nearest(self.objective, names)
            )
        return Goal(
            Objective(self.objective),
            parse_limits(self.slo) if self.slo else (),
            parse_bytes(self.memory_limit) if self.memory_limit else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How far the search goes."""

    max_predict_concurrency: Annotated[
        int, typer.Option("--max-pc", min=1, help="The largest predict concurrency that is tried.")
    ] = 16
    precision: Annotated[
        int,
        typer.Option(
            min=1, max=20, help="How well throughputs are to be known, in percent, at 95% confidence."
        ),
    ] = 3
    budget: Annotated[str, typer.Option(help="The longest time for measuring, as in 90s or 10m.")] = "10m"

    def seconds(self) -> float:
        from headway.planner.spoken import parse_duration

        return parse_duration(self.budget)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What is done with the result."""

    apply: Annotated[
        bool, typer.Option("--apply", help="Write both numbers into DIR/config.yaml; comments stay.")
    ] = False
    model: Annotated[
        str | None,
        typer.Option(
            help="With --apply: set the concurrency target of this running model too, live.",
            autocompletion=completion.models,
        ),
    ] = None
    url: options.ControlUrl = None
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the curve here, as SVG.", dir_okay=False)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Of the configuration; None leaves a value as it is."""

    data_dir: options.DataDir = None
    secrets_dir: options.SecretsDir = None
    model_cache_dir: options.ModelCacheDir = None
