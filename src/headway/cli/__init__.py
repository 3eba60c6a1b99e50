"""The `headway` command: one file per verb."""


def main() -> None:
    raise SystemExit("headway: no verb is built yet")
