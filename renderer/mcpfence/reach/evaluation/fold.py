"""The one meaning of policies: what those that speak of some pods let through together.

It is worked out from behind: at first everything passes, and each tier, from the last to the first, decides on what its
rules match and leaves the rest to what stands behind it.  Whether the flows are sets over all label sets or over the
pods of a folder is the caller's choice (`Sets`, `Matcher`); which rules decide on one flow is the same walk, asked for
its rules (`deciding_rules`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Generic, Protocol, TypeVar

from mcpfence.reach.engines.contract import Action, Policy, Rule, Rules
from mcpfence.reach.flows.bounds import Bounds
from mcpfence.reach.flows.selection import Selects
from mcpfence.structs import Struct

T = TypeVar("T")


class Sets(Protocol[T]):
    """Sets of flows of one representation."""

    @property
    def nothing(self) -> T:
        """The empty set."""
        ...

    @property
    def everything(self) -> T:
        """Every flow there is."""
        ...

    def union(self, parts: Sequence[T]) -> T:
        """What is in any of the parts."""
        ...

    def intersect(self, left: T, right: T) -> T:
        """What is in both."""
        ...

    def minus(self, left: T, right: T) -> T:
        """What of the first is not in the second."""
        ...


class Matcher(Protocol[T]):
    """What rules match, as sets of flows."""

    def one(self, rule: Rule) -> Bounds[T]:
        """The flows that a rule matches, at least and at most."""
        ...

    def any_of(self, rules: tuple[Rule, ...]) -> Bounds[T]:
        """The flows that any of the rules matches; those that are not surely in force count at most."""
        ...


class Speaking(Struct):
    """A policy as it speaks of some pods in one direction.

    `how` is whether it selects them.  `rules` are those of its rules that may be for them, in order, and `places` are
    where those stand in its list (None: they are the whole list).  `sure` says of each whether it surely is for all of
    the pods (a single value: of all of them alike).
    """

    policy: Policy
    how: Selects
    rules: tuple[Rule, ...]
    sure: bool | tuple[bool, ...]
    places: tuple[int, ...] | None = None

    @property
    def only_allows(self) -> bool:
        """Whether no rule denies or passes on, so that their order does not matter."""
        return all(rule.action is Action.ALLOW for rule in self.rules)

    def rows(self) -> Iterator[tuple[int, Rule, bool]]:
        """Each rule with its place in the policy's list and whether it is surely in force for the pods."""
        for number, rule in enumerate(self.rules):
            place = number if self.places is None else self.places[number]
            sure = self.sure if isinstance(self.sure, bool) else self.sure[number]
            yield place, rule, sure and rule.sure

    @property
    def key(self) -> object:
        """Equal for policies that decide alike on the pods, while both are alive."""
        rules = id(self.rules) if self.places is None else tuple(map(id, self.rules))
        return self.policy.tier, self.policy.priority, self.policy.isolates, self.isolates, rules, self.sure

    @property
    def isolates(self) -> Selects:
        """Whether it denies to the pods what no rule of its tier allows."""
        if not self.policy.isolates:
            return Selects.NEVER
        return self.how if self.policy.sound else min(self.how, Selects.MAYBE)


def in_turn(speaking: Iterable[Speaking]) -> list[list[list[Speaking]]]:
    """The policies of one layer in the order in which they are asked: tiers, and in them those of equal priority."""
    ordered = sorted(speaking, key=lambda one: (one.policy.tier.turn, one.policy.priority))
    return [
        [turn for _, equals in groupby(tier, key=lambda one: one.policy.priority) for turn in _ranked(list(equals))]
        for _, tier in groupby(ordered, key=lambda one: one.policy.tier.turn)
    ]


def _ranked(equals: list[Speaking]) -> list[list[Speaking]]:
    """Policies of equal priority one by one, where their ranks order them; else together."""
    ranks = [one.policy.rank for one in equals if one.policy.rank is not None]
    if len(equals) == 1 or len(set(ranks)) < len(equals) or len({rank[0] for rank in ranks}) > 1:
        return [equals]
    return [[one] for one in sorted(equals, key=lambda one: one.policy.rank or ("", ""))]


def rank_order(speaking: Iterable[Speaking]) -> tuple[object, ...]:
    """The keys of policies in the order of their ranks; none where fewer than two have one.

    Ranks are names: as parts of a key they would make the answer for each policy one of its own.
    """
    ranked = [(one.policy.priority, one.policy.rank, one.key) for one in speaking if one.policy.rank is not None]
    return tuple(key for *_, key in sorted(ranked, key=lambda one: one[:2])) if len(ranked) > 1 else ()


def fold(speaking: Iterable[Speaking], matcher: Matcher[T], sets: Sets[T]) -> Bounds[T]:
    """What the policies of one layer let through; without any of them everything."""
    passing = Bounds(sets.everything, sets.everything)
    for tier in reversed(in_turn(speaking)):
        passing = _Tier(tier, passing, matcher, sets).passing()
    return Bounds(passing.most, passing.most) if passing.least == passing.most else passing


