"""The process in which rules run: a separate script, which imports nothing of ours.

It reads one file of resources, gives up every permission that it can, then answers one line of SQL
with one line of JSON. The kernel enforces the limits: memory, processor time, files (no new ones).

Run as ``python -I cell.py FILE MEGABYTES SECONDS``.
"""

import decimal  # noqa: F401 - nothing can be imported later
import json
import resource
import signal
import sys

import duckdb

_MEGABYTE = 1 << 20
_LONGEST_ANSWER = 64 * _MEGABYTE


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


def _locked(file: str) -> duckdb.DuckDBPyConnection:
    """A database in memory with the resources, which can reach nothing else."""
    connection = duckdb.connect(
        config={
            "memory_limit": "384MB",
            "max_temp_directory_size": "0B",
            "threads": 1,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE TABLE resources AS FROM read_parquet($1)", [file])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def main(file: str, megabytes: int, seconds: float) -> None:
    """Answer until the input ends.

    Args:
        file: Parquet, one row a resource.
        megabytes: of address space.
        seconds: of processor time for each answer.
    """
    # A parent may have ignored this signal, which children inherit.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    _limit(resource.RLIMIT_CORE, 0)
    if sys.platform != "darwin":  # whose kernel refuses it
        _limit(resource.RLIMIT_AS, megabytes * _MEGABYTE)
    connection = _locked(file)
    # What is open stays open; nothing new is opened, written or started.
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, 0)
    _limit(resource.RLIMIT_NPROC, 0)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        # The kernel ends the process when the time is over, whatever it is doing.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        answer = _answer(connection, json.loads(line))
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


def _answer(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    try:
        found = json.dumps({"rows": connection.execute(sql).fetchall()})
    except (duckdb.OutOfMemoryException, MemoryError):
        return json.dumps({"error": "memory"})
    except duckdb.Error as error:
        return json.dumps({"error": str(error).splitlines()[0][:300]})
    return found if len(found) <= _LONGEST_ANSWER else json.dumps({"error": "memory"})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
