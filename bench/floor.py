"""Milliseconds of processor time that ``orjson.loads`` takes for a body, in a process of its own with the collector on.

Called as ``python -m bench.floor FILE``; prints one number for each line that it is sent.
"""

import sys
import time
from pathlib import Path

import orjson

body = Path(sys.argv[1]).read_bytes()
for _ in sys.stdin:
    began = time.process_time_ns()
    orjson.loads(body)
    print((time.process_time_ns() - began) / 1e6, flush=True)
