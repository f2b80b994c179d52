"""Runs argv[2:], ends with its exit code, and writes to argv[1] what it used, as one JSON object.

The kernel's own account of the finished process (wait4): processor seconds of all its threads, and the largest resident size.
"""

import json
import os
import signal
import sys
import time

# A signal to the process group is for the program; this wrapper stays to take the account.
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda _number, _frame: None)

started = time.monotonic()
process = os.posix_spawnp(
    sys.argv[2], sys.argv[2:], os.environ, setsigdef=[signal.SIGTERM, signal.SIGINT, signal.SIGPIPE]
)
_, status, usage = os.wait4(process, 0)
with open(sys.argv[1], "w") as output:
    json.dump(
        {
            "wallSeconds": time.monotonic() - started,
            "processorSeconds": usage.ru_utime + usage.ru_stime,
            "peakBytes": usage.ru_maxrss * 1024,
        },
        output,
    )
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
