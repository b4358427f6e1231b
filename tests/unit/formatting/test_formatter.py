"""Formatting by example: what becomes of each way to write a values file, and what is refused."""

from __future__ import annotations

import pytest

from mcpfence.findings.finding import McpfenceError
from mcpfence.formatting.formatter import formatted

FORMS = {
    "keys as the reference lists them, unknown ones behind": (
        "other: 1\nservers: {}\nanother: 2\nmcpNamespace: {keep: true, name: x, create: true}\n",
        "mcpNamespace: {create: true, keep: true, name: x}\nservers: {}\nother: 1\nanother: 2\n",
    ),
    "names by name, at their own keys' order": (
        "servers:\n  b: {npxConfig: {package: x}, runtime: npx}\n  a:\n    egress: {}\n    runtime: uvx\n",
        "servers:\n  a:\n    runtime: uvx\n    egress: {}\n  b: {runtime: npx, npxConfig: {package: x}}\n",
    ),
    "labels and lists stay in their order": (
        "clients:\n  x: {podSelector: {b: z, a: z}}\ncluster: {ipFamilies: [IPv6, IPv4]}\n",
        "cluster: {ipFamilies: [IPv6, IPv4]}\nclients:\n  x: {podSelector: {b: z, a: z}}\n",
    ),
    "two spaces a level, lists below their key": (
        "a:\n      b:\n      -   c: 1\n          d: 2\n      - - e\n        - f\n      -\n",
        "a:\n  b:\n    - c: 1\n      d: 2\n    - - e\n      - f\n    -\n",
    ),
    "quotes where they are needed": (
        "a: 'x'\nb: \"y\"\nc: 22:22\nd: 2024-01-01\ne: yes\nf: \"8080\"\ng: 8080\nh: 'it''s'\ni: '*.x'\nj: '~'\n",
        'a: x\nb: "y"\nc: "22:22"\nd: "2024-01-01"\ne: true\nf: "8080"\ng: 8080\nh: \'it\'\'s\'\ni: "*.x"\nj: "~"\n',
    ),
    "quotes by where they stand": (
        'a: "b, c"\nd: ["b, c", "e f", \'\', "@g/h"]\n"i j": "k: l"\nm: "n #o"\np: "\\u00e9"\nq: \'é\'\n\'yes\': "--r"\n',
        'a: b, c\nd: ["b, c", e f, "", "@g/h"]\ni j: "k: l"\nm: "n #o"\np: "\\u00e9"\nq: é\n"yes": --r\n',
    ),
    "colons in brackets": (
        'a: {b: "ghcr.io/x:1", c: "https://x/?y", d: ["e:", ":f", "g: h", a:b]}\n',
        'a: {b: ghcr.io/x:1, c: "https://x/?y", d: ["e:", ":f", "g: h", a:b]}\n',
    ),
    "numbers and nulls as they are written": (
        "a: 0x1F\nb: 1.50\nc: ~\nd:\ne: null\nf: Off\n",
        "a: 0x1F\nb: 1.50\nc: ~\nd:\ne: null\nf: false\n",
    ),
    "comments go with what they stand at": (
        "servers:\n  # about b\n  b: 1   # behind b\n  # about a\n\n  # really about a\n  a: 1 # behind a\n# below a\n\n# End.\n",
        "servers:\n  # really about a\n  a: 1 # behind a\n\n  # about b\n  b: 1   # behind b\n  # about a\n# below a\n\n# End.\n",
    ),
    "headings stay, and nothing passes them": (
        "# File.\n\nservers:\n  # --- Team one ---\n\n  b: 1\n  a: 1\n\n  # --- Team two ---\n\n  d: 1\n  c: 1\n",
        "# File.\n\nservers:\n  # --- Team one ---\n\n  a: 1\n  b: 1\n\n  # --- Team two ---\n\n  c: 1\n  d: 1\n",
    ),
    "what is commented out stays below its key": (
        "servers: {}\n  # a:\n  #   runtime: npx\ncluster:\n  # cni: cilium\negress:\n  default: deny\n  # provider: x\n",
        "cluster:\n  # cni: cilium\negress:\n  default: deny\n  # provider: x\nservers: {}\n  # a:\n  #   runtime: npx\n",
    ),
    "columns of comments": (
        'cluster: {cni: "x"}    # one\n                       # two\negress: {default: y1}  # three\ndns: "x" # four\n',
        "cluster: {cni: x}      # one\n                       # two\ndns: x # four\negress: {default: y1}  # three\n",
    ),
    "comments in a list": (
        "a: # of a\n# above\n- # of the first\n  b: 1 # of b\n# above the second\n- c\n# foot\n\nd: 1\n",
        "a: # of a\n  # above\n  # of the first\n  - b: 1 # of b\n  # above the second\n  - c\n# foot\n\nd: 1\n",
    ),
    "comments above a key that comes first in its item": (
        "egress:\n  except:\n    - {}\n  registries:\n    npx:\n      - ports: [1]\n        # why\n        name: x\n",
        "egress:\n  except:\n    - {}\n  registries:\n    npx:\n      # why\n      - name: x\n        ports: [1]\n",
    ),
    "brackets on one line and on several": (
        "a: { x: 1,z: [ 1,2 , ] }\ncluster: {\n    mesh: none,   # why\n    cni: 'a' }\ndns: {clusterIP: [],\n  ports: [ 1 ]}\n",
        "cluster: {\n    mesh: none,   # why\n    cni: a }\ndns: {ports: [1],\n  clusterIP: []}\na: {x: 1, z: [1, 2]}\n",
    ),
    "a text of several lines": (
        "b: |2 # why\n     two\n   one\nc: >-\n       x\n\n       # no comment\n# comment\nd: 'e\n   f'\ng: h\n i # j\n",
        "b: |2 # why\n     two\n   one\nc: >-\n  x\n\n  # no comment\n# comment\nd: 'e\n  f'\ng: h\n  i # j\n",
    ),
    "a comment below a text is not drawn into it": ("a: |\n    x\n  # c\nb: 1\n", "a: |\n  x\n# c\nb: 1\n"),
    "line breaks behind a text, which count with + alone": (
        "a: |\n  x\n\n\nb: |+\n\n\nc: >\n\n\nd: |+\n  x\n\n\n",
        "a: |\n  x\n\nb: |+\n\n\nc: >\n\nd: |+\n  x\n\n\n",
    ),
    "what stands below an entry is not above the next": (
        "servers:\n  c: 1\n  b: 1\n  a: 1\n  # below a\n",
        "servers:\n  a: 1\n  # below a\n\n  b: 1\n  c: 1\n",
    ),
    "white space at the end of lines": (
        "a: [1, \n  2, \n  3]  \nb: c \n  \nd:  \n  - e # f \n",
        "a: [1,\n  2,\n  3]\nb: c\n\nd:\n  - e # f\n",
    ),
    "a key that may be one of several things": (
        "servers: {x: {egress: {registries: [{ports: [1], name: z}]}}}\n",
        "servers: {x: {egress: {registries: [{name: z, ports: [1]}]}}}\n",
    ),
    "blank lines: one at most, none at the beginning": (
        "\n\nb:\n\n\n  c: 1\n\n\n  d: 1\n\n\n\n",
        "b:\n  c: 1\n\n  d: 1\n",
    ),
    "a blank line is between entries, whichever come first": (
        "servers:\n  b: 1\n\n  a: 1\n\n  c: 1\n",
        "servers:\n  a: 1\n\n  b: 1\n\n  c: 1\n",
    ),
    "lines above the document": ("# a\n---   # b\n# c\nd: 'e'\n", "# a\n---   # b\n# c\nd: e\n"),
    "no line feed at the end": ("a: 1", "a: 1\n"),
    "CRLF": ("b: |\r\n   x\r\n   y\r\nservers: 'a'\r\n", "servers: a\r\nb: |\r\n  x\r\n  y\r\n"),
    "a file of comments": ("# a\n\n\n#b", "# a\n\n\n#b"),
    "an empty file": ("", ""),
    "braces without anything": ("{}\n", "{}\n"),
    "other scripts": ("ü: '日本'  # ß \U0001f600\n", "ü: 日本  # ß \U0001f600\n"),
}