class _Tier(Generic[T]):
    """One tier in front of what passes behind it."""

    def __init__(self, policies: list[list[Speaking]], behind: Bounds[T], matcher: Matcher[T], sets: Sets[T]) -> None:
        self.policies, self.behind, self.matcher, self.sets = policies, behind, matcher, sets

    def passing(self) -> Bounds[T]:
        """What passes this tier and all behind it."""
        isolating = [one for equals in self.policies for one in equals if one.policy.isolates]
        isolated = max((one.isolates for one in isolating), default=Selects.NEVER)
        left = self.unmatched(isolated)
        for equals in reversed(self.policies):
            left = self.in_front(equals, left)
        if isolated is Selects.MAYBE and all(one.only_allows for one in isolating):
            left = Bounds(self.sets.union([left.least, self.doubtful(isolating)]), left.most)
        return left

    def unmatched(self, isolated: Selects) -> Bounds[T]:
        """What passes of what no rule of the tier matches."""
        nothing = self.sets.nothing
        if isolated is Selects.NEVER:
            return self.behind
        return Bounds(nothing, nothing if isolated is Selects.SURELY else self.behind.most)

    def doubtful(self, isolating: list[Speaking]) -> T:
        """What surely passes where policies that add up may or may not isolate the pods.

        A pod that none of them selects is not isolated; one that some select may do what those allow together.  So it
        is what each of them allows by itself, and what passes behind the tier.
        """
        found = self.behind.least
        for one in isolating:
            found = self.sets.intersect(found, self.matcher.any_of(one.rules).least)
        return found

    def in_front(self, equals: list[Speaking], left: Bounds[T]) -> Bounds[T]:
        """What passes policies of equal priority, of which nobody states the order, and what they leave."""
        if all(one.only_allows for one in equals):
            return self.decided(Action.ALLOW, self.together([found for one in equals for found in self.of(one)]), left)
        if len(equals) == 1:
            return self.through(equals[0], left)
        nothing, everything = self.sets.nothing, self.sets.everything
        # At most: what one allows, or none matches; at least: what none denies, and one allows or what is left passes.
        allowed = [self.through(one, Bounds(nothing, nothing)) for one in equals]
        undenied = [self.through(one, Bounds(everything, everything)) for one in equals]
        most, least = left.most, self.sets.union([left.least, *(one.least for one in allowed)])
        for found in undenied:
            most, least = self.sets.intersect(most, found.most), self.sets.intersect(least, found.least)
        return Bounds(least, self.sets.union([most, *(one.most for one in allowed)]))

    def through(self, one: Speaking, left: Bounds[T]) -> Bounds[T]:
        """What passes the rules of one policy, the first that matches deciding, and what they leave."""
        for action, rows in groupby(reversed(list(one.rows())), key=lambda row: row[1].action):
            found = self.together([(self.matcher.one(rule), sure) for _, rule, sure in rows])
            left = self.decided(action, found, left)
        return left

    def of(self, one: Speaking) -> Iterable[tuple[Bounds[T], bool]]:
        """What the rules of one policy match, each with whether it is surely in force; a whole list as one."""
        if one.places is None and isinstance(one.sure, bool):
            return [(self.matcher.any_of(one.rules), one.sure)]
        return [(self.matcher.one(rule), sure) for _, rule, sure in one.rows()]

    def together(self, found: list[tuple[Bounds[T], bool]]) -> Bounds[T]:
        """What any of some rules matches, each with whether it is surely in force."""
        least = self.sets.union([one.least for one, sure in found if sure])
        if all(sure and one.least is one.most for one, sure in found):
            return Bounds(least, least)
        return Bounds(least, self.sets.union([one.most for one, _ in found]))

    def decided(self, action: Action, found: Bounds[T], left: Bounds[T]) -> Bounds[T]:
        """What passes where rules of one action stand in front of what they leave."""
        sets, behind = self.sets, self.behind
        exact = found.least is found.most and left.least is left.most
        if action is Action.ALLOW:
            least = sets.union([found.least, left.least])
            return Bounds(least, least if exact else sets.union([found.most, left.most]))
        least = sets.minus(left.least, found.most)
        if action is Action.DENY:
            return Bounds(least, least if exact else sets.minus(left.most, found.least))
        # Passed on: what surely matches is for the tiers behind; what may match must pass there and here.
        either = sets.intersect(sets.intersect(left.least, behind.least), found.most)
        least = sets.union([least, either, sets.intersect(behind.least, found.least)])
        if exact and behind.least is behind.most:
            return Bounds(least, least)
        most = sets.union([sets.minus(left.most, found.least), sets.intersect(behind.most, found.most)])
        return Bounds(least, most)


def spoken(policy: Policy, rules: Rules, hows: Sequence[Selects]) -> Speaking | None:
    """A policy as it speaks of pods, `hows` being whether each of its sources selects them; None where it does not."""
    if len(policy.sources) == 1:
        how = hows[0] if policy.sources[0].whole else min(hows[0], Selects.MAYBE)
        sure = how is Selects.SURELY
        return Speaking(policy, how, rules.items, sure) if how is not Selects.NEVER else None
    mine = [place for place, how in enumerate(hows) if how is not Selects.NEVER]
    if not mine:
        return None
    return Speaking(
        policy,
        max(hows),
        tuple(rules.items[place] for place in mine),
        tuple(hows[place] is Selects.SURELY and policy.sources[place].whole for place in mine),
        tuple(mine),
    )
