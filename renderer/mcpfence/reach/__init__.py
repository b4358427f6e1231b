r"""The judge: what manifests really let through, read from the manifests alone.

Two questions are answered, both exactly, and both from plain parsed documents (no YAML, no files, no network):

* **What may the pods of one selector reach, and who may reach them?**  For the proof: `evaluation`, `flows`.
* **Who can reach whom in this folder?**  For `mcpfence reach`: `connectivity`.

Nothing of mcpfence is imported here but `net`, so that an error in plan or providers cannot hide
itself.  What cannot be read is never an exception, never allowed and never ignored: it is a `Problem` that names
document and field, and widens what may pass at most and narrows what passes at least.

The proof
---------

    from mcpfence.reach.flows import flows, label_sets, traffic
    from mcpfence.reach.evaluation import deciding_rules
    from mcpfence.reach.evaluation.evaluator import Evaluator, Subject
    from mcpfence.reach.evaluation.policy_set import read_policies

    found = read_policies(documents, namespace="mcp")      # policies of all engines, and what has no evaluator
    found.problems                                         # Problem(document, field, reason), ...
    found.not_evaluated                                    # NotEvaluated(title, ..., namespace, selector, told), ...
    evaluator = Evaluator(found)

    subject = Subject("mcp", label_sets.box_of({"app": "github"}))   # every pod with that label, and any others
    reach = evaluator.egress(subject)                      # Bounds: all layers must allow
    reach.least, reach.most                                # one object where nothing is in doubt
    evaluator.ingress(subject)                             # the subject's own side alone
    evaluator.selecting(subject)                           # [(Policy | NotEvaluated, SURELY or MAYBE), ...]

A policy whose selector covers the subject's selects it SURELY; one that is merely compatible MAYBE does, and counts for
`most` only.  With matchExpressions use `label_selectors.read_selector(selector, field)`, which gives the same boxes.

What was intended is built with the same constructors, and compared:

    dns = [label_sets.pods_in("kube-system", label_sets.box_of({"k8s-app": "kube-dns"}))]
    over = traffic.plain((traffic.span("TCP", 53, 53), traffic.span("UDP", 53, 53)))
    web = traffic.named((traffic.span("TCP", 443, 443),), host_names.names_of(["*.x.example"]))
    intended = flows.union(flows.reach_of(pods=dns, allowed=over), flows.reach_of(public, allowed=web))
    packet = flows.witness_outside(reach.most, intended)   # None, or one concrete flow that is more than intended
    packet.text                                            # 169.254.169.254 TCP 80
    flows.minus(intended, reach.least)                     # what is missing: must lie within the listed narrowings
    flows.within(missing, narrowings)
    deciding_rules.deciding_rules(evaluator, subject, "egress", packet)   # NetworkPolicy mcp/x spec.egress[1], ...

Intervals must be canonical (`intervals.canonical`); `flows.same` is exact equality.  A NetworkPolicy's traffic is
`traffic.plain(points)`, any name or none; `traffic.EVERYTHING` is every protocol and port, ICMP and others included.

How it stays quick where 10,000 servers share most of their rules: lists of rules are read once for each list object
and once for each content, answers are the same object for servers with the same rules, and `flows` caches its
operations by value with hashes computed once.  So `flows.witness_outside(a, b)` on objects that were compared before
costs a look-up.

`pod_addresses` (of `read_policies`) are the addresses that pods may have; a firewall's CIDR groups surely
hold pods only if they hold all of those.  The default, all of IPv4 and IPv6, assumes nothing.

The folder
----------

    from mcpfence.reach.connectivity import connections, csv_form, json_form, list_form, text_form

    found = connections.connections(documents)             # found.problems, found.cautions, found.unknown, ...
    text_form.as_text(found)                                    # one line for each connection and end outside
    list_form.as_list(found)                                    # line for line what netpol-analyzer's `list` prints
    list_form.as_list(found, focus="mcp/github")                # a workload's name, or namespace/name
    list_form.focused(found, "mcp/github")                      # empty: there is no such workload
    csv_form.as_csv(found); json_form.as_json(found)           # the JSON form has IPv6, ICMP and names as well

The packages, from the ground up: flows (sets of flows and what they are made of), documents (objects and fields),
engines (one folder an engine), evaluation (the proof's side), connectivity (the folder's side).
"""
