from headway.core import wire


def test_header_names_are_spelled_as_parsers_deliver_them():
    names = (wire.REQUEST_ID, wire.COLD_START, wire.DEADLINE, wire.SERVER_TIMING, wire.NOT_ACCEPTED)
    assert [name.lower() for name in names] == list(names)


def test_what_a_replica_holds_is_told_in_private_only():
    assert wire.HELD_PATH in wire.PRIVATE_PATHS


def test_exit_codes_tell_failures_apart():
    codes = [value for name, value in vars(wire).items() if name.startswith("EXIT_")]
    assert len(set(codes)) == len(codes) == 3
