package main

import (
	"fmt"
	"net/netip"

	"github.com/cilium/cilium/pkg/fqdn/dnsproxy"
	"github.com/cilium/cilium/pkg/fqdn/restore"
	"github.com/cilium/cilium/pkg/policy"
)

// Letters of a lookup.
const (
	shut    = 'n' // the port of the resolver is not open
	refused = 'r' // the DNS proxy answers itself, and refuses
	passed  = 'y' // the DNS proxy passes the query on, and learns from the answer
	unseen  = 'u' // the query goes past the proxy: every name is answered, and none is learnt
)

// lookup asks whether a pod may ask a resolver for a name: the verdict on the port, then the real check of the DNS proxy.
func (c *cluster) lookup(me end, resolver end, point Point, name string) (byte, error) {
	if me.endpoint == nil || me.endpoint.host {
		return unseen, nil
	}
	found, err := c.policyOf(me.endpoint)
	if err != nil {
		return 0, err
	}
	key := policy.EgressKey().WithIdentity(resolver.identity).WithPortProto(point.protocol, point.port)
	entry, _, _ := found.Lookup(key)
	if entry.IsDeny() {
		return shut, nil
	}
	if !entry.IsRedirectEntry() {
		return unseen, nil
	}
	where := restore.MakeV2PortProto(point.port, point.protocol)
	allowed, err := c.proxy.CheckAllowed(me.endpoint.number, where, resolver.identity, netip.IPv4Unspecified(), name)
	if err != nil {
		return 0, err
	}
	if allowed {
		return passed, nil
	}
	return refused, nil
}

// teach gives the DNS proxy an endpoint's rules, port by port, as the agent does when it makes the redirects.
func (c *cluster) teach(one *endpoint, selected policy.SelectorPolicy) error {
	for filter, rule := range selected.RedirectFilters() {
		if rule.Policy.L7Parser != policy.ParserTypeDNS {
			continue
		}
		for _, port := range portsOf(selected, filter, one) {
			where := restore.MakeV2PortProto(port, filter.U8Proto)
			if _, err := c.proxy.UpdateAllowed(one.number, where, filter.GetPerSelectorPolicies()); err != nil {
				return fmt.Errorf("DNS proxy: %w", err)
			}
		}
	}
	return nil
}

// newProxy is a proxy that listens nowhere and is only asked what it would let through.
func (e *engine) newProxy() *dnsproxy.DNSProxy {
	return dnsproxy.NewDNSProxy(dnsproxy.DNSProxyConfig{Logger: e.log, IPv4: true, IPv6: true}, nil, nil)
}
