from headway.core.replicas import Replica, ReplicaSlots


def slots_of(**held: int) -> tuple[ReplicaSlots, dict[str, Replica]]:
    slots = ReplicaSlots()
    replicas = {name: Replica(name, foreign) for name, foreign in held.items()}
    for replica in replicas.values():
        slots.add(replica)
    return slots, replicas


def test_the_least_loaded_replica_is_the_one_that_has_been_so_longest():
    slots, replicas = slots_of(a=2, b=1, c=1)
    assert slots.least_loaded(5) is replicas["b"]
    slots.take(replicas["b"])
    assert slots.least_loaded(5) is replicas["c"]
    slots.take(replicas["c"])
    assert slots.least_loaded(5) is replicas["a"]


def test_no_replica_is_free_at_its_target():
    slots, replicas = slots_of(a=2)
    assert slots.least_loaded(2) is None
    assert slots.least_loaded(3) is replicas["a"]


def test_a_released_slot_is_found_at_once():
    slots, replicas = slots_of(a=3, b=3)
    assert slots.least_loaded(3) is None
    slots.release(replicas["b"], 2)
    assert slots.least_loaded(3) is replicas["b"]


def test_what_leaves_the_rotation_comes_back_at_the_level_it_has_then():
    slots, replicas = slots_of(a=2, b=1)
    slots.set_rotation(replicas["a"], draining=True)
    assert (slots.rotating, len(slots)) == (1, 2)
    slots.release(replicas["a"], 2)
    assert slots.least_loaded(5) is replicas["b"]
    slots.set_rotation(replicas["a"], draining=False)
    assert slots.least_loaded(5) is replicas["a"]


def test_a_replica_out_of_rotation_can_be_removed():
    slots, replicas = slots_of(a=0)
    slots.set_rotation(replicas["a"], suspended=True)
    slots.remove(replicas["a"])
    assert (slots.rotating, len(slots), "a" in slots) == (0, 0, False)


def test_its_text_shows_what_it_holds():
    assert repr(Replica("a", 2)) == "<Replica a: holds 2, 2 of them abandoned>"
