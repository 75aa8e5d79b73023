#!/usr/bin/env python3
"""Writes a log of AWS Lambda as CloudWatch exports it, with known shares: of 100 requests 93 use boto3, 4 pandas and 7
requests, and 12 wait for a new process.

    python3 scripts/generate_log.py REQUESTS > FILE
"""

import datetime
import random
import sys
import uuid

SHARES = {"boto3": 93, "requests": 7, "pandas": 4}
COLD = 12
START = datetime.datetime(2026, 11, 2)
WINDOW = datetime.timedelta(days=7)


def main():
    count = int(sys.argv[1])
    source = random.Random(1)
    # Whole hundreds hold exactly the shares, each in an order of its own.
    for number in range(count):
        if number % 100 == 0:
            orders = {name: source.sample(range(100), 100) for name in [*SHARES, "cold"]}
        at = number % 100
        time = (START + WINDOW * number / count).isoformat(timespec="milliseconds") + "Z"
        request = uuid.UUID(int=source.getrandbits(128), version=4)

        def line(text):
            sys.stdout.write(f"{time} {text}\n")

        line(f"START RequestId: {request} Version: $LATEST")
        line(f"[INFO]\t{time}\t{request}\t{source.choice(['stores', 'reads', 'checks'])} order {source.randrange(10**6)}")
        for name, share in SHARES.items():
            if orders[name][at] < share:
                line(f"[INFO]\t{time}\t{request}\tModule used: {name}")
        line(f"END RequestId: {request}")
        took = source.uniform(3, 90)
        init = f"\tInit Duration: {source.uniform(800, 900):.2f} ms" if orders["cold"][at] < COLD else ""
        line(
            f"REPORT RequestId: {request}\tDuration: {took:.2f} ms\tBilled Duration: {took + 1:.0f} ms\t"
            f"Memory Size: 512 MB\tMax Memory Used: 181 MB{init}\t"
        )


if __name__ == "__main__":
    main()
