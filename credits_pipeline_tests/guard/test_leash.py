"""What a machine started ends with it, even if nobody could end it."""

import os
import signal
import subprocess
import sys

from credits_pipeline_tests.waiting import eventually

MACHINE = """
import subprocess, sys, time
from credits_pipeline.guard.leash import Leash
leash = Leash()
for _ in range(2):
    part = subprocess.Popen(["sh", "-c", "sleep 300 & sleep 300"], start_new_session=True)
    leash.hold(part.pid)
    print(part.pid, flush=True)
time.sleep(300)
"""


def there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_parts_end_when_what_started_them_is_killed() -> None:
    machine = subprocess.Popen([sys.executable, "-c", MACHINE], stdout=subprocess.PIPE, text=True)
    assert machine.stdout is not None
    groups = [int(machine.stdout.readline()) for _ in range(2)]
    assert all(map(there, groups))
    machine.send_signal(signal.SIGKILL)
    machine.communicate()
    eventually(lambda: not any(map(there, groups)), "both groups are gone")
