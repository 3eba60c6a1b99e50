"""The process runs as any other of this user: it sees the machine as it is. Nothing is kept apart."""

from collections.abc import Sequence

from headway.backends.isolation.world import Inside, Launch, World
from headway.core.isolation import Isolation


class OnTheMachine:
    name = Isolation.NONE

    def inside(self, world: World) -> Inside:
        return Inside(world.truss, world.interpreter, world.sockets, world.secrets)

    def launch(self, world: World, words: Sequence[str]) -> Launch:
        environment = {**world.inherited, **world.stated}
        if world.gpus is not None:  # who asked for none sees none: those of others are not free
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(world.gpus)
        return Launch(tuple(words), world.truss, environment)
