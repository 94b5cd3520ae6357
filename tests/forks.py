"""Commands of ours as processes of their own that need not load everything anew.

Starting Python and importing what a command needs takes seconds of CPU, hundreds of
times in these tests. `Command` is a `Popen` of `python -m monitor` whose process is
forked from one that has the libraries loaded already: its directory, environment,
umask, standard streams, session, signals, exit status and end of the interpreter are
its own. What is about the start itself, about what is loaded or about memory uses
`subprocess` (`test_cli`, `test_night_child`, `test_egress`, `test_wheel`).
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from io import BufferedReader, BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
LONGEST = 1 << 20
PR_SET_PDEATHSIG = 1
LOADED = [
    "monitor.analysis",
    "monitor.anomalies",
    "monitor.cli",
    "monitor.cli.consent",
    "monitor.cli.forecast",
    "monitor.cli.table",
    "monitor.daemon.serving",
    "monitor.doctor",
    "monitor.exchange",
    "monitor.nightly",
    "monitor.notify",
    "monitor.service",
    "monitor.simulation",
    "monitor.daemon.dashboard",
    "rich.console",
    "rich.progress",
]


class Command(subprocess.Popen):
    """A process of `monitor` with these words; takes what `Popen` takes.

    The words `-c`, code and arguments are a program of the test's own, as in Python.
    """

    def __init__(self, *words: str, **how: Any) -> None:
        self._ended: socket.socket | None = None
        super().__init__(["monitor", *words], **how)

    def _execute_child(self, args, executable, preexec_fn, close_fds, *rest) -> None:
        (_, cwd, env, _, _, _) = rest[:6]
        (p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite) = rest[6:12]
        (_, _, _, _, umask, start_new_session, _) = rest[12:]
        assert preexec_fn is None, "use subprocess"
        request = {
            "words": args[1:],
            "cwd": os.fspath(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
            "umask": umask,
            "session": start_new_session,
        }
        given = [
            own if handle == -1 else handle
            for own, handle in enumerate((p2cread, c2pwrite, errwrite))
        ]
        self.pid, self._ended = _server().start(request, given)
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        assert self._ended is not None
        flags = socket.MSG_DONTWAIT if wait_flags & os.WNOHANG else 0
        try:
            told = self._ended.recv(64, flags)
        except BlockingIOError:
            return 0, 0
        self._ended.close()
        # Without an answer the server was ended, and with it nobody knows.
        return self.pid, int(told) if told else signal.SIGKILL

    def _internal_poll(self, _deadstate: int | None = None, **_: Any) -> int | None:
        # The object may be half made when it is collected.
        if self.returncode is None and getattr(self, "_ended", None) is not None:
            pid, status = self._try_wait(os.WNOHANG)
            if pid:
                self._handle_exitstatus(status)
        return self.returncode


def run(*words: str, **how: Any) -> subprocess.CompletedProcess:
    """What `subprocess.run` does, of a `Command`."""
    if how.pop("capture_output", False):
        how |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    is_checked = how.pop("check", True)
    given = how.pop("input", None)
    if given is not None:
        how["stdin"] = subprocess.PIPE
    with Command(*words, **how) as process:
        try:
            out, err = process.communicate(given)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    if is_checked:
        done.check_returncode()
    return done


class _Server:
    """The process that forks; ends with this one."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._lock = threading.Lock()
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                cwd=ROOT,
                env=_plain(os.environ),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self.end)

    def end(self) -> None:
        """Let it end: it does when nobody can ask it any more."""
        if self.owner == os.getpid():
            self._line.close()
            self._process.wait()

    def start(
        self, request: Mapping[str, object], streams: list[int]
    ) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._lock:
            text = json.dumps(request).encode()
            socket.send_fds(self._line, [text], [*streams, theirs.fileno()])
        return int(ours.recv(64)), ours


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what a test has set: the server is every test's."""
    said = {"MONITOR_DATABASE", "PYTHONPATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "TZ"}
    kept = {k: v for k, v in environment.items() if k not in said}
    # A library with threads of its own cannot be forked.
    alone = {"OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    return kept | alone | {"PYTHONPATH": str(ROOT)}


_made: list[_Server] = []
_making = threading.Lock()


def _server() -> _Server:
    with _making:
        if not _made or _made[-1].owner != os.getpid():
            _made.append(_Server())
        return _made[-1]


def _next_command(line: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork for whoever asks; returns in each new process, with what it shall be."""
    woken, wakes = socket.socketpair()
    for one in (woken, wakes):
        one.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    told: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(line, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        request = None
        while request is None:
            ready = [key.fileobj for key, _ in selector.select()]
            if woken in ready:
                woken.recv(4096)
                _tell_ends(told)
            if line in ready:
                request = _forked(line, told)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for one in (line, woken, wakes, *told.values()):
        one.close()
    return request


def _forked(
    line: socket.socket, told: dict[int, socket.socket]
) -> tuple[dict[str, Any], list[int]] | None:
    """In a new process: what it shall be; None in the one that forks."""
    text, handles, _, _ = socket.recv_fds(line, LONGEST, 4)
    if not text:
        os._exit(0)
    *streams, end = handles
    pid = os.fork()
    if not pid:
        os.close(end)
        return json.loads(text), streams
    for handle in streams:
        os.close(handle)
    told[pid] = socket.socket(fileno=end)
    told[pid].send(str(pid).encode())
    return None


def _tell_ends(told: dict[int, socket.socket]) -> None:
    while told:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with told.pop(pid) as end, suppress(OSError):
            end.send(str(status).encode())


def _become(request: Mapping[str, Any], streams: list[int]) -> None:
    """Take over all that a process has of whoever starts it."""
    if sys.platform == "linux":
        # A run of the tests that is killed leaves no daemon behind.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if request["session"]:
        os.setsid()
    moved = [os.dup(handle) for handle in streams]
    for place, handle in enumerate(moved):
        os.dup2(handle, place)
    for handle in {*streams, *moved} - {0, 1, 2}:
        os.close(handle)
    os.chdir(request["cwd"])
    if request["umask"] >= 0:
        os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    for folder in reversed(os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        sys.path.insert(0, folder)
        file = Path(folder) / "sitecustomize.py"
        if folder and file.exists():
            runpy.run_path(str(file))
    # As `python -m monitor` has it; the usage names the program by it.
    sys.argv = [str(ROOT / "monitor" / "__main__.py"), *request["words"]]
    sys.modules["__main__"].__package__ = "monitor"
    sys.stdin = TextIOWrapper(BufferedReader(FileIO(0, closefd=False)), "utf-8")
    sys.stdout = _out(1, "strict")
    sys.stderr = _out(2, "backslashreplace")
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr


def _out(handle: int, errors: str) -> TextIOWrapper:
    is_lines = handle == 2 or os.isatty(handle)
    raw = BufferedWriter(FileIO(handle, "w", closefd=False))
    return TextIOWrapper(raw, "utf-8", errors, line_buffering=is_lines)


def main() -> None:
    """Load all that is heavy, then fork until the other end is gone."""
    line = socket.socket(fileno=int(sys.argv[1]))
    for name in LOADED:
        importlib.import_module(name)
    for path in (ROOT / "monitor" / "cli").glob("*.py"):
        if path.stem != "__init__":
            importlib.import_module(f"monitor.cli.{path.stem}")
    _warm_up()
    # What is never collected is not copied either.
    gc.collect()
    gc.freeze()
    request, streams = _next_command(line)
    _become(request, streams)
    _end(_status())


def _warm_up() -> None:
    """Do once what takes longer the first time."""
    from monitor.config import load
    from monitor.store import open_store

    with TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text("timezone: Asia/Almaty\ntargets: [{name: a, url: 'http://a/'}]")
        load(file)
        open_store(f"sqlite:///{folder}/monitor.db").close()


def _status() -> int:
    """Run the command; the status that the interpreter would end with."""
    try:
        _run(sys.argv[1:])
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    return 0


def _run(words: list[str]) -> None:
    from monitor.__main__ import main as command

    if words[:1] != ["-c"]:
        command()
        return
    sys.argv[:] = ["-c", *words[2:]]
    exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})


def _end(status: int) -> None:
    """End as the interpreter does, but without taking all that is loaded apart."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
