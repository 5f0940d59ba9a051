#!/usr/bin/env python3
"""The sides of Python's asyncio: `asyncio_sides.py WORKLOAD [NAME=VALUE ...]` does the job
of the program of that name, and prints what one operation cost."""

import asyncio
import os
import resource
import sys
import time

PARAMETERS = {}  # of the command line


def number(name, otherwise):
    return int(PARAMETERS.get(name, otherwise))


def beside(program):
    return os.path.join(PARAMETERS["beside"], program)


def each(began, count):
    return (time.monotonic_ns() - began) / count


def many_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def spawn():
    program = PARAMETERS.get("program", beside("noop"))
    size = number("touched", 0) << 20
    memory = bytearray(size)
    memory[::4096] = bytes(b"x") * len(range(0, size, 4096))

    async def once():
        process = await asyncio.create_subprocess_exec(program)
        assert await process.wait() == 0

    for _ in range(20):
        await once()
    many_descriptors()
    for _ in range(number("open", 0)):
        os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    began, count = time.monotonic_ns(), number("count", 500)
    for _ in range(count):
        await once()
    return each(began, count)


WORKLOADS = {"spawn": spawn}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in WORKLOADS:
        print(__doc__ + "\nWorkloads: " + " ".join(WORKLOADS))
        return 0 if sys.argv[1:] == ["--help"] else 2
    PARAMETERS.update(word.split("=", 1) for word in sys.argv[2:])
    print(f"{asyncio.run(WORKLOADS[sys.argv[1]]()):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
