"""Templates: what fences share, and what is written for each name of a row."""

from __future__ import annotations

import pytest

from edges import carrier, rendered
from helpers import Raw
from mcpfence.kube.selectors import Selector
from mcpfence.net.ports import tcp
from mcpfence.plan.fence import Fence, Name
from mcpfence.providers import all_providers
from mcpfence.render.template import NotInRows, fill, filled_names, split, template_of, whole

WEB, ADMIN = tcp(443), tcp(8443)


def fence(*names: Name, name: str = "github") -> Fence:
    """A server's fence with these names, in the order in which a plan has them."""
    ordered = tuple(sorted(names, key=lambda item: (item.pattern, item.ports, item.registry)))
    return Fence("server", name, "mcp", (Selector((("app", name),)),), (), names=ordered, path=("servers", name))


def named(*patterns: str, ports: tuple[object, ...] = WEB, registry: bool = False) -> list[Name]:
    """Names on some ports."""
    return [Name(pattern, ports, "", registry) for pattern in patterns]  # type: ignore[arg-type]


def test_the_number_of_names_makes_no_template() -> None:
    """One name and several, those of a registry among them, are one template."""
    one = template_of(fence(*named("api.example.com")))
    several = template_of(
        fence(*named("api.example.com", "z.example.com"), *named("npm.example.net", registry=True), name="other")
    )

    assert one.fence == several.fence
    assert one.words == ("github", "github", "api.example.com")
    assert several.words == ("other", "other", "api.example.com\nnpm.example.net\nz.example.com")


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        (named("*.a.example", "api.example.com"), ["a.example", "api.example.com"]),
        (
            [*named("a.example", "c.example"), *named("b.example", ports=ADMIN)],
            ["a.example", "b.example", "c.example"],
        ),
        (
            [*named("a.example", "b.example"), *named("a.example", "b.example", ports=ADMIN)],
            ["a.example\nb.example"],
        ),
        ([*named("a.example"), *named("a.example", registry=True)], ["a.example"]),
    ],
    ids=["wildcard", "ports between", "two ports", "twice"],
)
def test_what_differs_has_a_row_of_its_own(names: list[Name], rows: list[str]) -> None:
    """Names of one row follow one another, and are alike but for their pattern: their order stays."""
    assert list(template_of(fence(*names)).words[2:]) == rows


def test_many_names_have_marks_of_their_own() -> None:
    """Where there are so many that an engine may cut its lists, it counts how many there are."""
    made = template_of(fence(*named(*(f"h{n:02}.example.com" for n in range(17)))))

    assert len(made.fence.names) == 17
    assert len(made.words) == 19


def test_a_row_is_written_line_by_line() -> None:
    """Lines with one mark stay together; names outside them are filled in as words."""
    template = template_of(fence(*named("a.example", "b.example")))
    mark = template.fence.names[0].pattern
    parts = split(f"name: {template.fence.name}\nasked:\n- name: {mark}\n- name: {mark}.svc\nto:\n  - {mark}\nend: 1\n")

    assert fill(parts, template.words) == (
        "name: github\nasked:\n- name: a.example\n- name: a.example.svc\n- name: b.example\n- name: b.example.svc\n"
        "to:\n  - a.example\n  - b.example\nend: 1\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "name: {row}\n",
        "- name: {row}\n  ports: []\n",
        "- a\n- {row}\n  - deeper\n",
        "- {row}-{word}\n",
        "- {row}{other}\n",
    ],
)
def test_a_row_elsewhere_is_refused(text: str) -> None:
    """A mark of a row stands in whole items of a list, alone, or the template is none."""
    template = template_of(fence(*named("a.example"), *named("b.example", ports=ADMIN)))
    row, other = (name.pattern for name in template.fence.names)

    with pytest.raises(NotInRows):
        split(text.format(row=row, other=other, word=template.fence.name))


def test_names_of_a_template_are_filled_in() -> None:
    """Each name of a row is one again, with its star and all that was said of it."""
    made = template_of(fence(*named("*.a.example", "*.b.example")))
    deep = tuple(name._replace(least=4) for name in made.fence.names)

    assert [(name.pattern, name.least) for name in filled_names(deep, made.words)] == [
        ("*.a.example", 4),
        ("*.b.example", 4),
    ]


SETTINGS: dict[str, Raw] = {
    "none": {"unenforcedDomains": "internet"},
    "calico": {"calico": {"edition": "cloud"}},
    "clusternetworkpolicy": {"clusternetworkpolicy": {"priorities": [1, 100]}},
}


@pytest.mark.parametrize("cni", ["generic", "cilium"])
@pytest.mark.parametrize("name", [provider.name for provider in all_providers()])
def test_rows_are_what_each_name_gives(name: str, cni: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under every provider the objects of any number of names are those of a fence that is its own template."""

    def server(count: int, *more: str) -> Raw:
        hosts = [f"*.w{n}.h{count}.example.com" for n in range(count // 3)]
        hosts += [f"h{n}.s{count}.example.org" for n in range(count - len(hosts))]
        egress = {"domains": [{"name": f"admin.s{count}.example.org", "ports": [8443]}]} if more else {}
        return {"runtime": "npx", "npxConfig": {"package": "p", "egressDomains": hosts}, "egress": egress}

    raw = {
        "cluster": {"profile": "gke" if name == "gke" else "generic", "cni": cni},
        "dns": {"clusterIP": ["10.100.0.10"]} if name == "eks" else {},
        "egress": {"provider": name, "registries": {"npx": ["npm.example.net"]}, **SETTINGS.get(name, {})},
        "servers": {
            **{f"plain-{count:02}": server(count) for count in (1, 2, 3, 9, 15, 16, 20)},
            **{f"ports-{count:02}": server(count, "on another port") for count in (1, 5, 14, 15)},
        },
    }
    together = rendered(carrier(raw))
    monkeypatch.setattr("mcpfence.render.assembly.template_of", whole)

    assert rendered(carrier(raw)) == together
