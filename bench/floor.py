"""Milliseconds of processor time that ``orjson.loads`` takes for a body, in a process of its own with the collector on.

Called as ``python -m bench.floor FILE TIMES``; prints one number a line.
"""

import sys
import time
from pathlib import Path

import orjson

body, times = Path(sys.argv[1]).read_bytes(), int(sys.argv[2])
for _ in range(times):
    began = time.process_time_ns()
    orjson.loads(body)
    print((time.process_time_ns() - began) / 1e6)
