"""Files that are too large or only look like tables: refused early, and with little memory."""

import subprocess
import sys

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.reading import Limits, UnreadableFile, read_month

JANUARY = BillingMonth(2025, 1)

#: Reads the bytes that a maker makes, in a process with a limit on its additional memory.
SCRIPT = """
import resource, sys
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.reading import UnreadableFile, read_month
read_month(b"123456789012,5.10\\n", BillingMonth(2025, 1))
data = {maker}
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
status = open("/proc/self/status").read()
held = int(status.split("VmRSS:")[1].split()[0]) * 1024
try:
    read_month(data, BillingMonth(2025, 1), name="big.csv")
except UnreadableFile as refusal:
    print(refusal.reason)
status = open("/proc/self/status").read()
peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
print((peak - held) // 1_000_000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("maker", "words"),
    [
        ('b"1,1\\n" * 10_000_000', "more than 1,000,000 records"),
        ("b'\"' + b'x' * 50_000_000", "a line of more than"),
        ("b'1' * 50_000_000", "a line of more than"),
        ("b'PK' + bytes([3, 4]) + bytes(90_000_000)", "zip archive"),
        ("b'123456789012' + b',1' * 90_000 + b'\\n1,2' * 500_000", "too many cells"),
        ("b'123456789012,1\\n' + b'Total,1\\n' * 999_000", "totals"),
    ],
)
def test_an_oversized_file_is_refused_in_bounded_time_and_memory(maker: str, words: str) -> None:
    # Its own processor time, which does not depend on what else the machine does.
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("{maker}", maker)],
        check=True,
        capture_output=True,
        text=True,
        timeout=280,
    )
    reason, megabytes = done.stdout.splitlines()
    assert words in reason
    assert int(megabytes) < 500


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(max_bytes=35), "36 bytes"),
        (Limits(max_records=1), "more than 1 records"),
    ],
)
def test_the_limits_are_settings(limits: Limits, words: str) -> None:
    data = b"123456789012,5.10\n000000000002,6.20\n"
    with pytest.raises(UnreadableFile, match=words):
        read_month(data, JANUARY, limits=limits)
    exact = Limits(max_bytes=len(data), max_records=2)
    assert len(read_month(data, JANUARY, limits=exact).rows) == 2


def test_a_header_is_not_a_record() -> None:
    data = b"Account ID,Credits\n123456789012,5.10\n000000000002,6.20\nTotal,11.30\n"
    assert len(read_month(data, JANUARY, limits=Limits(max_records=2)).rows) == 2
