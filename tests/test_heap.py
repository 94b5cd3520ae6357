"""What a process no longer holds goes back to the system (glibc)."""

import subprocess
import sys

# Freed blocks below one that is still held: the C library keeps them all.
PROGRAM = """
import os
from monitor.heap import give_back, share_heaps

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

share_heaps()
begin = resident()
held = [bytearray(2000) for _ in range(50_000)]
last = held.pop()
held.clear()
kept = resident() - begin
give_back()
print(kept, resident() - begin)
"""


def test_free_memory_goes_back_to_the_system():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    kept, left = map(int, run.stdout.split())
    assert kept > 50_000_000, "the C library gave it back by itself: nothing is shown"
    assert left < kept / 10
