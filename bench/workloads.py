"""What is measured: each row is one program of bench/ with its parameters."""

from dataclasses import dataclass, field

TRUE = "/bin/true"
PEERS = ("libuv", "GSubprocess", "asyncio")


@dataclass
class Row:
    """A job that every side does in turn."""

    title: str
    program: str
    parameters: dict = field(default_factory=dict)
    per: str = "child"  # what one operation is
    unit: str = "ns"  # of the cost: ns or bytes
    bound: float = 0  # what brood promises, as a multiple of the floor; 0: nothing
    most: float = 0  # or what brood promises as it stands, in the row's unit
    amounts: tuple = ()  # parameters that a quick run divides by ten
    smaller: dict = field(default_factory=dict)  # side: divide the amounts by so much there
    without: tuple = ()  # sides that cannot do this job
    rounds: int = 7
    peer_rounds: int = 7  # of the peers, where they take long; a quick run leaves such out
    counted: str = ""  # the amount by which callgrind's instructions are divided
    like: str = ""  # another row: brood's own cost is compared to brood's there
    like_bound: float = 0

    def rounds_of(self, side, quick=False):
        if side in ("floor", "brood"):
            return 1 if quick else self.rounds
        if quick:
            return 1 if self.peer_rounds >= self.rounds else 0
        return min(self.rounds, self.peer_rounds)


def rows_of(*rows):
    return list(rows)


# Rows of a group are measured in the same rounds, for comparisons between them.
SLOW_LINES = {"GSubprocess": 10, "asyncio": 40}


def exits(live, **more):
    return Row(f"one exit among {live:,} live", "exits", {"live": live, "ended": 120},
               per="exit", amounts=("ended",), **more)


def trips(title, way, bound, **more):
    return Row(f"a round trip of a line, {title}", "round_trip", {"count": 50000, "way": way},
               per="trip", bound=bound, amounts=("count",), smaller={"asyncio": 4}, **more)


GROUPS = [
    rows_of(
        Row("a static no-op, one by one", "spawn", {"count": 100}, bound=1.15,
            amounts=("count",), rounds=41),
        Row("/bin/true, one by one", "spawn", {"count": 150, "program": TRUE}, bound=1.05,
            amounts=("count",), rounds=11),
        Row("/bin/true, 2 GiB touched in the parent", "spawn",
            {"count": 100, "program": TRUE, "touched": 2048}, bound=1.05, amounts=("count",),
            smaller={"libuv": 10, "GSubprocess": 10}, rounds=11, peer_rounds=5,
            like="/bin/true, one by one", like_bound=1.1),
    ),
    rows_of(
        Row("a no-op, 50 descriptors open", "spawn", {"count": 100, "open": 50},
            amounts=("count",), rounds=31),
        Row("a no-op, 10,000 descriptors open", "spawn", {"count": 100, "open": 10000},
            amounts=("count",), rounds=31, like="a no-op, 50 descriptors open", like_bound=1.5),
    ),
    rows_of(
        Row("64 at a time, both outputs read to the end", "fanout", {"count": 800}, bound=1.08,
            amounts=("count",)),
    ),
    rows_of(
        exits(250, bound=1.1),
        exits(1000, peer_rounds=3),
        exits(4000, bound=1.15, peer_rounds=2),
        exits(10000, bound=1.2, like="one exit among 250 live", like_bound=1.3,
              without=PEERS),  # it takes them minutes
    ),
    rows_of(
        Row("lines from 200 children", "lines_many", {"count": 4000000}, per="line", bound=1.08,
            amounts=("count",), smaller={"GSubprocess": 10, "asyncio": 10}),
        Row("lines from 200 children, by sockets", "lines_many",
            {"count": 4000000, "kind": "socket"}, per="line", bound=1.08, amounts=("count",),
            without=("GSubprocess", "asyncio")),
        Row("lines from one child", "lines_one", {"count": 20000000, "way": "outside"},
            per="line", bound=1.1, amounts=("count",), smaller=SLOW_LINES),
        Row("lines from one child, by a socket", "lines_one",
            {"count": 20000000, "way": "outside", "kind": "socket"}, per="line", bound=1.1,
            amounts=("count",), without=("GSubprocess", "asyncio")),
        Row("lines from one child, in a task", "lines_one", {"count": 20000000, "way": "task"},
            per="line", bound=1.1, amounts=("count",), without=PEERS),
        Row("4 GiB from one child", "bulk", {"count": 4 << 30}, per="MiB", bound=1.0,
            amounts=("count",), smaller={"GSubprocess": 4, "asyncio": 4}),
        Row("4 GiB from one child, by a socket", "bulk", {"count": 4 << 30, "kind": "socket"},
            per="MiB", bound=0.5, amounts=("count",), without=("GSubprocess", "asyncio")),
        Row("512 MiB through cat, communicate", "communicate", {"count": 512 << 20}, per="MiB",
            bound=1.3, amounts=("count",), smaller={"GSubprocess": 2, "asyncio": 4}),
    ),
    # The peers stand where they do the same: by callbacks, in a coroutine.
    rows_of(
        trips("protocol", "protocol", 1.15),
        trips("in a task", "task", 1.25, without=("libuv", "GSubprocess")),
        trips("outside of tasks", "outside", 1.25, without=PEERS),
    ),
    rows_of(
        Row("timers, nine of ten cancelled", "timers", {"count": 1000000}, per="operation",
            bound=1.8, amounts=("count",), smaller={"asyncio": 10}),
        Row("call_soon, one at a time", "calls", {"count": 1000000}, per="call",
            amounts=("count",), counted="count"),
        Row("call_soon, 1,000 at a time", "calls", {"count": 1000000, "batch": 1000},
            per="call", amounts=("count",), counted="count"),
        Row("call_soon_threadsafe", "calls", {"count": 300000, "from": "thread"}, per="call",
            amounts=("count",)),
        Row("task: start, end, join", "tasks", {"count": 200000}, per="task",
            amounts=("count",), counted="count"),
        Row("stack switch, and back", "tasks", {"count": 1000000, "what": "switch"},
            per="two switches", amounts=("count",), counted="count", without=("asyncio",)),
        Row("loop: open and close", "loops", {"count": 20000}, per="loop", amounts=("count",),
            smaller={"asyncio": 10}),
    ),
    rows_of(
        Row("memory of an idle child, three pipes: protocol", "memory", {"count": 300},
            unit="bytes", amounts=("count",), rounds=1, most=700),
        Row("memory of an idle child, three pipes: Process", "memory",
            {"count": 300, "way": "process"}, unit="bytes", amounts=("count",), rounds=1,
            most=1400, without=("libuv", "GSubprocess")),
    ),
]
