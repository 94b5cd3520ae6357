"""Gives every Python process below the soak its wall clock; found by PYTHONPATH.

The clock is the machine's own plus an offset, which the soak moves.
"""

import mmap
import os
import struct
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

FOLLOW_EVERY_S = 0.02


def _follow(page, coordinates, offset_s):
    while True:
        time.sleep(FOLLOW_EVERY_S)
        (wanted_s,) = struct.unpack("d", page[:8])
        if wanted_s != offset_s:
            coordinates.shift(wanted_s - offset_s)
            offset_s = wanted_s


def _start(path):
    with path.open("rb") as file:
        page = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    (offset_s,) = struct.unpack("d", page[:8])
    moment = datetime.now(UTC) + timedelta(seconds=offset_s)
    coordinates = time_machine.travel(moment, tick=True).start()
    arguments = (page, coordinates, offset_s)
    threading.Thread(target=_follow, args=arguments, daemon=True).start()


_start(Path(os.environ["SOAK_CLOCK"]))
