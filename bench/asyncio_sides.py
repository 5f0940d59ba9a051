#!/usr/bin/env python3
"""The sides of Python's asyncio: `asyncio_sides.py WORKLOAD [NAME=VALUE ...]` does the job
of the program of that name, and prints what one operation cost."""

import asyncio
import os
import resource
import sys
import threading
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


async def timers():
    """Deadlines as those of timers.c; processor time, as there."""
    loop, count = asyncio.get_running_loop(), number("count", 1000000)
    staying, called, over = (count + 9) // 10, 0, loop.create_future()

    def fired():
        nonlocal called
        called += 1
        if called == staying:
            over.set_result(None)

    began, start = time.process_time_ns(), loop.time()
    handles = []
    for index in range(count):
        mixed = (index + 1) * 0x9E3779B97F4A7C15 & (1 << 64) - 1
        handles.append(loop.call_at(start + (mixed >> 32) % 200_000_000 / 1e9, fired))
    for index, handle in enumerate(handles):
        if index % 10 != 0:
            handle.cancel()
    await over
    return (time.process_time_ns() - began) / (2 * count)


async def calls():
    loop, count, batch = asyncio.get_running_loop(), number("count", 1000000), number("batch", 1)
    asked, made, over = 0, 0, loop.create_future()

    def ask():
        nonlocal asked
        more = min(batch, count - asked)
        asked += more
        for _ in range(more):
            loop.call_soon(call)

    def call():
        nonlocal made
        made += 1
        if made == count:
            over.set_result(None)
        elif made == asked:
            ask()

    def ask_from_thread():
        for _ in range(count):
            loop.call_soon_threadsafe(call)

    began = time.monotonic_ns()
    if PARAMETERS.get("from") == "thread":
        asked = count
        threading.Thread(target=ask_from_thread).start()
    else:
        ask()
    await over
    return each(began, count)


async def tasks():
    """A task is started, ends at once, and is awaited.  There are no stacks to switch."""

    async def end_at_once():
        pass

    began, count = time.monotonic_ns(), number("count", 200000)
    for _ in range(count):
        await asyncio.create_task(end_at_once())
    return each(began, count)


async def loops():
    began, count = time.monotonic_ns(), number("count", 20000)
    for _ in range(count):
        asyncio.new_event_loop().close()
    return each(began, count)


WORKLOADS = {"spawn": spawn, "timers": timers, "calls": calls, "tasks": tasks, "loops": loops}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in WORKLOADS:
        print(__doc__ + "\nWorkloads: " + " ".join(WORKLOADS))
        return 0 if sys.argv[1:] == ["--help"] else 2
    PARAMETERS.update(word.split("=", 1) for word in sys.argv[2:])
    print(f"{asyncio.run(WORKLOADS[sys.argv[1]]()):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
