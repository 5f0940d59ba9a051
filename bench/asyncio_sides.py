#!/usr/bin/env python3
"""The sides of Python's asyncio: `asyncio_sides.py WORKLOAD [NAME=VALUE ...]` does the job
of the program of that name, and prints what one operation cost."""

import asyncio
import os
import random
import resource
import signal
import statistics
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


PIPE = asyncio.subprocess.PIPE


async def fanout():
    count = left = number("count", 1000)
    total = 0

    async def worker():
        nonlocal left, total
        while left > 0:
            left -= 1
            process = await asyncio.create_subprocess_exec(beside("producer"), "both",
                                                           stdout=PIPE, stderr=PIPE)
            out, err = await process.communicate()
            assert process.returncode == 0
            total += len(out) + len(err)

    began = time.monotonic_ns()
    await asyncio.gather(*[worker() for _ in range(64)])
    cost = each(began, count)
    assert total == 14 * count
    return cost


async def exits():
    live, ended = number("live", 250), number("ended", 120)
    many_descriptors()
    children = [await asyncio.create_subprocess_exec(beside("pause")) for _ in range(live)]
    random.Random(1).shuffle(children)
    await asyncio.sleep(0.1)
    costs = []
    for child in children[:ended]:
        began = time.monotonic_ns()
        child.kill()
        assert await child.wait() == -signal.SIGKILL
        costs.append(each(began, 1))
    for child in children[ended:]:
        child.kill()
    for child in children[ended:]:
        await child.wait()
    return statistics.median(costs)


async def read_lines(count):
    """How many bytes so many lines of a child had."""
    process = await asyncio.create_subprocess_exec(beside("producer"), "lines", str(count), "80",
                                                   stdout=PIPE)
    lines = total = 0
    while line := await process.stdout.readline():
        lines += 1
        total += len(line)
    assert await process.wait() == 0 and lines == count
    return total


async def lines_many():
    children = number("children", 200)
    count = number("count", 2000000) // children
    began = time.monotonic_ns()
    totals = await asyncio.gather(*[read_lines(count) for _ in range(children)])
    cost = each(began, count * children)
    assert sum(totals) == 80 * count * children
    return cost


async def lines_one():
    began, count = time.monotonic_ns(), number("count", 20000000)
    total = await read_lines(count)
    cost = each(began, count)
    assert total == 80 * count
    return cost


class Bulk(asyncio.SubprocessProtocol):
    def __init__(self, over):
        self.over, self.total = over, 0

    def pipe_data_received(self, fd, data):
        self.total += len(data)

    def connection_lost(self, exc):
        self.over.set_result(None)


async def bulk():
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    blocks = number("count", 4 << 30) >> 20 << 4  # of 64 KiB
    began = time.monotonic_ns()
    transport, protocol = await loop.subprocess_exec(
        lambda: Bulk(over), beside("producer"), "lines", str(blocks), "65536",
        stdin=None, stdout=PIPE, stderr=None)
    await over
    cost = each(began, blocks >> 4)
    assert transport.get_returncode() == 0 and protocol.total == blocks << 16
    return cost


async def communicate():
    data = bytes(range(256)) * (number("count", 512 << 20) >> 8)
    began = time.monotonic_ns()
    process = await asyncio.create_subprocess_exec("/bin/cat", stdin=PIPE, stdout=PIPE)
    out, _ = await process.communicate(data)
    cost = each(began, len(data)) * (1 << 20)
    assert process.returncode == 0 and out == data
    return cost


QUESTION = b"a line of a conversation\n"
WARM_UP = 100


class Talk(asyncio.SubprocessProtocol):
    def __init__(self, over, count):
        self.over, self.count, self.made = over, count, 0
        self.heard, self.began, self.cost = b"", 0, 0

    def connection_made(self, transport):
        self.stdin = transport.get_pipe_transport(0)
        self.stdin.write(QUESTION)

    def pipe_data_received(self, fd, data):
        self.heard += data
        if len(self.heard) < len(QUESTION):
            return
        assert self.heard == QUESTION
        self.heard = b""
        self.made += 1
        if self.made == WARM_UP:
            self.began = time.monotonic_ns()
        if self.made == WARM_UP + self.count:
            self.cost = each(self.began, self.count)
            self.stdin.close()
        else:
            self.stdin.write(QUESTION)

    def connection_lost(self, exc):
        self.over.set_result(None)


async def round_trip():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    count, child = number("count", 50000), (beside("producer"), "echo")
    if PARAMETERS.get("way", "protocol") == "protocol":
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        _, talk = await loop.subprocess_exec(lambda: Talk(over, count), *child, stdin=PIPE,
                                             stdout=PIPE, stderr=None)
        await over
        return talk.cost
    process = await asyncio.create_subprocess_exec(*child, stdin=PIPE, stdout=PIPE)
    for trip in range(WARM_UP + count):
        if trip == WARM_UP:
            began = time.monotonic_ns()
        process.stdin.write(QUESTION)
        assert await process.stdout.readline() == QUESTION
    cost = each(began, count)
    process.stdin.close()
    assert await process.wait() == 0
    return cost


WORKLOADS = {
    "spawn": spawn,
    "fanout": fanout,
    "exits": exits,
    "lines_many": lines_many,
    "bulk": bulk,
    "lines_one": lines_one,
    "communicate": communicate,
    "round_trip": round_trip,
    "timers": timers,
    "calls": calls,
    "tasks": tasks,
    "loops": loops,
}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in WORKLOADS:
        print(__doc__ + "\nWorkloads: " + " ".join(WORKLOADS))
        return 0 if sys.argv[1:] == ["--help"] else 2
    # Without a thread for each child, as it is by itself from Python 3.12 on.
    if sys.version_info < (3, 12) and hasattr(os, "pidfd_open"):
        asyncio.set_child_watcher(asyncio.PidfdChildWatcher())
    PARAMETERS.update(word.split("=", 1) for word in sys.argv[2:])
    print(f"{asyncio.run(WORKLOADS[sys.argv[1]]()):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
