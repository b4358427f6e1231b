"""A priority for each object, which stays what it is while servers come and go.

An object's place in the range follows from the hash of whose it is.  Where two of them want one place, the second in
alphabetical order takes the next free one; so a further server moves another only if it takes that one's place.
Which one an object has decides nothing: their pods are disjoint, so that no connection is matched by two of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcpfence.documents.digests import sha256
from mcpfence.plan.fence import Fence


def ranked(fences: Iterable[Fence], first: int, last: int) -> list[Fence]:
    """The fences, those with names with a priority for each selector; raises IndexError where the range is too small.

    A range of one number is shared by all.
    """
    found = list(fences)
    if first == last:
        return [fence._replace(ranks=(str(first),) * len(fence.selectors)) if fence.names else fence for fence in found]
    given = places(owners(found), last - first + 1)
    return [
        fence._replace(ranks=tuple(str(first + given[owner]) for owner in _owners(fence))) if fence.names else fence
        for fence in found
    ]


def owners(fences: Iterable[Fence]) -> list[str]:
    """Whose priorities are to be given: one for each selector of a fence with names."""
    return [owner for fence in fences if fence.names for owner in _owners(fence)]


def _owners(fence: Fence) -> list[str]:
    return [f"{fence.title}{ending}" for ending in fence.endings]


def places(names: Sequence[str], size: int) -> dict[str, int]:
    """A place below `size` for each name, none twice; raises IndexError where there are more names than places."""
    if len(names) > size:
        raise IndexError(size)
    taken: dict[int, str] = {}
    for name in sorted(names):
        place = int.from_bytes(sha256(name.encode()).digest()[:8]) % size
        while place in taken:
            place = (place + 1) % size
        taken[place] = name
    return {name: place for place, name in taken.items()}
