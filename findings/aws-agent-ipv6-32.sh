#!/bin/sh
# aws-network-policy-agent 1.5.0 takes an IPv6 block of /32 for a single host: its test for that looks at the figure
# behind the slash and not at the family.  What such a block opens is therefore missing for narrower blocks inside it,
# for which another rule opens something else; with a /31 or a /33 around, and with IPv4, it is added to them.
#
#     allow fd00:1::/32 port 53, allow fd00:1::/48 port 443    entry of the /48: 443          (53 is closed there)
#     allow fd00:1::/31 port 53, allow fd00:1::/48 port 443    entry of the /48: 443 and 53
#
# NetworkPolicies add up, so both ports should be open in the /48 each time.
# Needs Go, and its module proxy. Exits with 1 if what is stated here is no longer so.
set -eu

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
mkdir "$folder/absent"
cd "$folder"
# The agent's own tests alone import it, and the module proxy does not serve it.
printf 'module github.com/aws/amazon-network-policy-controller-k8s\n' > absent/go.mod
cat > main.go <<'GO'
package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/aws/aws-network-policy-agent/api/v1alpha1"
	"github.com/aws/aws-network-policy-agent/pkg/fwruleprocessor"
	"github.com/aws/aws-network-policy-agent/pkg/logger"
	core "k8s.io/api/core/v1"
)

func rule(block string, port int32) fwruleprocessor.EbpfFirewallRules {
	protocol := core.ProtocolTCP
	return fwruleprocessor.EbpfFirewallRules{
		IPCidr: v1alpha1.NetworkAddress(block), L4Info: []v1alpha1.Port{{Protocol: &protocol, Port: &port}},
	}
}

// ports are those of the entry of a block: twelve bytes each, protocol, first and last port.
func ports(value []byte) (found []uint32) {
	for start := 0; start+12 <= len(value); start += 12 {
		if port := binary.LittleEndian.Uint32(value[start+4:]); port != 0 {
			found = append(found, port)
		}
	}
	return found
}

func main() {
	logger.New("fatal", "", 1, 1)
	for _, around := range []string{"fd00:1::/32", "fd00:1::/31", "fd00:1::/33"} {
		made, err := fwruleprocessor.NewFirewallRuleProcessor("2001:db8::1", "/128", true).
			ComputeMapEntriesFromEndpointRules([]fwruleprocessor.EbpfFirewallRules{rule(around, 53), rule("fd00:1::/48", 443)})
		if err != nil {
			panic(err)
		}
		for key, value := range made {
			address, _ := netip.AddrFromSlice([]byte(key[4:]))
			if length := binary.LittleEndian.Uint32([]byte(key)); length == 48 {
				fmt.Println(around, "around", netip.PrefixFrom(address, int(length)), ports(value))
			}
		}
	}
}
GO
export GOTOOLCHAIN=go1.27.3 GOFLAGS=-mod=mod   # what the agent asks for
go mod init finding 2>/dev/null
go mod edit -replace github.com/aws/amazon-network-policy-controller-k8s=./absent \
    -require github.com/aws/aws-network-policy-agent@v1.5.0 -require k8s.io/api@v0.37.2
said=$(go run . 2>go.log | sort) || { cat go.log >&2; exit 1; }
[ -n "$said" ] || cat go.log >&2
echo "$said"
if [ "$said" != "fd00:1::/31 around fd00:1::/48 [443 53]
fd00:1::/32 around fd00:1::/48 [443]
fd00:1::/33 around fd00:1::/48 [443 53]" ]; then
    echo "what is stated above is no longer so" >&2
    exit 1
fi
