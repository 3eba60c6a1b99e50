"""Makes a log line of a replica, which is JSON as Truss has it, readable for people; others stay as they are."""

import json


def readable(line: str) -> str:
    """The line's time, level and message, with a traceback below it if it has one."""
    if not line.startswith("{"):
        return line
    try:
        record = json.loads(line)
        at, level, message = record["asctime"], record["levelname"], record["message"]
    except (ValueError, KeyError):
        return line
    text = f"{str(at)[11:19]} {str(level).lower()} {message}"
    return f"{text}\n{record['exc_info']}" if record.get("exc_info") else text
