"""Where a command may write: an input is never replaced, and a file of the user's only with `--force`.

What distmatch wrote itself is replaced without asking: files of a run folder that has its `record.json` (or the lock of a
run that was cut off), and files whose first bytes or whose record beside them say so. An empty file has nothing to lose.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from distmatch.errors import InputError

FORCE_HELP = "Replace an existing --out that distmatch did not write; an input is never replaced."
"""What `--force` does, in every command."""
RUN_LOCK = ".distmatch.lock"
"""Lock of a run folder, held while a run writes there; one that is left behind marks a run that was cut off."""

Ours = Callable[[Path], bool]


def begins_with(*heads: bytes) -> Ours:
    """Whether a file begins with one of some bytes, which say that distmatch wrote it."""

    def ours(path: Path) -> bool:
        with open(path, "rb") as file:
            return file.read(max(map(len, heads))).startswith(heads)

    return ours


def never(path: Path) -> bool:
    """For outputs that cannot be told from other files."""
    return False


def check_file(
    out: str | os.PathLike[str],
    *,
    inputs: Iterable[object] = (),
    ours: Ours = never,
    force: bool = False,
) -> None:
    """Refuse an output file before the work that would destroy a file of the user or cannot be written.

    Args:
        out: where the command will write.
        inputs: paths that it reads, `-` for standard input; None is skipped.
        ours: whether an existing file is one that distmatch wrote.
        force: replace a file that is not ours.

    Raises:
        InputError: `out` is an input, a folder, not ours, or cannot be written.
    """
    path = Path(out)
    state = _stat(path)
    if state is not None:
        _refuse_inputs(path, state, inputs)
        if stat.S_ISDIR(state.st_mode):
            raise InputError("is a folder. Give a file for --out", path=path)
        if not stat.S_ISREG(state.st_mode):
            return
        if not (force or state.st_size == 0 or _readable(ours, path)):
            raise InputError(
                "exists, and nothing shows that distmatch wrote it. Choose another --out, or replace it with --force",
                path=path,
            )
    probe(path.parent, path)


@contextlib.contextmanager
def run_folder(
    out: str | os.PathLike[str] | None,
    names: Sequence[str],
    *,
    inputs: Iterable[object] = (),
    force: bool = False,
) -> Iterator[None]:
    """Hold a folder for one run: checked at once, locked until the block ends.

    Args:
        out: the folder; None holds nothing.
        names: files that the run will write into it.
        inputs: paths that the run reads.
        force: replace files of these names even if no run of distmatch is recorded in the folder.

    Raises:
        InputError: one of the files is an input or not ours, another run writes there, or it cannot be written.
    """
    if out is None:
        yield
        return
    folder = Path(out)
    check_folder(folder, names, inputs=inputs, force=force)
    fresh = not folder.exists()
    with _translated(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = folder / RUN_LOCK
    done = False
    try:
        with only_writer(lock, keep=True):
            try:
                yield
                done = True
            finally:
                # A run that stopped half-way leaves its lock, so that the next one knows the files as ours.
                with contextlib.suppress(OSError):
                    if done or not any((folder / name).exists() for name in names):
                        lock.unlink()
    finally:
        with contextlib.suppress(OSError):
            if fresh:
                folder.rmdir()  # only if it is empty


def check_folder(
    folder: Path, names: Sequence[str], *, inputs: Iterable[object] = (), force: bool = False
) -> None:
    """Refuse a folder before the work if a file in it would be lost, see `run_folder`."""
    state = _stat(folder)
    if state is not None and not stat.S_ISDIR(state.st_mode):
        raise InputError("is a file. Give a folder for --out", path=folder)
    mine = force or _is_run(folder)
    inputs = list(inputs)
    for name in names:
        found = _stat(folder / name)
        if found is None:
            continue
        _refuse_inputs(folder / name, found, inputs)
        if stat.S_ISDIR(found.st_mode):
            raise InputError(
                "is a folder where a file is to be written. Choose another --out",
                path=folder / name,
            )
        if not mine and found.st_size:
            raise InputError(
                "exists, and the folder has no record.json of a run of distmatch. Choose another --out, or replace it with "
                "--force",
                path=folder / name,
            )
    probe(folder, folder)


def probe(folder: Path, path: Path) -> None:
    """Refuse a place that cannot be written, by a nameless file in the nearest folder that exists.

    Raises:
        InputError: naming `path`.
    """
    with _translated(path):
        _stat(path)
        while not folder.exists():
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextlib.contextmanager
def only_writer(lock: Path, *, keep: bool = False) -> Iterator[None]:
    """Hold a lock file that names this process; the system lets go of it when the process ends, however it ends.

    Args:
        lock: the file.
        keep: leave it there afterwards.

    Raises:
        InputError: another process holds it (named), or it cannot be written.
    """
    file = _locked(lock)
    try:
        yield
    finally:
        if not keep:
            with contextlib.suppress(OSError):
                lock.unlink()
        file.close()


@contextlib.contextmanager
def printed_on_failure(show: Callable[[], object]) -> Iterator[None]:
    """Print the answer if writing it fails: the work of hours is not lost to a full disk."""
    try:
        yield
    except (InputError, OSError):
        show()
        sys.stdout.flush()
        raise


def _locked(lock: Path) -> IO[str]:
    while True:
        with _translated(lock):
            file = open(lock, "a+", encoding="utf-8")
        try:
            _refuse_foreign(lock, file)
            if not flocked(file):
                raise InputError(f"{_holder(file)} is writing here. Wait for it, or choose another --out", path=lock)  # fmt: skip
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(file.fileno()), os.stat(lock)):
                    file.truncate(0)
                    json.dump({"distmatch": os.getpid(), "host": socket.gethostname()}, file)
                    file.flush()
                    return file
        except BaseException:
            file.close()
            raise
        file.close()  # its last holder removed the file between our opening and locking it


def _refuse_foreign(lock: Path, file: IO[str]) -> None:
    file.seek(0)
    head = file.read(16)
    if head and not head.startswith('{"distmatch"'):
        raise InputError("exists and is no lock of distmatch. Choose another --out", path=lock)


def _holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        said = json.loads(file.read())
        return f"process {said['distmatch']} on {said['host']}"
    except (ValueError, KeyError, TypeError):
        return "another process"


def flocked(file: Any) -> bool:
    """Whether an open file is this process's alone from now on; always so where the system has no such locks."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _is_run(folder: Path) -> bool:
    if (folder / RUN_LOCK).is_file():
        return True
    try:
        record = json.loads((folder / "record.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and {"schema", "task", "method"} <= record.keys()


def _refuse_inputs(path: Path, state: os.stat_result, inputs: Iterable[object]) -> None:
    if not stat.S_ISREG(state.st_mode):
        return
    for name in inputs:
        if name is None:
            continue
        try:
            other = os.fstat(sys.stdin.fileno()) if str(name) == "-" else os.stat(str(name))
        except (OSError, ValueError, AttributeError):
            continue
        if os.path.samestat(state, other):
            raise InputError(
                "is an input of this command, which would be lost. Choose another --out", path=path
            )


def _readable(ours: Ours, path: Path) -> bool:
    try:
        return ours(path)
    except (OSError, ValueError):
        return False


def _stat(path: Path) -> os.stat_result | None:
    with _translated(path):
        try:
            return os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise InputError(f"cannot write: {reason}. Choose another --out", path=path) from error
