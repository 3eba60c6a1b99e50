"""The process runs under bubblewrap, in namespaces of its own, and finds things where Truss's image has them.

The rest of the machine is there to be read, but for what is Headway's, other users' homes and what is passing; the
network is the machine's.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import headway
from headway.backends.isolation.layout import Kind, Layout, Piece, python_of
from headway.backends.isolation.world import Inside, Launch, World
from headway.core.isolation import Isolation

APPLICATION, PACKAGES, SECRETS = Path("/app"), Path("/packages"), Path("/secrets")
SOCKETS = Path("/run/headway")
_BUNDLED = "packages"
_HOMES = (Path("/home"), Path("/root"))
_KEPT_OF_RUN = ("systemd/resolve", "current-system", "opengl-driver")
"""What of /run programs need: names of hosts, and NixOS' own."""
_PASSING = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  # each sandbox has its own
_PLACES = (
    *("TMPDIR", "TMP", "TEMP", "XDG_*_HOME", "TORCH_HOME", "TRANSFORMERS_CACHE", "HF_HOME", "HF_HUB_CACHE"),
    *("UV_CACHE_DIR", "PIP_CACHE_DIR"),
)
"""Variables of the operator's that name folders of the machine to write to."""
_GPU_DEVICES = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset")
_LARGEST_COPY_BYTES = 1024 * 1024


class Sandbox:
    """`program` is bubblewrap. `can_layer`: it lays a writable layer over a folder, else small files are copied.
    `hidden` are folders of which nothing is to be seen but what a world names.
    """

    name = Isolation.SANDBOX

    def __init__(self, program: Path, *, can_layer: bool, hidden: Sequence[Path] = ()) -> None:
        self.program = program
        self._can_layer = can_layer
        self._hidden = tuple(hidden)

    def inside(self, world: World) -> Inside:
        return Inside(APPLICATION, world.interpreter, SOCKETS, SECRETS)

    def launch(self, world: World, words: Sequence[str]) -> Launch:
        home = _home(world.inherited)
        _make_own(world.own)
        layout = Layout()
        for path in (*_HOMES, *self._hidden):
            layout.hide(path)
        self._put_system(layout, world)
        layout.put(home, Kind.WRITE, world.own / "home")
        if world.cache is not None:
            world.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.utime(world.cache)  # of when it was last in use
            layout.put(home / ".cache", Kind.WRITE, world.cache)
        self._put_model(layout, world)
        options = [str(self.program), "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent"]
        options += ["--cap-drop", "ALL"]
        for path, piece in layout.in_order():
            options += _option(path, piece, world.own)
        options += ["--remount-ro", "/", "--chdir", str(APPLICATION), "--"]
        return Launch((*options, *words), world.truss, _environment(world, home), keep="sandboxed")

    def _put_system(self, layout: Layout, world: World) -> None:
        layout.put(Path("/proc"), Kind.PROCESSES)
        layout.put(Path("/dev"), Kind.DEVICES)
        layout.put(Path("/dev/shm"), Kind.EMPTY)  # noqa: S108  # its own
        layout.put(Path("/run"), Kind.EMPTY)
        for name in _KEPT_OF_RUN:
            layout.show(Path("/run", name))
        for path in _PASSING:
            if os.path.isdir(path):
                layout.put(path, Kind.WRITE, world.own / path.name)
        for device in _devices(world.gpus or ()):
            layout.put(device, Kind.DEVICE)

    def _put_model(self, layout: Layout, world: World) -> None:
        readable = [
            *python_of(world.interpreter),
            Path(headway.__file__).parent,
            world.truss,
            *world.attached,
        ]
        for path in (*readable, *_named_by(world)):
            layout.show(path)
        if world.is_build:
            layout.show(world.interpreter.parent.parent, Kind.WRITE)
        for at, source in world.mounts.items():
            layout.place(Path(at), source)
        if world.sockets is not None:
            layout.put(SOCKETS, Kind.WRITE, world.sockets)
        if world.secrets is None:
            layout.put(SECRETS, Kind.EMPTY)
        else:
            layout.put(SECRETS, Kind.READ, world.secrets)
        self._put_truss(layout, world, APPLICATION, world.truss)
        if os.path.isdir(world.truss / _BUNDLED):
            self._put_truss(layout, world, PACKAGES, world.truss / _BUNDLED)

    def _put_truss(self, layout: Layout, world: World, path: Path, source: Path) -> None:
        own = world.own
        if world.is_build:
            layout.put(path, Kind.WRITE, source)
        elif self._can_layer:
            for folder in layer_of(own, path):
                folder.mkdir()
            layout.put(path, Kind.LAYERED, source)
        else:
            copy = own / path.name
            _copy_small(source, copy)
            layout.put(path, Kind.WRITE, copy)


