"""What is measured: each row is one program of bench/ with its parameters."""

from dataclasses import dataclass, field

TRUE = "/bin/true"


@dataclass
class Row:
    """A job that every side does in turn."""

    title: str
    program: str
    parameters: dict = field(default_factory=dict)
    per: str = "child"  # what one operation is
    unit: str = "ns"  # of the cost: ns or bytes
    bound: float = 0  # what brood promises, as a multiple of the floor; 0: nothing
    amounts: tuple = ()  # parameters that a quick run divides by ten
    smaller: dict = field(default_factory=dict)  # side: divide the amounts by so much there
    without: tuple = ()  # sides that cannot do this job
    rounds: int = 7
    counted: str = ""  # the amount by which callgrind's instructions are divided
    like: str = ""  # another row: brood's own cost is compared to brood's there
    like_bound: float = 0


def rows_of(*rows):
    return list(rows)


# Rows of a group are measured in the same rounds, for comparisons between them.
GROUPS = [
    rows_of(
        Row("a static no-op, one by one", "spawn", {"count": 300}, bound=1.15,
            amounts=("count",)),
        Row("/bin/true, one by one", "spawn", {"count": 150, "program": TRUE}, bound=1.05,
            amounts=("count",)),
        Row("/bin/true, 2 GiB touched in the parent", "spawn",
            {"count": 60, "program": TRUE, "touched": 2048}, bound=1.05, amounts=("count",),
            smaller={"libuv": 10, "GSubprocess": 10}, rounds=5,
            like="/bin/true, one by one", like_bound=1.1),
    ),
    rows_of(
        Row("a no-op, 50 descriptors open", "spawn", {"count": 200, "open": 50},
            amounts=("count",)),
        Row("a no-op, 10,000 descriptors open", "spawn", {"count": 100, "open": 10000},
            amounts=("count",), like="a no-op, 50 descriptors open", like_bound=1.5),
    ),
]
