from headway.core.events import Drained, Queued, Stuck


def test_facts_of_one_kind_that_say_the_same_are_equal_and_hash_alike():
    assert Queued("a", 1.0, 2) == Queued("a", 1.0, 2)
    assert Queued("a", 1.0, 2) != Queued("a", 1.0, 3)
    assert Drained("r1", 1.0) != Stuck("r1", 1.0, 1.0)
    assert len({Queued("a", 1.0, 2), Queued("a", 1.0, 2), Queued("b", 1.0, 2)}) == 2


def test_a_fact_is_shown_with_all_that_it_says():
    assert repr(Stuck("r1", 2.0, 1.5)) == "Stuck(replica_id='r1', at=2.0, since=1.5)"