def layer_of(own: Path, path: Path) -> tuple[Path, Path]:
    """Where the changes below `path` are kept, and a folder that the kernel wants beside that."""
    return own / f"{path.name}-changes", own / f"{path.name}-work"


def _option(path: Path, piece: Piece, own: Path) -> list[str]:
    at, source = str(path), str(piece.source)
    if piece.kind is Kind.LAYERED:
        return ["--overlay-src", source, "--overlay", *map(str, layer_of(own, path)), at]
    if piece.kind in _OF_SOMETHING:
        return [_OF_SOMETHING[piece.kind], source, at]
    return [_OF_NOTHING[piece.kind], at]


_OF_SOMETHING = {
    Kind.READ: "--ro-bind-try",
    Kind.WRITE: "--bind",
    Kind.NOTHING: "--ro-bind-try",
    Kind.LINK: "--symlink",
    Kind.ALIAS: "--symlink",
    Kind.DEVICE: "--dev-bind-try",
}
_OF_NOTHING = {
    Kind.FOLDER: "--dir",
    Kind.EMPTY: "--tmpfs",
    Kind.DEVICES: "--dev",
    Kind.PROCESSES: "--proc",
}


def _make_own(own: Path) -> None:
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    (own / "home" / ".cache").mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in _PASSING:
        folder = own / path.name
        if not folder.exists():
            folder.mkdir()
            folder.chmod(0o1777)


def _home(inherited: Mapping[str, str]) -> Path:
    named = Path(inherited.get("HOME", ""))
    return named if named.is_absolute() and named != Path("/") else Path("/home/model")


def _named_by(world: World) -> Iterator[Path]:
    """What variables name that has to be there for them to be of use: certificates, libraries, modules."""
    for value in world.inherited.values():
        if value.startswith("/") and os.path.isfile(value):
            yield Path(value)
    of_folders = (world.inherited.get("LD_LIBRARY_PATH", ""), world.stated.get("PYTHONPATH", ""))
    yield from (Path(one) for value in of_folders for one in value.split(":") if one.startswith("/"))


def _environment(world: World, home: Path) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in world.inherited.items()
        if not any(fnmatchcase(name, pattern) for pattern in _PLACES)
    }
    environment = {**inherited, "HOME": str(home), **world.stated}
    if world.gpus is not None:  # of the devices, it has these alone
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(str(number) for number in range(len(world.gpus)))
    return environment


def _devices(gpus: Sequence[str]) -> Iterator[Path]:
    if gpus:
        yield from (Path("/dev", name) for name in _GPU_DEVICES)
        yield Path("/dev/nvidia-caps")
    for gpu in gpus:
        yield Path(f"/dev/nvidia{gpu}")


def _copy_small(source: Path, copy: Path, largest: int = _LARGEST_COPY_BYTES) -> None:
    """Large files become links to those of the machine: they can be replaced, but not changed."""

    def take(one: str, to: str) -> str:
        if os.path.getsize(one) <= largest:
            return str(shutil.copy2(one, to))
        os.symlink(one, to)
        return to

    shutil.copytree(source, copy, symlinks=True, copy_function=take)
