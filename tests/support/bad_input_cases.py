"""Catalogs that are refused, and every sentence with which they are: where, what, what to do."""

from __future__ import annotations

from typing import Any

HOSTS: dict[str, tuple[str, str]] = {
    # what: (entry of egressDomains, what is said behind its place)
    "scheme": (
        "https://api.example.com",
        '"https://api.example.com" has a scheme; write api.example.com [host-scheme]',
    ),
    "scheme and path": (
        "https://api.example.com/v1",
        '"https://api.example.com/v1" has a scheme; write api.example.com [host-scheme]',
    ),
    "scheme and port": (
        "https://api.example.com:8443/v1",
        '"https://api.example.com:8443/v1" has a scheme; write {name: api.example.com, ports: [8443]} under egress.domains [host-scheme]',
    ),
    "scheme of plain HTTP": (
        "http://api.example.com",
        '"http://api.example.com" has a scheme; write {name: api.example.com, ports: [80]} under egress.domains [host-scheme]',
    ),
    "scheme, user and password": (
        "https://user:hunter2@api.example.com",
        '"https://...@api.example.com" has a scheme; write api.example.com [host-scheme]',
    ),
    "scheme and nothing else": ("ftp://", '"ftp://" has a scheme; write the host name alone [host-scheme]'),
    "path": ("api.example.com/v1", '"api.example.com/v1" has a path; write api.example.com [host-path]'),
    "query": ("api.example.com?a=b", '"api.example.com?a=b" has a path; write api.example.com [host-path]'),
    "a path alone": ("//api.example.com", '"//api.example.com" has a path; write the host name alone [host-path]'),
    "port": (
        "api.example.com:8443",
        '"api.example.com:8443" has a port; write {name: api.example.com, ports: [8443]} under egress.domains [host-port]',
    ),
    "the default port": (
        "api.example.com:443",
        '"api.example.com:443" has a port; write api.example.com, which means port 443 [host-port]',
    ),
    "port without a host": (
        ":443",
        '":443" has a port; write the host name alone, and its ports under egress.domains [host-port]',
    ),
    "word as a port": (
        "api.example.com:https",
        '"api.example.com:https" has a port; write the host name alone, and its ports under egress.domains [host-port]',
    ),
    "IPv4 address": ("10.0.0.1", '"10.0.0.1" is an IP address; list it under egress.cidrs with its ports [host-is-ip]'),
    "IPv4 address and port": (
        "10.0.0.1:443",
        '"10.0.0.1:443" is an IP address; list it under egress.cidrs with its ports [host-is-ip]',
    ),
    "IPv4 block": (
        "10.0.0.0/8",
        '"10.0.0.0/8" is an IP address; list it under egress.cidrs with its ports [host-is-ip]',
    ),
    "IPv6 address": (
        "2001:db8::1",
        '"2001:db8::1" is an IP address; list it under egress.cidrs with its ports [host-is-ip]',
    ),
    "IPv6 address in brackets": (
        "[2001:db8::1]",
        '"[2001:db8::1]" is an IP address; list it under egress.cidrs with its ports [host-is-ip]',
    ),
    "IPv6 address in brackets and port": (
        "[2001:db8::1]:443",
        '"[2001:db8::1]:443" is an IP address; list it under egress.cidrs with its ports [host-is-ip]',
    ),
    "IPv6 address with a zone": (
        "fe80::1%eth0",
        '"fe80::1%eth0" is an IP address; list it under egress.cidrs with its ports [host-is-ip]',
    ),
    "short IPv4 address": (
        "127.1",
        '"127.1" ends in a number, which makes it an IP address; list addresses under egress.cidrs with their ports [host-is-ip]',
    ),
    "hexadecimal IPv4 address": (
        "0x7f.0x1",
        '"0x7f.0x1" ends in a number, which makes it an IP address; list addresses under egress.cidrs with their ports [host-is-ip]',
    ),
    "a number at the end": (
        "example.123",
        '"example.123" ends in a number, which makes it an IP address; list addresses under egress.cidrs with their ports [host-is-ip]',
    ),
    "metadata by address": (
        "169.254.169.254",
        '"169.254.169.254" is an IP address; list it under egress.cidrs with its ports [host-is-ip]',
    ),
    "single label": (
        "redis",
        '"redis" is a single label; write a full name such as api.example.com, or list a service of the cluster under egress.services [host-single-label]',
    ),
    "empty": ("", '"" is empty; write a host name such as api.example.com, or remove the entry [host-empty]'),
    "blank": ("  ", '"  " is empty; write a host name such as api.example.com, or remove the entry [host-empty]'),
    "non-ASCII": (
        "bücher.example.com",
        '"b\\u00fccher.example.com" has characters outside ASCII; write the punycode form, xn--bcher-kva.example.com [host-not-ascii]',
    ),
    "non-ASCII wildcard": (
        "*.bücher.example.com",
        '"*.b\\u00fccher.example.com" has characters outside ASCII; write the punycode form, *.xn--bcher-kva.example.com [host-not-ascii]',
    ),
    "non-ASCII without a punycode": (
        "ü" * 100 + ".example.com",
        '"\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc\\u00fc..." has characters outside ASCII; write the punycode form [host-not-ascii]',
    ),
    "localhost": (
        "localhost",
        '"localhost" is the pod itself; remove it; a pod always reaches itself [host-localhost]',
    ),
    "a name below localhost": (
        "app.localhost",
        '"app.localhost" is the pod itself; remove it; a pod always reaches itself [host-localhost]',
    ),
    "wildcard on localhost": (
        "*.localhost",
        '"*.localhost" is the pod itself; remove it; a pod always reaches itself [host-localhost]',
    ),
    "LOCALHOST with a dot": (
        "LocalHost.",
        '"LocalHost." is the pod itself; remove it; a pod always reaches itself [host-localhost]',
    ),
    "cluster.local": (
        "cluster.local",
        '"cluster.local" is a name inside the cluster; list the service under egress.services [host-in-cluster]',
    ),
    "a service": (
        "redis.data.svc",
        '"redis.data.svc" is a name inside the cluster; list the service under egress.services [host-in-cluster]',
    ),
    "a service in full": (
        "redis.data.svc.cluster.local",
        '"redis.data.svc.cluster.local" is a name inside the cluster; list the service under egress.services [host-in-cluster]',
    ),
    "wildcard on svc": (
        "*.svc",
        '"*.svc" is a name inside the cluster; list the service under egress.services [host-in-cluster]',
    ),
    "wildcard on a namespace": (
        "*.data.svc",
        '"*.data.svc" is a name inside the cluster; list the service under egress.services [host-in-cluster]',
    ),
    "wildcard on cluster.local": (
        "*.cluster.local",
        '"*.cluster.local" is a name inside the cluster; list the service under egress.services [host-in-cluster]',
    ),
    "Google's metadata": (
        "metadata.google.internal",
        '"metadata.google.internal" is the cloud\'s metadata endpoint; remove it, or write egress.cloudIdentity: true [host-metadata]',
    ),
    "a wildcard that takes Google's metadata in": (
        "*.google.internal",
        '"*.google.internal" takes in the cloud\'s metadata endpoint; remove it, or write egress.cloudIdentity: true [host-metadata]',
    ),
    "reverse DNS": (
        "1.0.10.in-addr.arpa",
        '"1.0.10.in-addr.arpa" is a reverse-DNS zone; write the names or egress.cidrs instead [host-reverse-dns]',
    ),
    "reverse DNS of IPv6": (
        "*.ip6.arpa",
        '"*.ip6.arpa" is a reverse-DNS zone; write the names or egress.cidrs instead [host-reverse-dns]',
    ),
    "wildcard on a top-level domain": (
        "*.com",
        '"*.com" is a wildcard on a public suffix; write the domain that you mean [host-public-suffix]',
    ),
    "wildcard on a public suffix": (
        "*.co.uk",
        '"*.co.uk" is a wildcard on a public suffix; write the domain that you mean [host-public-suffix]',
    ),
    "wildcard on a top-level domain that nobody knows": (
        "*.internal",
        '"*.internal" is a wildcard on a public suffix; write the domain that you mean [host-public-suffix]',
    ),
    "every name": (
        "*",
        '"*" is every name; write the names, or egress.default: internet for every public address [host-bad-wildcard]',
    ),
    "two wildcards": (
        "*.*.example.com",
        '"*.*.example.com" has a * that is not the whole first label; write *.example.com, or names [host-bad-wildcard]',
    ),
    "part of a label": (
        "api-*.example.com",
        '"api-*.example.com" has a * that is not the whole first label; write *.example.com, or names [host-bad-wildcard]',
    ),
    "wildcard without a dot": (
        "*example.com",
        '"*example.com" has a * that is not the whole first label; write *.example.com, or names [host-bad-wildcard]',
    ),
    "wildcard in the middle": (
        "api.*.example.com",
        '"api.*.example.com" has a * that is not the whole first label; write *.example.com, or names [host-bad-wildcard]',
    ),
    "two dots": (
        "api..example.com",
        '"api..example.com" has an empty label; write labels with one dot between them [host-empty-label]',
    ),
    "leading dot": (
        ".example.com",
        '".example.com" has an empty label; write labels with one dot between them [host-empty-label]',
    ),
    "wildcard on nothing": (
        "*.",
        '"*." is every name; write the names, or egress.default: internet for every public address [host-bad-wildcard]',
    ),
    "hyphen at the end": (
        "api-.example.com",
        '"api-.example.com" has characters that no host name has; write one name of letters, digits, - and dots [host-bad-character]',
    ),
    "space inside": (
        "api example.com",
        '"api example.com" has white space or a control character; write the host name alone [host-bad-character]',
    ),
    "line break": (
        "api.example.com\n",
        '"api.example.com\\n" has white space or a control character; write the host name alone [host-bad-character]',
    ),
    "user": (
        "user@example.com",
        '"user@example.com" has characters that no host name has; write one name of letters, digits, - and dots [host-bad-character]',
    ),
    "two names": (
        "a.example.com,b.example.com",
        '"a.example.com,b.example.com" has characters that no host name has; write one name of letters, digits, - and dots [host-bad-character]',
    ),
    "label too long": (
        "x" * 64 + ".example.com",
        '"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example.com" has a label longer than 63 characters; write a name that DNS can hold [host-too-long]',
    ),
    "name too long": (
        "x." * 130 + "com",
        '"x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x...." is longer than 253 characters; write a name that DNS can hold [host-too-long]',
    ),
    "template": (
        "{{ .Values.host }}",
        '"{{ .Values.host }}" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
    "template of a shell": (
        "${HOST}",
        '"${HOST}" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
}

CIDRS: dict[str, tuple[dict[str, Any], str, str]] = {
    # what: (entry of egress.cidrs, the key that is at fault, what is said behind its place)
    "host bits": ({"cidr": "10.0.0.1/8"}, ".cidr", '"10.0.0.1/8" has host bits set; write 10.0.0.0/8 [cidr-bad]'),
    "host bits in IPv6": (
        {"cidr": "2001:db8::1/32"},
        ".cidr",
        '"2001:db8::1/32" has host bits set; write 2001:db8::/32 [cidr-bad]',
    ),
    "no prefix length": (
        {"cidr": "10.0.0.0"},
        ".cidr",
        '"10.0.0.0" has no prefix length; write 10.0.0.0/32 for one address [cidr-bad]',
    ),
    "a prefix too long": (
        {"cidr": "10.0.0.0/33"},
        ".cidr",
        '"10.0.0.0/33" is not a CIDR block; write an address with its prefix length, such as 203.0.113.0/24 or 2001:db8::/32 [cidr-bad]',
    ),
    "a leading zero": (
        {"cidr": "010.0.0.0/8"},
        ".cidr",
        '"010.0.0.0/8" is not a CIDR block; write an address with its prefix length, such as 203.0.113.0/24 or 2001:db8::/32 [cidr-bad]',
    ),
    "a leading zero in the prefix": (
        {"cidr": "10.0.0.0/08"},
        ".cidr",
        '"10.0.0.0/08" has a prefix length that is not a plain number; write an address with its prefix length, such as 203.0.113.0/24 or 2001:db8::/32 [cidr-bad]',
    ),
    "a netmask": (
        {"cidr": "10.0.0.0/255.0.0.0"},
        ".cidr",
        '"10.0.0.0/255.0.0.0" has a prefix length that is not a plain number; write an address with its prefix length, such as 203.0.113.0/24 or 2001:db8::/32 [cidr-bad]',
    ),
    "an IPv4-mapped block": (
        {"cidr": "::ffff:10.0.0.0/104"},
        ".cidr",
        '"::ffff:10.0.0.0/104" is an IPv4-mapped IPv6 block; write the IPv4 block [cidr-bad]',
    ),
    "a zone": (
        {"cidr": "fe80::%eth0/64"},
        ".cidr",
        '"fe80::%eth0/64" has a zone id; write an address with its prefix length, such as 203.0.113.0/24 or 2001:db8::/32 [cidr-bad]',
    ),
    "nothing": (
        {"cidr": ""},
        ".cidr",
        '"" is not a CIDR block; write an address with its prefix length, such as 203.0.113.0/24 or 2001:db8::/32 [cidr-bad]',
    ),
    "a name": (
        {"cidr": "api.example.com"},
        ".cidr",
        '"api.example.com" is not a CIDR block; write an address with its prefix length, such as 203.0.113.0/24 or 2001:db8::/32 [cidr-bad]',
    ),
    "white space": (
        {"cidr": " 10.0.0.0/8"},
        ".cidr",
        '" 10.0.0.0/8" is not a CIDR block; write an address with its prefix length, such as 203.0.113.0/24 or 2001:db8::/32 [cidr-bad]',
    ),
    "except is the cidr": (
        {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]},
        ".except[0]",
        '"10.0.0.0/8" is the whole cidr; remove the entry; it grants nothing [except-is-cidr]',
    ),
    "except around the cidr": (
        {"cidr": "10.0.0.0/8", "except": ["0.0.0.0/0"]},
        ".except[0]",
        '"0.0.0.0/0" lies outside its cidr; write a block inside the cidr [except-outside]',
    ),
    "except outside": (
        {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]},
        ".except[0]",
        '"11.0.0.0/8" lies outside its cidr; write a block inside the cidr [except-outside]',
    ),
    "except with host bits": (
        {"cidr": "10.0.0.0/8", "except": ["10.0.0.1/16"]},
        ".except[0]",
        '"10.0.0.1/16" has host bits set; write 10.0.0.0/16 [cidr-bad]',
    ),
    "IPv4 except in an IPv6 cidr": (
        {"cidr": "fd00::/8", "except": ["10.0.0.0/8"]},
        ".except[0]",
        '"10.0.0.0/8" is IPv4 inside an IPv6 cidr; write it under a cidr of its own family [except-family]',
    ),
    "IPv6 except in an IPv4 cidr": (
        {"cidr": "10.0.0.0/8", "except": ["fd00::/8"]},
        ".except[0]",
        '"fd00::/8" is IPv6 inside an IPv4 cidr; write it under a cidr of its own family [except-family]',
    ),
    "excepts that add up": (
        {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/9", "10.128.0.0/9"]},
        ".except",
        "the excepts add up to the whole cidr; remove the entry; it grants nothing [except-is-cidr]",
    ),
    "AWS metadata": (
        {"cidr": "169.254.169.254/32"},
        "",
        "169.254.169.254/32 is nothing but a metadata endpoint, which no cidr opens; remove it, or write egress.cloudIdentity: true if the server needs its cloud identity [cidr-only-metadata]",
    ),
    "Azure metadata": (
        {"cidr": "168.63.129.16/32"},
        "",
        "168.63.129.16/32 is nothing but a metadata endpoint, which no cidr opens; remove it, or write egress.cloudIdentity: true if the server needs its cloud identity [cidr-only-metadata]",
    ),
    "AWS metadata over IPv6": (
        {"cidr": "fd00:ec2::254/128"},
        "",
        "fd00:ec2::254/128 is nothing but a metadata endpoint, which no cidr opens; remove it, or write egress.cloudIdentity: true if the server needs its cloud identity [cidr-only-metadata]",
    ),
    "metadata through NAT64": (
        {"cidr": "64:ff9b::a9fe:a9fe/128"},
        "",
        "64:ff9b::a9fe:a9fe/128 is nothing but a metadata endpoint, which no cidr opens; remove it, or write egress.cloudIdentity: true if the server needs its cloud identity [cidr-only-metadata]",
    ),
    "metadata through 6to4": (
        {"cidr": "2002:a9fe:a9fe::/48"},
        "",
        "2002:a9fe:a9fe::/48 is nothing but a metadata endpoint, which no cidr opens; remove it, or write egress.cloudIdentity: true if the server needs its cloud identity [cidr-only-metadata]",
    ),
    "excepts that leave metadata": (
        {"cidr": "169.254.169.252/30", "except": ["169.254.169.253/32", "169.254.169.255/32"]},
        "",
        "169.254.169.252/30 is nothing but a metadata endpoint, which no cidr opens; remove it, or write egress.cloudIdentity: true if the server needs its cloud identity [cidr-only-metadata]",
    ),
    "every IPv4 address": (
        {"cidr": "0.0.0.0/0"},
        "",
        "0.0.0.0/0 holds public and blocked addresses; write egress.default: internet for every public address, or narrower cidrs that are one or the other [cidr-mixed]",
    ),
    "every IPv6 address": (
        {"cidr": "::/0"},
        "",
        "::/0 holds public and blocked addresses; write egress.default: internet for every public address, or narrower cidrs that are one or the other [cidr-mixed]",
    ),
    "public and private": (
        {"cidr": "8.0.0.0/6"},
        "",
        "8.0.0.0/6 holds public and blocked addresses; write egress.default: internet for every public address, or narrower cidrs that are one or the other [cidr-mixed]",
    ),
}

PORTS: dict[str, tuple[int | str, str]] = {
    # what: (entry of ports, what is said behind its place)
    "zero": (0, "0 is outside 1 to 65535; write a port of that range [port-bad]"),
    "too high": (65536, "65536 is outside 1 to 65535; write a port of that range [port-bad]"),
    "negative": (-1, "-1 is outside 1 to 65535; write a port of that range [port-bad]"),
    "quoted": ("443", '"443" is a quoted number; write 443 without quotes, or 443/TCP [port-bad]'),
    "backwards": ("8010-8000", '"8010-8000" runs backwards; write 8000-8010 [port-bad]'),
    "unknown protocol": ("443/ICMP", '"443/ICMP" names the protocol ICMP; write TCP, UDP or SCTP [port-bad]'),
    "a word": ("https", '"https" is no port; write a number, 8000-8010, 53/UDP or 8000-8010/UDP [port-bad]'),
    "half a range": ("443-", '"443-" is no port; write a number, 8000-8010, 53/UDP or 8000-8010/UDP [port-bad]'),
    "zero with a protocol": ("0/UDP", '"0/UDP" is outside 1 to 65535; write a port of that range [port-bad]'),
    "a range that is too high": (
        "65000-70000",
        '"65000-70000" is outside 1 to 65535; write a port of that range [port-bad]',
    ),
    "more digits than a port has": (
        "12345678901",
        '"12345678901" is no port; write a number, 8000-8010, 53/UDP or 8000-8010/UDP [port-bad]',
    ),
    "spaces": ("80 - 90", '"80 - 90" is no port; write a number, 8000-8010, 53/UDP or 8000-8010/UDP [port-bad]'),
    "template": (
        "{{ .Values.port }}",
        '"{{ .Values.port }}" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
}

CATALOGS: dict[str, tuple[str, ...]] = {
    # what: (text of values.yaml, every error)
    "not YAML": (
        "servers: [a",
        "values.yaml:2:1: did not find expected ',' or ']'; mend the YAML [file-unreadable]",
    ),
    "a tab for indentation": (
        "servers:\n\ta: {}",
        "values.yaml:2:1: a tab stands where YAML wants spaces; mend the YAML [file-unreadable]",
    ),
    "a control character": (
        "servers: \x07",
        "values.yaml: is no YAML (control characters are not allowed); mend the YAML [file-unreadable]",
    ),
    "text instead of a mapping": (
        "servers",
        "values.yaml: is a string, not a mapping; write keys such as servers: at its top [catalog-not-a-mapping]",
    ),
    "a list instead of a mapping": (
        "- servers",
        "values.yaml: is a list, not a mapping; write keys such as servers: at its top [catalog-not-a-mapping]",
    ),
    "a number instead of a mapping": (
        "42",
        "values.yaml: is a number, not a mapping; write keys such as servers: at its top [catalog-not-a-mapping]",
    ),
    "two documents": (
        "servers: {}\n---\nclients: {}",
        "values.yaml:3:1: a second document begins; values are one document; mend the YAML [file-unreadable]",
    ),
    "a key twice": (
        "servers: {}\nclients: {}\nservers: {}",
        'values.yaml:3:1: the key "servers" stands twice; mend the YAML [file-unreadable]',
    ),
    "a key twice in one line": (
        "egress: {default: deny, 'default': internet}",
        'values.yaml:1:25: the key "default" stands twice; mend the YAML [file-unreadable]',
    ),
    "a number twice as a key": (
        "mcpNamespace: {labels: {1: a, 0x1: b}}",
        'values.yaml:1:31: the key "1" stands twice; mend the YAML [file-unreadable]',
    ),
    "a number with a point as a key": (
        "servers: {1.5: {runtime: npx}}",
        'values.yaml:1:11: the key "1.5" stands without quotes and is read as a number; mend the YAML [file-unreadable]',
    ),
    "null as a key": (
        "servers: {~: {runtime: npx}}",
        'values.yaml:1:11: the key "~" stands without quotes and is read as null; mend the YAML [file-unreadable]',
    ),
    "a mapping as a key": (
        "servers:\n  a:\n    runtime: {{ .Values.runtime }}",
        "values.yaml:3:15: a key is a mapping or a list, as YAML reads an unquoted {{ ... }}; mend the YAML [file-unreadable]",
    ),
    "a tag": (
        "servers: !!set {a, b}",
        "values.yaml:1:10: a value has a tag, as everything that begins with ! and stands without quotes; mend the YAML [file-unreadable]",
    ),
    "an alias without its anchor": (
        "servers: *nothing",
        "values.yaml:1:10: found undefined alias; mend the YAML [file-unreadable]",
    ),
    "an alias inside its own anchor": (
        "servers: &all {a: *all}",
        "values.yaml:1:10: contains itself; mend the YAML [file-unreadable]",
    ),
    "unknown key at the root": (
        "severs: {}",
        "values.yaml:1:1 severs: is no known key; did you mean servers? Else write one of: clients, cluster, dns, egress, gateway, mcpNamespace, mcpServerDefaults, rbac, run, servers, workloads [key-unknown]",
    ),
    "unknown key of cluster": (
        "cluster: {profil: gke}",
        "values.yaml:1:19 cluster.profil: is no known key; did you mean profile? Else write one of: cidrs, cni, ipFamilies, mesh, nat64, profile [key-unknown]",
    ),
    "unknown key of cluster.cidrs": (
        "cluster: {cidrs: {pod: []}}",
        "values.yaml:1:19 cluster.cidrs.pod: is no known key; did you mean pods? Else write one of: controlPlane, nodes, pods, services [key-unknown]",
    ),
    "unknown key of dns": (
        "dns: {clusterIPs: []}",
        "values.yaml:1:7 dns.clusterIPs: is no known key; did you mean clusterIP? Else write one of: clusterIP, peers, ports [key-unknown]",
    ),
    "unknown key of a DNS peer": (
        "dns: {peers: [{cidr: 10.0.0.1/32, port: 53}]}",
        "values.yaml:1:41 dns.peers[0].port: is no known key; write one of: cidr, namespace, podSelector [key-unknown]",
    ),
    "unknown key of egress": (
        "egress: {defaults: deny}",
        "values.yaml:1:20 egress.defaults: is no known key; did you mean default? Else write one of: aviatrix, default, except, provider, registries, unenforcedDomains [key-unknown]",
    ),
    "unknown key of egress.aviatrix": (
        "egress: {aviatrix: {ip6: true}}",
        "values.yaml:1:26 egress.aviatrix.ip6: is no known key; did you mean ipv6? Else write one of: crd, ipv6 [key-unknown]",
    ),
    "unknown runtime of registries": (
        "egress: {registries: {pip: []}}",
        "values.yaml:1:23 egress.registries.pip: is no known key; write one of: npx, uvx [key-unknown]",
    ),
    "unknown key of a registry": (
        "egress: {registries: {npx: [{name: r.example.com, port: 443}]}}",
        "values.yaml:1:57 egress.registries.npx[0].port: is no known key; did you mean ports? Else write one of: addresses, cidrs, mode, name, namespace, podSelector, ports [key-unknown]",
    ),
    "unknown key of a client": (
        "clients: {a: {namespaces: a}}",
        "values.yaml:1:27 clients.a.namespaces: is no known key; did you mean namespace? Else write one of: callbackPort, cidrs, namespace, podSelector [key-unknown]",
    ),
    "unknown key of mcpServerDefaults": (
        "mcpServerDefaults: {ports: 80}",
        "values.yaml:1:28 mcpServerDefaults.ports: is no known key; did you mean port? Else write one of: affinity, bridge, image, imagePullPolicy, imagePullSecrets, maxCPULimit, maxCPURequest, maxMemoryLimit, maxMemoryRequest, nanobotAgentResources, nanobotWorkspaceSize, nodeSelector, port, resources, runtimeClassName, storageClassName, tolerations [key-unknown]",
    ),
    "unknown key of a server": (
        "servers: {a: {runtime: npx, eggress: {}}}",
        "values.yaml:1:29 servers.a.eggress: is no known key; did you mean egress? Else write one of: compositeConfig, containerizedConfig, description, displayName, egress, env, gateway, ingress, npxConfig, podSelector, remoteConfig, run, runtime, uvxConfig [key-unknown]",
    ),
    "unknown key of npxConfig": (
        "servers: {a: {runtime: npx, npxConfig: {domains: []}}}",
        "values.yaml:1:41 servers.a.npxConfig.domains: is no known key; did you mean egressDomains? Else write one of: args, denyAllEgress, egressDomains, package [key-unknown]",
    ),
    "unknown key of uvxConfig": (
        "servers: {a: {runtime: uvx, uvxConfig: {pkg: a}}}",
        "values.yaml:1:46 servers.a.uvxConfig.pkg: is no known key; did you mean package? Else write one of: args, command, denyAllEgress, egressDomains, package [key-unknown]",
    ),
    "unknown key of containerizedConfig": (
        "servers: {a: {runtime: containerized, containerizedConfig: {ports: 80}}}",
        "values.yaml:1:68 servers.a.containerizedConfig.ports: is no known key; did you mean port? Else write one of: args, command, denyAllEgress, egressDomains, image, path, port [key-unknown]",
    ),
    "unknown key of remoteConfig": (
        "servers: {a: {runtime: remote, remoteConfig: {url: a}}}",
        "values.yaml:1:52 servers.a.remoteConfig.url: is no known key; write one of: fixedURL, headers, hostname, urlTemplate [key-unknown]",
    ),
    "unknown key of compositeConfig": (
        "servers: {a: {runtime: composite, compositeConfig: {components: []}}}",
        "values.yaml:1:53 servers.a.compositeConfig.components: is no known key; write componentServers, or remove it [key-unknown]",
    ),
    "unknown key of env": (
        "servers: {a: {runtime: npx, env: [{val: a}]}}",
        "values.yaml:1:41 servers.a.env[0].val: is no known key; did you mean value? Else write one of: description, file, key, name, required, secretKeyRef, sensitive, value [key-unknown]",
    ),
    "unknown key of headers": (
        "servers: {a: {runtime: remote, remoteConfig: {headers: [{val: a}]}}}",
        "values.yaml:1:63 servers.a.remoteConfig.headers[0].val: is no known key; did you mean value? Else write one of: description, key, name, required, sensitive, value [key-unknown]",
    ),
    "unknown key of a server's egress": (
        "servers: {a: {runtime: containerized, egress: {domain: []}}}",
        "values.yaml:1:48 servers.a.egress.domain: is no known key; did you mean domains? Else write one of: cidrs, cloudIdentity, default, denyAllEgress, dns, domains, egressDomains, kubernetesAPI, registries, services [key-unknown]",
    ),
    "a workload's key in a server's egress": (
        "servers: {a: {runtime: containerized, egress: {servers: all}}}",
        "values.yaml:1:57 servers.a.egress.servers: is no known key; did you mean services? Else write one of: cidrs, cloudIdentity, default, denyAllEgress, dns, domains, egressDomains, kubernetesAPI, registries, services [key-unknown]",
    ),
    "unknown key of a domain": (
        "servers: {a: {runtime: containerized, egress: {domains: [{name: a.example.com, port: 443}]}}}",
        "values.yaml:1:86 servers.a.egress.domains[0].port: is no known key; did you mean ports? Else write one of: addresses, name, ports [key-unknown]",
    ),
    "unknown key of a cidr": (
        "servers: {a: {runtime: containerized, egress: {cidrs: [{cidr: 10.0.0.0/8, ports: all, excepts: []}]}}}",
        "values.yaml:1:87 servers.a.egress.cidrs[0].excepts: is no known key; did you mean except? Else write one of: cidr, except, ports [key-unknown]",
    ),
    "unknown key of a service": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: a, port: 80}]}}}",
        "values.yaml:1:75 servers.a.egress.services[0].port: is no known key; did you mean ports? Else write one of: cidrs, mode, name, namespace, podSelector, ports [key-unknown]",
    ),
    "unknown key of ingress": (
        "servers: {a: {runtime: containerized, ingress: {form: []}}}",
        "values.yaml:1:49 servers.a.ingress.form: is no known key; did you mean from? Else write one of: from, ports [key-unknown]",
    ),
    "unknown key of matchExpressions": (
        "servers: {a: {runtime: containerized, podSelector: {matchExpressions: [{key: a, operator: Exists, value: b}]}}}",
        "values.yaml:1:106 servers.a.podSelector.matchExpressions[0].value: is no known key; did you mean values? Else write one of: key, operator, values [key-unknown]",
    ),
    "unknown key of a workload": (
        "workloads: {a: {podSelector: {app: a}, runtime: npx}}",
        "values.yaml:1:49 workloads.a.runtime: is no known key; write one of: egress, ingress, namespace, podSelector [key-unknown]",
    ),
    "unknown key of a workload's egress": (
        "workloads: {a: {podSelector: {app: a}, egress: {server: all}}}",
        "values.yaml:1:57 workloads.a.egress.server: is no known key; did you mean servers? Else write one of: cidrs, cloudIdentity, default, denyAllEgress, dns, domains, egressDomains, kubernetesAPI, registries, servers, services [key-unknown]",
    ),
    "unknown key of run": (
        "run: {enable: false}",
        "values.yaml:1:15 run.enable: is no known key; write enabled, or remove it [key-unknown]",
    ),
    "unknown key of gateway": (
        "gateway: {prefix: a}",
        "values.yaml:1:19 gateway.prefix: is no known key; write one of: allowedNamespaces, apiVersion, auth, authorinoNamespace, create, extension, gatewayClassName, listeners, name, namespace, provider, publicHost, sectionName, serverSectionName, toolsList, virtualServers [key-unknown]",
    ),
    "unknown key of mcpNamespace": (
        "mcpNamespace: {nam: a}",
        "values.yaml:1:21 mcpNamespace.nam: is no known key; did you mean name? Else write one of: annotations, create, keep, labels, name, networkPolicy, podSecurity, resourceQuota [key-unknown]",
    ),
    "unknown key of resourceQuota": (
        "mcpNamespace: {resourceQuota: {pods: 5}}",
        "values.yaml:1:38 mcpNamespace.resourceQuota.pods: is no known key; write hard, or remove it [key-unknown]",
    ),
    "unknown key of networkPolicy": (
        "mcpNamespace: {networkPolicy: {enable: true}}",
        "values.yaml:1:40 mcpNamespace.networkPolicy.enable: is no known key; did you mean enabled? Else write one of: dnsNamespace, enabled [key-unknown]",
    ),
    "unknown key of podSecurity": (
        "mcpNamespace: {podSecurity: {level: baseline}}",
        "values.yaml:1:37 mcpNamespace.podSecurity.level: is no known key; write one of: audit, auditVersion, enabled, enforce, enforceVersion, warn, warnVersion [key-unknown]",
    ),
    "unknown key of rbac": (
        "rbac: {rules: []}",
        "values.yaml:1:8 rbac.rules: is no known key; did you mean extraRules? Else write one of: create, extraRules, serviceAccount, subject [key-unknown]",
    ),
    "unknown key of a subject": (
        "rbac: {subject: {nam: a}}",
        "values.yaml:1:23 rbac.subject.nam: is no known key; did you mean name? Else write one of: kind, name, namespace [key-unknown]",
    ),
    "unknown key of serviceAccount": (
        "rbac: {serviceAccount: {nam: a}}",
        "values.yaml:1:30 rbac.serviceAccount.nam: is no known key; did you mean name? Else write one of: annotations, create, name [key-unknown]",
    ),
    "servers as a list": (
        "servers: []",
        "values.yaml:1:1 servers: is a list; write a mapping [type]",
    ),
    "a server as text": (
        "servers: {a: npx}",
        "values.yaml:1:14 servers.a: is a string; write a mapping [type]",
    ),
    "a server as null": (
        "servers:\n  a:",
        "values.yaml:2:5 servers.a: is null; write a mapping, or remove the key [type]",
    ),
    "a server without a runtime": (
        "servers: {a: {}}",
        "values.yaml:1:11 servers.a: has no runtime; write runtime [key-missing]",
    ),
    "null where a list belongs": (
        "servers:\n  a:\n    runtime: npx\n    npxConfig:\n      egressDomains:",
        "values.yaml:5:21 servers.a.npxConfig.egressDomains: is null; write a list, or remove the key [type]",
    ),
    "null inside a list": (
        "servers: {a: {runtime: npx, npxConfig: {egressDomains: [~]}}}",
        "values.yaml:1:57 servers.a.npxConfig.egressDomains[0]: is null; write a string, or remove the entry [type]",
    ),
    "a name where a list belongs": (
        "servers: {a: {runtime: npx, npxConfig: {egressDomains: a.example.com}}}",
        "values.yaml:1:56 servers.a.npxConfig.egressDomains: is a string; write a list [type]",
    ),
    "a number where a name belongs": (
        "servers: {a: {runtime: npx, npxConfig: {egressDomains: [1.5]}}}",
        "values.yaml:1:57 servers.a.npxConfig.egressDomains[0]: is a number; put it in quotes [type]",
    ),
    "a word where true belongs": (
        "servers: {a: {runtime: npx, npxConfig: {denyAllEgress: 'true'}}}",
        "values.yaml:1:56 servers.a.npxConfig.denyAllEgress: is a string; write true or false [type]",
    ),
    "a word where a port belongs": (
        "mcpServerDefaults: {port: '8099'}",
        "values.yaml:1:27 mcpServerDefaults.port: is a string; write a whole number [type]",
    ),
    "half a port": (
        "servers: {a: {runtime: containerized, egress: {cidrs: [{cidr: 10.0.0.0/8, ports: [44.5]}]}}}",
        "values.yaml:1:83 servers.a.egress.cidrs[0].ports[0]: is a number; write a whole number or a string [type]",
    ),
    "a cidr as text": (
        "servers: {a: {runtime: containerized, egress: {cidrs: [10.0.0.0/8]}}}",
        "values.yaml:1:56 servers.a.egress.cidrs[0]: is a string; write a mapping [type]",
    ),
    "one port without a list": (
        "servers: {a: {runtime: containerized, egress: {cidrs: [{cidr: 10.0.0.0/8, ports: 443}]}}}",
        "values.yaml:1:82 servers.a.egress.cidrs[0].ports: is 443; write all or a list [type]",
    ),
    "one quoted port without a list": (
        "servers: {a: {runtime: containerized, egress: {cidrs: [{cidr: 10.0.0.0/8, ports: '443'}]}}}",
        'values.yaml:1:82 servers.a.egress.cidrs[0].ports: is "443"; write all or a list [type]',
    ),
    "no ports in the list": (
        "servers: {a: {runtime: containerized, egress: {cidrs: [{cidr: 10.0.0.0/8, ports: []}]}}}",
        "values.yaml:1:75 servers.a.egress.cidrs[0].ports: is an empty list; list at least one entry, or remove the key [list-empty]",
    ),
    "a domain without a name": (
        "servers: {a: {runtime: containerized, egress: {domains: [{ports: [443]}]}}}",
        "values.yaml:1:58 servers.a.egress.domains[0]: has no name; write name [key-missing]",
    ),
    "registries as another word": (
        "servers: {a: {runtime: containerized, egress: {registries: all}}}",
        'values.yaml:1:60 servers.a.egress.registries: is "all"; write inherit or none or a list [type]',
    ),
    "dns as another word": (
        "servers: {a: {runtime: containerized, egress: {dns: please}}}",
        'values.yaml:1:53 servers.a.egress.dns: "please" is no choice here; write one of: auto, true, false [choice]',
    ),
    "a label as a number": (
        "servers: {a: {runtime: containerized, podSelector: {app: 1}}}",
        "values.yaml:1:58 servers.a.podSelector.app: is a number; put it in quotes [type]",
    ),
    "servers of a workload as another word": (
        "workloads: {a: {podSelector: {app: a}, egress: {servers: any}}}",
        'values.yaml:1:58 workloads.a.egress.servers: is "any"; write all or a list [type]',
    ),
    "a workload without a podSelector": (
        "workloads: {a: {namespace: b}}",
        "values.yaml:1:13 workloads.a: has no podSelector; write podSelector [key-missing]",
    ),
    "no IP family": (
        "cluster: {ipFamilies: []}",
        "values.yaml:1:11 cluster.ipFamilies: is an empty list; list at least one entry, or remove the key [list-empty]",
    ),
    "one IP family twice": (
        "cluster: {ipFamilies: [IPv4, IPv4]}",
        "values.yaml:1:11 cluster.ipFamilies: lists something twice; write each entry once [list-twice]",
    ),
    "an empty DNS peer": (
        "dns: {peers: [{}]}",
        "values.yaml:1:15 dns.peers[0]: is an empty mapping; write at least one key, or remove it [list-empty]",
    ),
    "unknown runtime": (
        "servers: {a: {runtime: docker}}",
        'values.yaml:1:24 servers.a.runtime: "docker" is no choice here; write one of: npx, uvx, containerized, remote, composite [choice]',
    ),
    "unknown provider": (
        "egress: {provider: istio}",
        'values.yaml:1:20 egress.provider: "istio" is no choice here; write one of: none, aviatrix, cilium, gke, eks, calico, antrea, clusternetworkpolicy [choice]',
    ),
    "a provider of a later version": (
        "egress: {provider: cilium}",
        "values.yaml:1:20 egress.provider: provider cilium is not in this version; write one of: none, aviatrix [provider-missing]",
    ),
    "unknown profile": (
        "cluster: {profile: azure}",
        'values.yaml:1:20 cluster.profile: "azure" is no choice here; write one of: generic, gke, eks, aks, openshift, k3s [choice]',
    ),
    "unknown cni": (
        "cluster: {cni: calico}",
        'values.yaml:1:16 cluster.cni: "calico" is no choice here; write one of: generic, cilium [choice]',
    ),
    "unknown mesh": (
        "cluster: {mesh: istio}",
        'values.yaml:1:17 cluster.mesh: "istio" is no choice here; write one of: none, ambient [choice]',
    ),
    "unknown stance": (
        "servers: {a: {runtime: containerized, egress: {default: open}}}",
        'values.yaml:1:57 servers.a.egress.default: "open" is no choice here; write one of: deny, internet [choice]',
    ),
    "unknown mode": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: a, mode: any, ports: all}]}}}",
        'values.yaml:1:75 servers.a.egress.services[0].mode: "any" is no choice here; write one of: selector, namespace, cidr [choice]',
    ),
    "running a server": (
        "servers: {a: {runtime: containerized, run: true}}",
        "values.yaml:1:11 servers.a: mcpfence is to run it, and no image is written; write containerizedConfig.image, or run: false [run-image]",
    ),
    "unknown gateway provider": (
        "gateway: {provider: kong}",
        'values.yaml:1:21 gateway.provider: "kong" is no choice here; write one of: none, kuadrant [choice]',
    ),
    "unknown client": (
        "clients: {obot: {cidrs: [10.0.0.0/8]}}\nservers: {a: {runtime: containerized, ingress: {from: [obto]}}}",
        'values.yaml:2:56 servers.a.ingress.from[0]: "obto" is not declared under clients; did you mean obot? Else declare it under clients [client-unknown]',
    ),
    "unknown client of a workload": (
        "workloads: {a: {podSelector: {app: a}, ingress: {from: [b], ports: [80]}}}",
        'values.yaml:1:57 workloads.a.ingress.from[0]: "b" is not declared under clients; declare it under clients [client-unknown]',
    ),
    "unknown server of a workload": (
        "workloads: {a: {podSelector: {app: a}, egress: {servers: [b]}}}",
        'values.yaml:1:59 workloads.a.egress.servers[0]: "b" is not declared under servers; declare it under servers [server-unknown]',
    ),
    "unknown server of a composite": (
        "servers: {a: {runtime: composite, compositeConfig: {componentServers: [b]}}}",
        'values.yaml:1:72 servers.a.compositeConfig.componentServers[0]: "b" is not declared under servers; declare it under servers [server-unknown]',
    ),
    "a composite of itself": (
        "servers: {a: {runtime: composite, compositeConfig: {componentServers: [a]}}}",
        'values.yaml:1:72 servers.a.compositeConfig.componentServers[0]: "a" is this composite itself; remove it [composite-self]',
    ),
    "a server's name with capitals": (
        "servers: {GitHub: {runtime: containerized}}",
        'values.yaml:1:11 servers.GitHub: the server\'s name "GitHub" is no DNS label; write lower-case letters, digits and -, with a letter or digit at both ends [name-not-a-label]',
    ),
    "a server's name with a dot": (
        "servers: {a.b: {runtime: containerized}}",
        'values.yaml:1:11 servers["a.b"]: the server\'s name "a.b" is no DNS label; write lower-case letters, digits and -, with a letter or digit at both ends [name-not-a-label]',
    ),
    "an empty name": (
        "servers: {'': {runtime: containerized}}",
        'values.yaml:1:11 servers[""]: the server\'s name "" is no DNS label; write lower-case letters, digits and -, with a letter or digit at both ends [name-not-a-label]',
    ),
    "a server's name too long": (
        "servers: {xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: {runtime: containerized}}",
        'values.yaml:1:11 servers.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: the server\'s name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" is 64 characters long; write at most 63 [name-too-long]',
    ),
    "a client's name": (
        "clients: {A_1: {cidrs: [10.0.0.0/8]}}",
        'values.yaml:1:11 clients.A_1: the client\'s name "A_1" is no DNS label; write lower-case letters, digits and -, with a letter or digit at both ends [name-not-a-label]',
    ),
    "a workload's name": (
        "workloads: {-a: {podSelector: {app: a}}}",
        'values.yaml:1:13 workloads.-a: the workload\'s name "-a" is no DNS label; write lower-case letters, digits and -, with a letter or digit at both ends [name-not-a-label]',
    ),
    "a namespace's name": (
        "mcpNamespace: {name: My Tools}",
        'values.yaml:1:22 mcpNamespace.name: the namespace "My Tools" is no DNS label; write lower-case letters, digits and -, with a letter or digit at both ends [name-not-a-label]',
    ),
    "a client's namespace": (
        "clients: {a: {namespace: A, podSelector: {app: a}}}",
        'values.yaml:1:26 clients.a.namespace: the namespace "A" is no DNS label; write lower-case letters, digits and -, with a letter or digit at both ends [name-not-a-label]',
    ),
    "a workload's namespace": (
        "workloads: {a: {namespace: A, podSelector: {app: a}}}",
        'values.yaml:1:28 workloads.a.namespace: the namespace "A" is no DNS label; write lower-case letters, digits and -, with a letter or digit at both ends [name-not-a-label]',
    ),
    "a service's name and namespace": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: A, namespace: B, podSelector: {app: b}, ports: [80]}]}}}",
        'values.yaml:1:66 servers.a.egress.services[0].name: the service\'s name "A" is no DNS label; write lower-case letters, digits and -, with a letter or digit at both ends [name-not-a-label]',
        'values.yaml:1:80 servers.a.egress.services[0].namespace: the namespace "B" is no DNS label; write lower-case letters, digits and -, with a letter or digit at both ends [name-not-a-label]',
    ),
    "host bits in cluster.cidrs": (
        "cluster: {cidrs: {nodes: [10.0.0.1/8]}}",
        'values.yaml:1:27 cluster.cidrs.nodes[0]: "10.0.0.1/8" has host bits set; write 10.0.0.0/8 [cidr-bad]',
    ),
    "host bits in egress.except": (
        "egress: {except: [10.0.0.1/8]}",
        'values.yaml:1:19 egress.except[0]: "10.0.0.1/8" has host bits set; write 10.0.0.0/8 [cidr-bad]',
    ),
    "host bits in a client": (
        "clients: {a: {cidrs: [10.0.0.1/8]}}",
        'values.yaml:1:23 clients.a.cidrs[0]: "10.0.0.1/8" has host bits set; write 10.0.0.0/8 [cidr-bad]',
    ),
    "host bits in a service": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: a, mode: cidr, cidrs: [10.0.0.1/8], ports: [80]}]}}}",
        'values.yaml:1:89 servers.a.egress.services[0].cidrs[0]: "10.0.0.1/8" has host bits set; write 10.0.0.0/8 [cidr-bad]',
    ),
    "host bits in addresses": (
        "egress: {provider: aviatrix}\nservers: {a: {runtime: containerized, egress: {domains: [{name: a.example.com, addresses: [10.0.0.1/8]}]}}}",
        'values.yaml:2:92 servers.a.egress.domains[0].addresses[0]: "10.0.0.1/8" has host bits set; write 10.0.0.0/8 [cidr-bad]',
    ),
    "host bits in a DNS peer": (
        "dns: {peers: [{cidr: 10.0.0.1/8}]}",
        'values.yaml:1:22 dns.peers[0].cidr: "10.0.0.1/8" has host bits set; write 10.0.0.0/8 [cidr-bad]',
    ),
    "no address in dns.clusterIP": (
        "dns: {clusterIP: [kube-dns]}",
        'values.yaml:1:19 dns.clusterIP[0]: "kube-dns" is no address; write an address such as 10.96.0.10 [cidr-bad]',
    ),
    "a family that the cluster has not": (
        "cluster: {ipFamilies: [IPv4]}\nservers: {a: {runtime: containerized, egress: {cidrs: [{cidr: 'fd00::/8', ports: all}]}}}",
        'values.yaml:2:63 servers.a.egress.cidrs[0].cidr: "fd00::/8" is IPv6, which cluster.ipFamilies does not list; add the family to cluster.ipFamilies or remove the cidr [cidr-family]',
    ),
    "a DNS peer of a family that the cluster has not": (
        "cluster: {ipFamilies: [IPv6]}\ndns: {peers: [{cidr: 10.0.0.1/32}]}",
        'values.yaml:2:22 dns.peers[0].cidr: "10.0.0.1/32" is IPv4, which cluster.ipFamilies does not list; add the family to cluster.ipFamilies or remove the cidr [cidr-family]',
    ),
    "port of a container": (
        "servers: {a: {runtime: containerized, containerizedConfig: {port: 0}}}",
        "values.yaml:1:67 servers.a.containerizedConfig.port: 0 is outside 1 to 65535; write a port of that range [port-bad]",
    ),
    "default port": (
        "mcpServerDefaults: {port: 65536}",
        "values.yaml:1:27 mcpServerDefaults.port: 65536 is outside 1 to 65535; write a port of that range [port-bad]",
    ),
    "callback port": (
        "clients: {a: {namespace: a, podSelector: {app: a}, callbackPort: 0}}",
        "values.yaml:1:66 clients.a.callbackPort: 0 is outside 1 to 65535; write a port of that range [port-bad]",
    ),
    "ports of ingress": (
        "servers: {a: {runtime: containerized, ingress: {ports: [0]}}}",
        "values.yaml:1:57 servers.a.ingress.ports[0]: 0 is outside 1 to 65535; write a port of that range [port-bad]",
    ),
    "quoted port of the resolver": (
        "dns: {ports: ['53']}",
        'values.yaml:1:15 dns.ports[0]: "53" is a quoted number; write 53 without quotes, or 53/TCP [port-bad]',
    ),
    "all ports of ingress": (
        "servers: {a: {runtime: containerized, ingress: {ports: all}}}",
        "values.yaml:1:56 servers.a.ingress.ports: ports: all is for cidrs and services only; list the ports [ports-all]",
    ),
    "all ports of a domain": (
        "egress: {provider: aviatrix}\nservers: {a: {runtime: containerized, egress: {domains: [{name: a.example.com, ports: all}]}}}",
        "values.yaml:2:87 servers.a.egress.domains[0].ports: ports: all is for cidrs and services only; list the ports [ports-all]",
    ),
    "a domain over UDP": (
        "egress: {provider: aviatrix}\nservers: {a: {runtime: containerized, egress: {domains: [{name: a.example.com, ports: [53/UDP]}]}}}",
        'values.yaml:2:88 servers.a.egress.domains[0].ports[0]: "53/UDP" is not TCP, and a name can only be told on TCP; list the addresses under egress.cidrs with this port [port-not-tcp]',
    ),
    "a cidr without ports": (
        "servers: {a: {runtime: containerized, egress: {cidrs: [{cidr: 10.0.0.0/8}]}}}",
        'values.yaml:1:56 servers.a.egress.cidrs[0]: cidr "10.0.0.0/8" has no ports; list the ports, or write ports: all for every protocol and port [ports-missing]',
    ),
    "a service in mode namespace without ports": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: a, namespace: b, mode: namespace}]}}}",
        'values.yaml:1:59 servers.a.egress.services[0]: service "a" in mode namespace has no ports; list the ports, or write ports: all for every protocol and port [ports-missing]',
    ),
    "a service in mode cidr without ports": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: a, mode: cidr, cidrs: [10.0.0.0/8]}]}}}",
        'values.yaml:1:59 servers.a.egress.services[0]: service "a" in mode cidr has no ports; list the ports, or write ports: all for every protocol and port [ports-missing]',
    ),
    "a workload with clients and without ports": (
        "clients: {b: {cidrs: [10.0.0.0/8]}}\nworkloads: {a: {podSelector: {app: a}, ingress: {from: [b]}}}",
        "values.yaml:2:40 workloads.a.ingress: ingress.from of a workload needs ports; write ingress.ports: the pod ports that these clients call [workload-ports]",
    ),
    "denyAllEgress and domains": (
        "servers: {a: {runtime: containerized, containerizedConfig: {denyAllEgress: true, egressDomains: [a.example.com]}}}",
        "values.yaml:1:76 servers.a.containerizedConfig.denyAllEgress: denyAllEgress: true contradicts domains; remove denyAllEgress or the destinations [deny-all-with-destinations]",
    ),
    "denyAllEgress and domains in the exact form": (
        "servers: {a: {runtime: containerized, containerizedConfig: {denyAllEgress: true}, egress: {domains: [a.example.com]}}}",
        "values.yaml:1:76 servers.a.containerizedConfig.denyAllEgress: denyAllEgress: true contradicts domains; remove denyAllEgress or the destinations [deny-all-with-destinations]",
    ),
    "denyAllEgress and cidrs": (
        "servers: {a: {runtime: containerized, egress: {denyAllEgress: true, cidrs: [{cidr: 10.0.0.0/8, ports: all}]}}}",
        "values.yaml:1:63 servers.a.egress.denyAllEgress: denyAllEgress: true contradicts cidrs; remove denyAllEgress or the destinations [deny-all-with-destinations]",
    ),
    "denyAllEgress and services": (
        "servers: {a: {runtime: containerized, egress: {denyAllEgress: true, services: [{name: b, namespace: c, podSelector: {app: b}, ports: [80]}]}}}",
        "values.yaml:1:63 servers.a.egress.denyAllEgress: denyAllEgress: true contradicts services; remove denyAllEgress or the destinations [deny-all-with-destinations]",
    ),
    "denyAllEgress and registries": (
        "servers: {a: {runtime: containerized, egress: {denyAllEgress: true, registries: [r.example.com]}}}",
        "values.yaml:1:63 servers.a.egress.denyAllEgress: denyAllEgress: true contradicts registries; remove denyAllEgress or the destinations [deny-all-with-destinations]",
    ),
    "denyAllEgress and cloudIdentity": (
        "cluster: {profile: gke}\nservers: {a: {runtime: containerized, egress: {denyAllEgress: true, cloudIdentity: true}}}",
        "values.yaml:2:63 servers.a.egress.denyAllEgress: denyAllEgress: true contradicts cloudIdentity; remove denyAllEgress or the destinations [deny-all-with-destinations]",
    ),
    "denyAllEgress and kubernetesAPI": (
        "cluster: {cidrs: {controlPlane: [10.0.0.1/32]}}\nservers: {a: {runtime: containerized, egress: {denyAllEgress: true, kubernetesAPI: true}}}",
        "values.yaml:2:63 servers.a.egress.denyAllEgress: denyAllEgress: true contradicts kubernetesAPI; remove denyAllEgress or the destinations [deny-all-with-destinations]",
    ),
    "denyAllEgress and dns": (
        "servers: {a: {runtime: containerized, egress: {denyAllEgress: true, dns: true}}}",
        "values.yaml:1:63 servers.a.egress.denyAllEgress: denyAllEgress: true contradicts dns: true; remove denyAllEgress or the destinations [deny-all-with-destinations]",
    ),
    "denyAllEgress and the stance internet": (
        "servers: {a: {runtime: containerized, egress: {denyAllEgress: true, default: internet}}}",
        "values.yaml:1:63 servers.a.egress.denyAllEgress: denyAllEgress: true contradicts default: internet; remove denyAllEgress or the destinations [deny-all-with-destinations]",
    ),
    "denyAllEgress and servers": (
        "servers: {a: {runtime: containerized}}\nworkloads: {b: {podSelector: {app: b}, egress: {denyAllEgress: true, servers: [a]}}}",
        "values.yaml:2:64 workloads.b.egress.denyAllEgress: denyAllEgress: true contradicts servers; remove denyAllEgress or the destinations [deny-all-with-destinations]",
    ),
    "denyAllEgress and everything": (
        "cluster: {profile: eks, cidrs: {controlPlane: [10.0.0.1/32]}}\nservers: {a: {runtime: containerized, egress: {denyAllEgress: true, domains: [a.example.com], cidrs: [{cidr: 10.0.0.0/8, ports: all}], registries: [b.example.com], cloudIdentity: true, kubernetesAPI: true, dns: true}}}",
        "values.yaml:2:63 servers.a.egress.denyAllEgress: denyAllEgress: true contradicts domains, cidrs, registries, cloudIdentity, kubernetesAPI, dns: true; remove denyAllEgress or the destinations [deny-all-with-destinations]",
    ),
    "domains with the stance internet": (
        "egress: {provider: aviatrix}\nservers: {a: {runtime: containerized, egress: {domains: [a.example.com], default: internet}}}",
        "values.yaml:2:83 servers.a.egress.default: a list of names and the stance internet contradict each other: internet is every public address; remove the names or default: internet [internet-with-domains]",
    ),
    "cloudIdentity on generic": (
        "servers: {a: {runtime: containerized, egress: {cloudIdentity: true}}}",
        "values.yaml:1:63 servers.a.egress.cloudIdentity: profile generic has no credential endpoint; list the domain of the identity service that the server calls under egress.domains [cloud-identity-none]",
    ),
    "cloudIdentity on aks": (
        "cluster: {profile: aks}\nservers: {a: {runtime: containerized, egress: {cloudIdentity: true}}}",
        "values.yaml:2:63 servers.a.egress.cloudIdentity: profile aks has no credential endpoint; list login.microsoftonline.com under egress.domains (AKS workload identity) [cloud-identity-none]",
    ),
    "cloudIdentity on openshift": (
        "cluster: {profile: openshift}\nservers: {a: {runtime: containerized, egress: {cloudIdentity: true}}}",
        "values.yaml:2:63 servers.a.egress.cloudIdentity: profile openshift has no credential endpoint; list sts.REGION.amazonaws.com (STS on AWS) or your cloud's token service under egress.domains [cloud-identity-none]",
    ),
    "cloudIdentity on k3s": (
        "cluster: {profile: k3s}\nservers: {a: {runtime: containerized, egress: {cloudIdentity: true}}}",
        "values.yaml:2:63 servers.a.egress.cloudIdentity: profile k3s has no credential endpoint; list the domain of the identity service that the server calls under egress.domains [cloud-identity-none]",
    ),
    "cloudIdentity on gke without IPv4": (
        "cluster: {profile: gke, ipFamilies: [IPv6]}\nservers: {a: {runtime: containerized, egress: {cloudIdentity: true}}}",
        "values.yaml:2:63 servers.a.egress.cloudIdentity: profile gke has no credential endpoint of the families in cluster.ipFamilies; add the family of the endpoint to cluster.ipFamilies, or remove cloudIdentity [cloud-identity-none]",
    ),
    "kubernetesAPI without controlPlane": (
        "servers: {a: {runtime: containerized, egress: {kubernetesAPI: true}}}",
        "values.yaml:1:63 servers.a.egress.kubernetesAPI: needs cluster.cidrs.controlPlane, which is empty; write the addresses that `kubectl get endpoints kubernetes` prints as /32 or /128 [kubernetes-api-unknown]",
    ),
    "a client that is pods and addresses": (
        "clients: {a: {namespace: a, cidrs: [10.0.0.0/8]}}",
        "values.yaml:1:11 clients.a: has a namespace and cidrs; declare two clients [client-both]",
    ),
    "a client that is nothing": (
        "clients: {a: {}}",
        "values.yaml:1:11 clients.a: has neither a namespace nor cidrs; write one of them [client-empty]",
    ),
    "a client that is an empty list": (
        "clients: {a: {cidrs: []}}",
        "values.yaml:1:15 clients.a.cidrs: lists no address; list at least one, or remove the client [client-empty]",
    ),
    "a client's labels without a namespace": (
        "clients: {a: {podSelector: {app: a}, cidrs: [10.0.0.0/8]}}",
        "values.yaml:1:11 clients.a: has a podSelector but no namespace; write the namespace of those pods [client-both]",
    ),
    "a client's callback to addresses": (
        "clients: {a: {cidrs: [10.0.0.0/8], callbackPort: 80}}",
        "values.yaml:1:50 clients.a.callbackPort: callbackPort is a pod port, and this client has cidrs; name the client by namespace and podSelector [client-callback]",
    ),
    "a DNS peer that is both": (
        "dns: {peers: [{cidr: 10.0.0.1/32, namespace: a}]}",
        "values.yaml:1:15 dns.peers[0]: a DNS peer has a cidr and a namespace or podSelector; write two peers: one with the cidr, one with namespace and podSelector [dns-peer]",
    ),
    "a DNS peer without labels": (
        "dns: {peers: [{namespace: a}]}",
        "values.yaml:1:15 dns.peers[0]: a DNS peer names neither a cidr nor both namespace and podSelector; write {namespace, podSelector} or {cidr} [dns-peer]",
    ),
    "keys of another runtime": (
        "servers: {a: {runtime: npx, uvxConfig: {package: a}}}",
        "values.yaml:1:29 servers.a.uvxConfig: uvxConfig does not belong to runtime npx; write npxConfig, or change the runtime [runtime-key]",
    ),
    "keys of hosted servers on a remote one": (
        "servers: {a: {runtime: remote, remoteConfig: {fixedURL: 'https://a.example.com'}, egress: {}, ingress: {}, podSelector: {app: a}}}",
        "values.yaml:1:83 servers.a.egress: a remote server has no pods here, so egress would fence nothing; remove it [runtime-key]",
        "values.yaml:1:95 servers.a.ingress: a remote server has no pods here, so ingress would fence nothing; remove it [runtime-key]",
        "values.yaml:1:108 servers.a.podSelector: a remote server has no pods here, so podSelector would fence nothing; remove it [runtime-key]",
    ),
    "egress of a composite": (
        "servers: {a: {runtime: composite, egress: {}}}",
        "values.yaml:1:35 servers.a.egress: a composite server has no pods here, so egress would fence nothing; remove it [runtime-key]",
    ),
    "a remote server nowhere": (
        "servers: {a: {runtime: remote}}",
        "values.yaml:1:11 servers.a.remoteConfig: does not say where the server runs; write exactly one of fixedURL, urlTemplate and hostname [remote-url]",
    ),
    "a remote server in two places": (
        "servers: {a: {runtime: remote, remoteConfig: {fixedURL: 'https://a.example.com', hostname: a.example.com}}}",
        "values.yaml:1:32 servers.a.remoteConfig: says more than once where the server runs; write exactly one of fixedURL, urlTemplate and hostname [remote-url]",
    ),
    "an empty image": (
        "servers: {a: {runtime: containerized, containerizedConfig: {image: ''}}}",
        "values.yaml:1:68 servers.a.containerizedConfig.image: image is empty; write the image that the server runs [text-empty]",
    ),
    "an empty package": (
        "servers: {a: {runtime: npx, npxConfig: {package: ' '}}}",
        "values.yaml:1:50 servers.a.npxConfig.package: package is empty; write the package that the server runs [text-empty]",
    ),
    "mode namespace on the fenced namespace": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: b, mode: namespace, ports: all}]}}}",
        "values.yaml:1:59 servers.a.egress.services[0]: mode namespace on mcpfence-mcp, the fenced namespace, would open every server in it; write mode: selector with the back-end's labels [service-own-namespace]",
    ),
    "mode cidr without cidrs": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: b, mode: cidr, ports: all}]}}}",
        "values.yaml:1:59 servers.a.egress.services[0]: mode cidr needs cidrs; list the addresses of the back-end [service-key]",
    ),
    "cidrs without mode cidr": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: b, cidrs: [10.0.0.0/8], ports: all}]}}}",
        "values.yaml:1:69 servers.a.egress.services[0].cidrs: cidrs does not belong to mode selector; write mode: cidr [service-key]",
    ),
    "podSelector in mode cidr": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: b, mode: cidr, cidrs: [10.0.0.0/8], podSelector: {app: b}, ports: all}]}}}",
        "values.yaml:1:102 servers.a.egress.services[0].podSelector: podSelector does not belong to mode cidr; write mode: selector [service-key]",
    ),
    "a service that nobody knows": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: b, namespace: c}]}}}",
        "values.yaml:1:59 servers.a.egress.services[0]: has no podSelector and ports, and Service c/b is not in the input; write podSelector and ports here (ports are pod ports, the Service's targetPort), or pass the Service with -f [service-unresolved]",
    ),
    "a service without ports that nobody knows": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: b, podSelector: {app: b}}]}}}",
        "values.yaml:1:59 servers.a.egress.services[0]: has no ports, and Service mcpfence-mcp/b is not in the input; write ports here (ports are pod ports, the Service's targetPort), or pass the Service with -f [service-unresolved]",
    ),
    "a service that selects a server": (
        "servers: {a: {runtime: containerized}}\nworkloads: {b: {podSelector: {app: b}, egress: {services: [{name: a, podSelector: {app: a}, ports: [80]}]}}}",
        'values.yaml:2:60 workloads.b.egress.services[0]: the service "a" selects pods of server a; declare the caller under clients, and name it in servers.a.ingress.from [service-selects-server]',
    ),
    "one back-end under two names": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: b, podSelector: {app: b}, ports: [80]}, {name: c, podSelector: {app: b}, ports: [80]}]}}}",
        'values.yaml:1:106 servers.a.egress.services[1]: services "b" and "c" select the same pods; use one name for one back-end [back-end-two-names]',
    ),
    "one name for two back-ends": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: b, podSelector: {app: b}, ports: [80]}, {name: b, podSelector: {app: c}, ports: [80]}]}}}",
        'values.yaml:1:106 servers.a.egress.services[1]: service "b" has two different podSelectors; use one name for one back-end [back-end-two-names]',
    ),
    "a registry with a namespace and addresses": (
        "servers: {a: {runtime: containerized, egress: {registries: [{name: b, namespace: c, addresses: [10.0.0.0/8]}]}}}",
        "values.yaml:1:61 servers.a.egress.registries[0]: is a service and has addresses; write mode: cidr with cidrs, or remove namespace and mode [registry-mixed]",
    ),
    "a registry by name with labels": (
        "egress: {provider: aviatrix}\nservers: {a: {runtime: containerized, egress: {registries: [{name: r.example.com, podSelector: {app: b}}]}}}",
        "values.yaml:2:61 servers.a.egress.registries[0]: is a name and has podSelector; write namespace or mode beside it [registry-mixed]",
    ),
    "a cidr of a service that is metadata": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: b, mode: cidr, cidrs: [169.254.169.254/32], ports: [80]}]}}}",
        "values.yaml:1:81 servers.a.egress.services[0].cidrs: 169.254.169.254/32 is nothing but a metadata endpoint, which no cidr opens; remove it, or write egress.cloudIdentity: true if the server needs its cloud identity [cidr-only-metadata]",
    ),
    "a cidr of a service that is mixed": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: b, mode: cidr, cidrs: [0.0.0.0/0], ports: [80]}]}}}",
        "values.yaml:1:81 servers.a.egress.services[0].cidrs: 0.0.0.0/0 holds public and blocked addresses; write egress.default: internet for every public address, or narrower cidrs that are one or the other [cidr-mixed]",
    ),
    "an empty selector": (
        "servers: {a: {runtime: containerized, podSelector: {}}}",
        "values.yaml:1:39 servers.a.podSelector: an empty selector selects every pod; write the labels of the pods [selector-empty]",
    ),
    "an empty selector in full form": (
        "servers: {a: {runtime: containerized, podSelector: {matchLabels: {}}}}",
        "values.yaml:1:39 servers.a.podSelector: an empty selector selects every pod; write the labels of the pods [selector-empty]",
    ),
    "an empty selector among several": (
        "servers: {a: {runtime: containerized, podSelector: [{app: a}, {}]}}",
        "values.yaml:1:63 servers.a.podSelector[1]: an empty selector selects every pod; write the labels of the pods [selector-empty]",
    ),
    "no selector of several": (
        "servers: {a: {runtime: containerized, podSelector: []}}",
        "values.yaml:1:39 servers.a.podSelector: is an empty list; list at least one entry, or remove the key [list-empty]",
    ),
    "an empty selector beside another server": (
        "servers: {a: {runtime: containerized}, b: {runtime: containerized, podSelector: {}}}",
        "values.yaml:1:68 servers.b.podSelector: an empty selector selects every pod; write the labels of the pods [selector-empty]",
    ),
    "an empty selector of a client": (
        "clients: {a: {namespace: a, podSelector: {}}}",
        "values.yaml:1:29 clients.a.podSelector: an empty selector selects every pod; write the labels of the pods [selector-empty]",
    ),
    "an empty selector of a workload": (
        "workloads: {a: {podSelector: {}}}",
        "values.yaml:1:17 workloads.a.podSelector: an empty selector selects every pod; write the labels of the pods [selector-empty]",
    ),
    "an empty selector of a service": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: b, podSelector: {}, ports: [80]}]}}}",
        "values.yaml:1:69 servers.a.egress.services[0].podSelector: an empty selector selects every pod; write the labels of the pods [selector-empty]",
    ),
    "an empty selector of a DNS peer": (
        "dns: {peers: [{namespace: a, podSelector: {}}]}",
        "values.yaml:1:30 dns.peers[0].podSelector: an empty selector selects every pod; write the labels of the pods [selector-empty]",
    ),
    "a label beside matchLabels": (
        "servers: {a: {runtime: containerized, podSelector: {matchLabels: {app: a}, tier: mcp}}}",
        'values.yaml:1:39 servers.a.podSelector: the label "tier" stands beside matchLabels or matchExpressions; write it under matchLabels [selector-mixed]',
    ),
    "In without values": (
        "servers: {a: {runtime: containerized, podSelector: {matchExpressions: [{key: a, operator: In}]}}}",
        "values.yaml:1:72 servers.a.podSelector.matchExpressions[0]: In needs values; list at least one [selector-values]",
    ),
    "Exists with values": (
        "servers: {a: {runtime: containerized, podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}}",
        "values.yaml:1:72 servers.a.podSelector.matchExpressions[0]: Exists takes no values; remove them [selector-values]",
    ),
    "a selector that no pod satisfies": (
        "servers: {a: {runtime: containerized, podSelector: {matchLabels: {app: a}, matchExpressions: [{key: app, operator: DoesNotExist}]}}}",
        "values.yaml:1:39 servers.a.podSelector: no pod can satisfy this selector; remove what contradicts [selector-contradiction]",
    ),
    "a label key with a space": (
        "servers: {a: {runtime: containerized, podSelector: {'a b': c}}}",
        'values.yaml:1:60 servers.a.podSelector["a b"]: "a b" is no label key; write NAME or PREFIX/NAME as Kubernetes has it [label-bad]',
    ),
    "a label value with a space": (
        "servers: {a: {runtime: containerized, podSelector: {app: 'a b'}}}",
        'values.yaml:1:58 servers.a.podSelector.app: "a b" is no label value; write at most 63 letters, digits, -, _ and . [label-bad]',
    ),
    "one label for two servers": (
        "servers: {a: {runtime: containerized}, b: {runtime: containerized, podSelector: {app: a}}}",
        "values.yaml:1:40 servers.b: server b (app=a) and server a (app=a) can select the same pod, which would add up what both may reach; give the podSelector of b another value of the label app than a [selector-overlap]",
    ),
    "two labels that can meet": (
        "servers: {a: {runtime: containerized, podSelector: {tier: mcp}}, b: {runtime: containerized}}",
        "values.yaml:1:66 servers.b: server b (app=b) and server a (tier=mcp) can select the same pod, which would add up what both may reach; give the podSelector of a the label app with another value than b [selector-overlap]",
    ),
    "two labels that can meet, without app": (
        "servers: {a: {runtime: containerized, podSelector: {tier: mcp}}, b: {runtime: containerized, podSelector: {zone: x}}}",
        "values.yaml:1:66 servers.b: server b (zone=x) and server a (tier=mcp) can select the same pod, which would add up what both may reach; give the podSelector of b the label tier with another value than mcp [selector-overlap]",
    ),
    "two sets of values that meet": (
        "servers: {a: {runtime: containerized, podSelector: {matchExpressions: [{key: t, operator: In, values: [a, b]}]}}, b: {runtime: containerized, podSelector: {matchExpressions: [{key: t, operator: In, values: [b, c]}]}}}",
        "values.yaml:1:115 servers.b: server b (t in (b,c)) and server a (t in (a,b)) can select the same pod, which would add up what both may reach; give both podSelectors one label with different values [selector-overlap]",
    ),
    "a workload on a server's pods": (
        "servers: {a: {runtime: containerized}}\nworkloads: {b: {podSelector: {app: a}}}",
        "values.yaml:2:13 workloads.b: workload b (app=a) and server a (app=a) can select the same pod, which would add up what both may reach; give the podSelector of b another value of the label app than a [selector-overlap]",
    ),
    "a back-end on a workload's pods": (
        "workloads: {a: {podSelector: {app: a}}, b: {podSelector: {app: b}, egress: {services: [{name: c, podSelector: {app: a, tier: db}, ports: [80]}]}}}",
        "values.yaml:1:88 workloads.b.egress.services[0]: service c (app=a,tier=db) and workload a (app=a) can select the same pod, which would add up what both may reach; write the podSelector of workload a here if it is that back-end; else give the podSelector of a the label tier with another value than db [selector-overlap]",
    ),
    "domains with provider none": (
        "servers: {a: {runtime: containerized, containerizedConfig: {egressDomains: [a.example.com]}}, b: {runtime: containerized, egress: {domains: [b.example.com]}}}",
        "egress.provider: NetworkPolicies know no host names, and these list some: server a, server b; write egress.provider: aviatrix, list addresses under egress.cidrs, or accept every public address with egress.unenforcedDomains: internet [domains-unenforced]",
    ),
    "registries by name with provider none": (
        "egress: {registries: {npx: [r.example.com]}}\nservers: {a: {runtime: npx}, b: {runtime: npx}, c: {runtime: containerized}}",
        "values.yaml:1:1 egress.provider: NetworkPolicies know no host names, and these list some: server a, server b; write egress.provider: aviatrix, list addresses under egress.cidrs, or accept every public address with egress.unenforcedDomains: internet [domains-unenforced]",
    ),
    "SCTP and expressions with aviatrix": (
        "egress: {provider: aviatrix}\nservers: {a: {runtime: containerized, egress: {cidrs: [{cidr: 10.0.0.0/8, ports: [1/SCTP]}]}}, b: {runtime: containerized, egress: {cidrs: [{cidr: 10.0.0.0/8, ports: [1/SCTP]}]}}, c: {runtime: containerized, podSelector: {matchExpressions: [{key: app, operator: In, values: [c]}]}}}",
        "values.yaml:1:20 egress.provider: provider aviatrix cannot express SCTP ports, which these need: server a, server b; change them, or the provider [provider-cannot]",
        "values.yaml:1:20 egress.provider: provider aviatrix cannot express matchExpressions in a podSelector, which these need: server c; change them, or the provider [provider-cannot]",
    ),
    "a service by expressions with aviatrix": (
        "egress: {provider: aviatrix}\nservers: {a: {runtime: containerized, egress: {services: [{name: b, namespace: c, podSelector: {matchExpressions: [{key: app, operator: Exists}]}, ports: [80]}]}}}",
        "values.yaml:2:11 servers.a: servers.a.egress.services[0] selects pods by matchExpressions, which no smart group has; write plain labels, or cluster.cidrs.pods to let the firewall pass those ports there [aviatrix-peer]",
    ),
    "a template as a server's name": (
        "servers: {'{{ .Values.name }}': {runtime: containerized}}",
        'values.yaml:1:11 servers["{{ .Values.name }}"]: "{{ .Values.name }}" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
    "a template as a namespace": (
        "mcpNamespace: {name: '{{ .Release.Name }}-mcp'}",
        'values.yaml:1:22 mcpNamespace.name: "{{ .Release.Name }}-mcp" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
    "a template as a client's namespace": (
        "clients: {a: {namespace: '{{ .Release.Namespace }}', podSelector: {app: a}}}",
        'values.yaml:1:26 clients.a.namespace: "{{ .Release.Namespace }}" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
    "a template as an image": (
        "servers: {a: {runtime: containerized, containerizedConfig: {image: '{{ .Values.image }}'}}}",
        'values.yaml:1:68 servers.a.containerizedConfig.image: "{{ .Values.image }}" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
    "a template as a package": (
        "servers: {a: {runtime: npx, npxConfig: {package: '${PACKAGE}'}}}",
        'values.yaml:1:50 servers.a.npxConfig.package: "${PACKAGE}" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
    "a template as a cidr": (
        "servers: {a: {runtime: containerized, egress: {cidrs: [{cidr: '{{ .Values.cidr }}', ports: all}]}}}",
        'values.yaml:1:63 servers.a.egress.cidrs[0].cidr: "{{ .Values.cidr }}" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
    "a template as a port": (
        "servers: {a: {runtime: containerized, egress: {cidrs: [{cidr: 10.0.0.0/8, ports: ['{{ .Values.port }}']}]}}}",
        'values.yaml:1:83 servers.a.egress.cidrs[0].ports[0]: "{{ .Values.port }}" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
    "a template as a label": (
        "servers: {a: {runtime: containerized, podSelector: {app: '{{ .Values.app }}', '{{ .Values.key }}': a}}}",
        'values.yaml:1:58 servers.a.podSelector.app: "{{ .Values.app }}" is a template expression that nothing has filled in; write the value itself [template-left]',
        'values.yaml:1:100 servers.a.podSelector["{{ .Values.key }}"]: "{{ .Values.key }}" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
    "a template as an address": (
        "dns: {clusterIP: ['{{ .Values.dns }}']}",
        'values.yaml:1:19 dns.clusterIP[0]: "{{ .Values.dns }}" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
    "a template as a service": (
        "servers: {a: {runtime: containerized, egress: {services: [{name: '{{ .Values.name }}', namespace: b, podSelector: {app: b}, ports: [80]}]}}}",
        'values.yaml:1:66 servers.a.egress.services[0].name: "{{ .Values.name }}" is a template expression that nothing has filled in; write the value itself [template-left]',
    ),
    "a template as a fixed URL": (
        "servers: {a: {runtime: remote, remoteConfig: {fixedURL: 'https://{{ .Values.host }}/mcp'}}}",
        "values.yaml:1:57 servers.a.remoteConfig.fixedURL: it is a template expression that nothing has filled in; write the value itself [template-left]",
    ),
    "a URL that no host can be told of": (
        "servers: {a: {runtime: remote, remoteConfig: {urlTemplate: 'https://${HOST}/mcp'}}, b: {runtime: remote, remoteConfig: {fixedURL: 'http:/b'}}, c: {runtime: remote, remoteConfig: {hostname: localhost}}, d: {runtime: remote, remoteConfig: {hostname: '*.co.uk'}}}\nworkloads: {w: {podSelector: {app: w}, egress: {servers: all}}}",
        "values.yaml:2:58 workloads.w.egress.servers: calls the remote server a, whose URL has a variable; write fixedURL with the full host name, or name the servers one by one and leave this one out [remote-host]",
        "values.yaml:2:58 workloads.w.egress.servers: calls the remote server b, whose host has a path; write fixedURL with the full host name, or name the servers one by one and leave this one out [remote-host]",
        'values.yaml:2:58 workloads.w.egress.servers: calls the remote server c, whose host "localhost" is the pod itself; write fixedURL with the full host name, or name the servers one by one and leave this one out [remote-host]',
        'values.yaml:2:58 workloads.w.egress.servers: calls the remote server d, whose host "*.co.uk" is a wildcard on a public suffix; write fixedURL with the full host name, or name the servers one by one and leave this one out [remote-host]',
    ),
    "several faults in several places": (
        "egress: {provider: aviatrix}\nclients: {c: {}}\nservers:\n  b: {runtime: containerized, egress: {domains: [https://x.example.com, y]}}\n  a: {runtime: containerized, containerizedConfig: {port: 0}}",
        "values.yaml:2:11 clients.c: has neither a namespace nor cidrs; write one of them [client-empty]",
        "values.yaml:5:59 servers.a.containerizedConfig.port: 0 is outside 1 to 65535; write a port of that range [port-bad]",
        'values.yaml:4:50 servers.b.egress.domains[0]: "https://x.example.com" has a scheme; write x.example.com [host-scheme]',
        'values.yaml:4:73 servers.b.egress.domains[1]: "y" is a single label; write a full name such as api.example.com, or list a service of the cluster under egress.services [host-single-label]',
    ),
}
