"""Owns: the measurement of one process. Run by speed_tools.py as `python -I -S speed_child.py OUT ERR PROGRAM...`.

It is a program of its own because a child begins with the peak memory of whoever started it: this one imports next to
nothing. Prints one line: exit status, wall seconds, CPU seconds (user and system, of all threads and waited-for children),
and peak memory in KiB. A program that needs less memory than this one shows this one's.
"""

import os
import sys
import time


def main() -> int:
    out, err, *command = sys.argv[1:]
    writes = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, out, writes, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, err, writes, 0o644),
    ]
    start = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    # Kilobytes, but on macOS.
    unit = 1024 if sys.platform == "darwin" else 1
    print(os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // unit)
    return 0


if __name__ == "__main__":
    sys.exit(main())