@pytest.mark.parametrize("what", FORMS)
def test_form(what: str) -> None:
    """The text becomes this one, and this one stays."""
    before, after = FORMS[what]

    assert formatted(before, "values.yaml") == after
    assert formatted(after, "values.yaml") == after


REFUSED = {
    "a: &x 1\n": "values.yaml:1:4: has an anchor or alias, whose meaning depends on what stands first; write the value out twice",
    "a: !!str 1\n": "values.yaml:1:4: has a tag; remove it; quotes make a string of anything",
    "%YAML 1.1\n---\na: 1\n": "values.yaml:1:1: begins with a directive (%); remove that line",
    "a: 1\n...\n": "values.yaml:2:1: has a document end (...); remove that line",
    "? a\n: 1\n": "values.yaml:1:3: has a key in the long form (?); write it as KEY: VALUE",
    "b: {? a : 1}\n": "values.yaml:1:7: has a key in the long form (?); write it as KEY: VALUE",
    '{"a": "\\ud83d\\ude00"}': "values.yaml: is JSON, or stands in one pair of braces; write it as block YAML, or leave it out",
    "---\n{a: 1}\n": "values.yaml: is JSON, or stands in one pair of braces; write it as block YAML, or leave it out",
    "a: 1\rb: 2\n": "values.yaml:1: has a line end that only some readers know; end each line with a line feed",
    "a: 1\nb: 'x\u2028y'\n": "values.yaml:2: has a line end that only some readers know; end each line with a line feed",
    "b: 1\na: |\n  x": "values.yaml: ends without a line break in a text that keeps it; end the last line with a line feed",
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    """With the place, what is so, and what to do."""
    with pytest.raises(McpfenceError) as refused:
        formatted(text, "values.yaml")

    (finding,) = refused.value.findings
    assert (finding.id, finding.message) == ("format-refused", REFUSED[text])


@pytest.mark.parametrize(
    "text", ["a: y\n", "a: 1\na: 2\n", "a: 1\n---\nb: 1\n", "a: [\n", "- a\n", "a: 1\n<<: {b: 1}\n"]
)
def test_what_no_command_reads(text: str) -> None:
    """Is refused as everywhere: which of two meanings counts is not for a formatter to choose."""
    with pytest.raises(McpfenceError) as refused:
        formatted(text, "values.yaml")

    assert {finding.id for finding in refused.value.findings} <= {"file-unreadable", "catalog-not-a-mapping"}


@pytest.mark.parametrize("fault", ["a: 2\n", "a: 1 # b\n", "a: [\n", "a: '1'\n", "a: true\n"])
def test_another_meaning_is_refused(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the layout ever change a value or lose a comment, nothing comes of it."""
    monkeypatch.setattr("mcpfence.formatting.formatter._written", lambda *_: fault)
    with pytest.raises(McpfenceError) as refused:
        formatted("a: 1 # c\n" if "#" in fault else "a: 1\n", "values.yaml")

    assert [finding.message for finding in refused.value.findings] == [
        "values.yaml: cannot be written in another form for certain; please report it, with the file if you may"
    ]
