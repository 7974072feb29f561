"""Importing the code location, compared with importing the libraries that it needs at load.

Whole processes take turns. Their processor seconds count, because a busy machine hardly changes
those; an empty interpreter's are subtracted from both.
"""

import os
import statistics
import subprocess
import sys

TURNS = 15
LIBRARIES = "import dagster"
OURS = "import credits_pipeline.definitions"
#: Python's own tidying up at the end takes longer than our part of the import.
END = "; import os; os._exit(0)"
HEAVY = ("polars", "pandera", "httpx", "boto3", "botocore", "dagster_aws", "moto", "tenacity")


def main() -> None:
    # Byte code exists, as after any first start.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    seconds: dict[str, list[float]] = {"pass": [], LIBRARIES: [], OURS: []}
    for _ in range(TURNS):
        for script, figures in seconds.items():
            process = subprocess.Popen([sys.executable, "-c", script + END], env=environment)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0, script
            figures.append(used.ru_utime + used.ru_stime)
    empty, libraries, ours = (statistics.median(figures[1:]) for figures in seconds.values())
    script = f"{OURS}; import sys; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, env=environment, capture_output=True, text=True
    )
    print(f"import of the code location      {ours - empty:6.3f} s   median of {TURNS - 1}")
    print(f"import of dagster                {libraries - empty:6.3f} s")
    ratio = (ours - empty) / (libraries - empty)
    print(f"ratio                            {ratio:6.2f}     wanted: under 1.15")
    print(f"heavy libraries loaded           {done.stdout.strip() or 'none'}")


if __name__ == "__main__":
    main()
