"""A backend in memory: what tests of the supervisor drive, held to the same contract as the real ones."""

from pathlib import Path

from headway.backends.base import NoFreeGpu, ReplicaExit, RunningReplica


class FakeBackend:
    def __init__(self, *, gpus=0):
        self.gpus = gpus
        self.directory = None
        """Where replicas' sockets lie, or what stands for them; None: nowhere."""
        self.specs = []
        self.replicas = {}
        self.reports = []
        self.ready_reports = []
        self.said_ready = set()

    async def start(self, spec):
        taken = sum(len(one.gpus) for one in self.replicas.values())
        if spec.use_gpu and taken == self.gpus:
            raise NoFreeGpu("every GPU is taken" if self.gpus else "this machine has none")
        name, generation = spec.replica_id, spec.generation
        places = [(self.directory or Path("/run")) / f"{generation}.{end}" for end in ("http", "held")]
        for place in places if self.directory is not None else ():
            place.touch()
        addresses = (f"unix:{place}" for place in places)
        gpus = (str(taken),) if spec.use_gpu else ()
        self.specs.append(spec)
        self.replicas[name] = RunningReplica(name, generation, spec.deployment_id, *addresses, gpus)
        return self.replicas[name]

    async def stop(self, replica_id, *, grace):
        assert grace >= 0
        self.exit(replica_id, signal=15)

    async def running(self):
        return tuple(self.replicas.values())

    def on_exit(self, report):
        self.reports.append(report)

    def on_ready(self, report):
        self.ready_reports.append(report)

    async def close(self):
        self.reports.clear()
        self.ready_reports.clear()

    def say_ready(self, replica_id):
        """The replica says that it is ready, which is heard once."""
        replica = self.replicas.get(replica_id)
        if replica is not None and replica not in self.said_ready:
            self.said_ready.add(replica)
            for report in self.ready_reports:
                report(replica)

    def exit(self, replica_id, *, code=None, signal=None):
        """The replica's process ends."""
        replica = self.replicas.pop(replica_id, None)
        if replica is not None:
            for report in self.reports:
                report(ReplicaExit(replica_id, replica.generation, code, signal))
