"""Every policy of a set of documents, read once each, with what could not be read and what has no evaluator."""

from __future__ import annotations

from collections.abc import Iterable

from mcpfence.net.addresses import ALL
from mcpfence.net.intervals import Intervals
from mcpfence.reach.documents.fields import Problem
from mcpfence.reach.documents.objects import Object, unroll
from mcpfence.reach.documents.staying import why_not_staying
from mcpfence.reach.engines import all_engines, by_kind
from mcpfence.reach.engines.applied_texts import applied, is_applied
from mcpfence.reach.engines.contract import Engine, Policy, Reader, perhaps_void
from mcpfence.reach.engines.not_evaluated import NotEvaluated, not_evaluated
from mcpfence.structs import Struct


class PolicySet(Struct):
    """Every policy of some documents, and what could not be read of them."""

    policies: tuple[Policy, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    problems: tuple[Problem, ...]


class PolicyReader:
    """Reads policies of all engines; each engine's reader keeps what it has read, so this lives as long as one proof.

    `namespace` is for objects that name none.  `pod_addresses` are the addresses that pods may have: blocks surely hold
    pods only if they hold all of those; `api_addresses` are those that the API server may have.  With `every` also the
    engines whose word no proof takes are read.  `enforced` are kinds, as (API group, kind), whose engine the cluster is
    known to run: policies of other optional engines then stand among those that are not evaluated, and those of the
    rest open what they say and close nothing (None: all are read, and believed).  So do policies that may not stay.
    """

    def __init__(
        self,
        namespace: str = "default",
        pod_addresses: Intervals = ALL,
        *,
        every: bool = False,
        api_addresses: Intervals = ALL,
        enforced: frozenset[tuple[str, str]] | None = None,
    ) -> None:
        self.namespace = namespace
        self._enforced = enforced
        self._pod_addresses, self._api_addresses = pod_addresses, api_addresses
        self._engines = by_kind(every=every)
        self._readers: dict[str, Reader] = {}

    def engine(self, one: Object) -> Engine | None:
        """The engine that reads an object; None for what is no policy, and for policies without evaluator."""
        engine = self._engines.get((one.group, one.kind))
        if engine is None or not engine.optional or self._enforced is None:
            return engine
        return engine if engine.kinds & self._enforced else None

    def read(self, one: Object) -> Policy:
        """The policy that an object is; raises KeyError where no engine reads it."""
        engine = self._engines[one.group, one.kind]
        reader = self._readers.get(engine.name)
        if reader is None:
            reader = self._readers[engine.name] = self._reader(engine)
        policy = reader.read(one.document, one.kind, self.title(one), one.namespace or self.namespace)
        believed = engine.everywhere or self._enforced is None or engine.kinds & self._enforced
        return policy if believed and not why_not_staying(one.document) else perhaps_void(policy)

    def _reader(self, engine: Engine) -> Reader:
        if engine.api_reader is not None:
            return engine.api_reader(self._pod_addresses, self._api_addresses)
        return engine.reader(self._pod_addresses)

    def title(self, one: Object) -> str:
        """What messages call an object, with the namespace that counts."""
        return one.title if one.namespace else f"{one.called} {self.namespace}/{one.name}"


def read_policies(
    documents: Iterable[object],
    *,
    namespace: str = "default",
    pod_addresses: Intervals = ALL,
    api_addresses: Intervals = ALL,
    enforced: frozenset[tuple[str, str]] | None = None,
) -> PolicySet:
    """Every policy among the documents.  Never raises: what cannot be read is in `problems`."""
    unrolled = unroll(documents)
    reader = PolicyReader(namespace, pod_addresses, api_addresses=api_addresses, enforced=enforced)
    return policies_of(unrolled.objects, reader, unrolled.problems)


def policies_of(objects: Iterable[Object], reader: PolicyReader, problems: Iterable[Problem] = ()) -> PolicySet:
    """Every policy among objects that were unrolled already, with the problems that came up there."""
    found: dict[str, list[Policy]] = {}
    others: list[NotEvaluated] = []
    seen: dict[tuple[str, str, str, str], object] = {}
    objects = list(objects)
    named = applied(objects, reader.namespace)
    for one in objects:
        engine = reader.engine(one)
        if engine is None:
            where = one.namespace or reader.namespace
            other = not_evaluated(one, where, text_applied=is_applied(one, where, named))
            others += [other] if other is not None else []
            continue
        first = seen.setdefault((engine.name, *_identity(one, reader)), one.document)
        if first is not one.document and _equal(first, one.document):
            continue
        policy = reader.read(one)
        if first is not one.document:
            twice = Problem(policy.title, "", "stands twice, with different contents")
            policy = policy._replace(sound=False, problems=(*policy.problems, twice), beside=())
        found.setdefault(engine.name, []).append(policy)
    policies = tuple(
        one
        for name, engine in all_engines().items()
        for policy in _settled(engine, found.get(name, []))
        for one in (policy, *policy.beside)
    )
    return PolicySet(
        policies=policies,
        not_evaluated=tuple(others),
        problems=(*problems, *(problem for policy in policies for problem in policy.problems)),
    )


def _identity(one: Object, reader: PolicyReader) -> tuple[str, str, str]:
    """What two objects of one engine have in common that are one."""
    return one.kind, one.namespace or reader.namespace, one.name


def _settled(engine: Engine, found: list[Policy]) -> list[Policy]:
    return engine.settle(found) if engine.settle is not None else found


def joined(first: PolicySet, second: Iterable[Policy | NotEvaluated]) -> PolicySet:
    """A set of policies with further ones beside them, which were read before."""
    further = list(second)
    return PolicySet(
        policies=(*first.policies, *(one for one in further if isinstance(one, Policy))),
        not_evaluated=(*first.not_evaluated, *(one for one in further if isinstance(one, NotEvaluated))),
        problems=first.problems,
    )


def _equal(left: object, right: object) -> bool:
    try:
        return left == right
    except RecursionError:  # documents that contain themselves
        return False
