package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-network-policy-agent/api/v1alpha1"
	"github.com/aws/aws-network-policy-agent/pkg/fwruleprocessor"
	"github.com/aws/aws-network-policy-agent/pkg/utils"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Point is a protocol and a port, ["TCP", 443]; for ICMP the second is the type, which no rule looks at.
type Point struct {
	protocol int
	port     uint32
}

var protocols = map[string]int{
	"TCP": utils.TCP_PROTOCOL_NUMBER, "UDP": utils.UDP_PROTOCOL_NUMBER,
	"SCTP": utils.SCTP_PROTOCOL_NUMBER, "ICMP": utils.ICMP_PROTOCOL_NUMBER,
}

// UnmarshalJSON reads a pair.
func (p *Point) UnmarshalJSON(data []byte) error {
	var name string
	if err := json.Unmarshal(data, &[]any{&name, &p.port}); err != nil {
		return fmt.Errorf("%s is not a protocol with a port: %w", data, err)
	}
	found, known := protocols[name]
	if !known || p.port == 0 {
		return fmt.Errorf("%s is not a protocol with a port", data)
	}
	p.protocol = found
	return nil
}

// entries are one map of the data plane: what each prefix allows.  A pod without policies has none at all (nil).
type entries map[netip.Prefix][]byte

// allows looks one packet up: the longest prefix decides, and what no prefix holds is denied.
func (e entries) allows(address netip.Addr, point Point) bool {
	if e == nil {
		return true
	}
	for length := address.BitLen(); length >= 0; length-- {
		prefix, _ := address.Prefix(length)
		if value, known := e[prefix]; known {
			return passes(value, point)
		}
	}
	return false
}

// passes tries the entries of one prefix in turn, after evaluateNamespacePolicyByLookUp of the agent's program.
func passes(value []byte, point Point) bool {
	for ; len(value) >= 12; value = value[12:] {
		protocol := int(binary.LittleEndian.Uint32(value))
		start, end := binary.LittleEndian.Uint32(value[4:]), binary.LittleEndian.Uint32(value[8:])
		if protocol == utils.RESERVED_IP_PROTOCOL_NUMBER {
			return false
		}
		if protocol != utils.ANY_IP_PROTOCOL && protocol != point.protocol {
			continue
		}
		if start == 0 || point.port == start || (point.port > start && point.port <= end) {
			return true
		}
	}
	return false
}

// end is one side of a connection: a pod, or an address.
type end struct {
	pod     *pod
	address netip.Addr
}

func (c *cluster) end(text string) (end, error) {
	if one := c.pods[text]; one != nil {
		return end{pod: one}, nil
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		if strings.Contains(text, "/") {
			return end{}, fmt.Errorf("there is no pod %s", text)
		}
		return end{}, fmt.Errorf("%q is neither namespace/pod nor an address", text)
	}
	return end{address: address.Unmap()}, nil
}

// answer gives one verdict for each source, destination and point.
func (c *cluster) answer(question Question) (string, error) {
	var verdicts strings.Builder
	for _, source := range question.From {
		from, err := c.end(source)
		if err != nil {
			return "", err
		}
		for _, destination := range question.To {
			to, err := c.end(destination)
			if err != nil {
				return "", err
			}
			for _, point := range question.Points {
				out, err := c.side(from, to, networking.PolicyTypeEgress, point)
				if err != nil {
					return "", err
				}
				in, err := c.side(to, from, networking.PolicyTypeIngress, point)
				if err != nil {
					return "", err
				}
				verdicts.WriteByte(letters[out][in])
			}
		}
	}
	return verdicts.String(), nil
}

// letters of a verdict: by egress, then by ingress.
var letters = map[bool]map[bool]byte{true: {true: 'a', false: 'e'}, false: {true: 'i', false: 'n'}}

// side is what one end's own maps say of a peer; for pods of both families, which must agree.
func (c *cluster) side(me, peer end, direction networking.PolicyType, point Point) (bool, error) {
	if me.pod == nil {
		return true, nil
	}
	if peer.pod == nil {
		found, err := c.entries(me.pod, direction, peer.address.Is6())
		return found.allows(peer.address, point), err
	}
	old, err := c.entries(me.pod, direction, false)
	if err != nil {
		return false, err
	}
	new, err := c.entries(me.pod, direction, true)
	if err != nil {
		return false, err
	}
	first, second := old.allows(peer.pod.v4, point), new.allows(peer.pod.v6, point)
	if first != second {
		return false, errors.New("the maps of the two families differ on a pod")
	}
	return first, nil
}

// entries are the map that the agent would load for a pod.
func (c *cluster) entries(one *pod, direction networking.PolicyType, v6 bool) (entries, error) {
	key := fmt.Sprint(direction, v6)
	if found, known := one.maps[key]; known {
		return found, nil
	}
	rules, isolated, err := c.rules(one, direction, v6)
	if err != nil {
		return nil, err
	}
	var found entries
	if isolated {
		found = entries{}
	}
	if len(rules) > 0 {
		node, mask := nodeV4, "/32"
		if v6 {
			node, mask = nodeV6, "/128"
		}
		made, err := fwruleprocessor.NewFirewallRuleProcessor(node, mask, v6).ComputeMapEntriesFromEndpointRules(rules)
		if err != nil {
			return nil, err
		}
		for key, value := range made {
			address, _ := netip.AddrFromSlice([]byte(key[4:]))
			found[netip.PrefixFrom(address, int(binary.LittleEndian.Uint32([]byte(key))))] = value
		}
	}
	one.maps[key] = found
	return found, nil
}

// rules are what the controller would hand to the agent: every rule of the policies of a pod, with peers as addresses.
func (c *cluster) rules(
	me *pod, direction networking.PolicyType, v6 bool,
) (found []fwruleprocessor.EbpfFirewallRules, isolated bool, err error) {
	for _, one := range c.policies {
		selected, err := matches(&one.spec.PodSelector, me.object.Labels)
		if err != nil {
			return nil, false, err
		}
		if one.namespace != me.object.Namespace || !selected || !slices.Contains(one.spec.PolicyTypes, direction) {
			continue
		}
		isolated = true
		if direction == networking.PolicyTypeEgress {
			for _, rule := range one.spec.Egress {
				more, err := c.endpoints(one.namespace, rule.To, rule.Ports, v6)
				if err != nil {
					return nil, false, err
				}
				found = append(found, more...)
			}
			continue
		}
		for _, rule := range one.spec.Ingress {
			more, err := c.endpoints(one.namespace, rule.From, rule.Ports, v6)
			if err != nil {
				return nil, false, err
			}
			found = append(found, more...)
		}
	}
	return found, isolated, nil
}

// endpoints are one rule: a block as it is, a selector as the addresses of its pods.
func (c *cluster) endpoints(
	namespace string, peers []networking.NetworkPolicyPeer, written []networking.NetworkPolicyPort, v6 bool,
) ([]fwruleprocessor.EbpfFirewallRules, error) {
	var found []fwruleprocessor.EbpfFirewallRules
	add := func(cidr string, except []string, ports []v1alpha1.Port) {
		one := fwruleprocessor.EbpfFirewallRules{IPCidr: v1alpha1.NetworkAddress(cidr), L4Info: slices.Clone(ports)}
		for _, hole := range except {
			one.Except = append(one.Except, v1alpha1.NetworkAddress(hole))
		}
		found = append(found, one)
	}
	ports, err := portsOf(written)
	if err != nil {
		return nil, err
	}
	if len(peers) == 0 {
		add(map[bool]string{true: "::/0", false: "0.0.0.0/0"}[v6], nil, ports)
		return found, nil
	}
	for _, peer := range peers {
		if peer.IPBlock != nil {
			add(peer.IPBlock.CIDR, peer.IPBlock.Except, ports)
			continue
		}
		for _, one := range c.order {
			selected, err := c.selects(namespace, peer, one)
			if err != nil {
				return nil, err
			}
			if selected {
				add(map[bool]string{true: one.v6.String(), false: one.v4.String()}[v6], nil, ports)
			}
		}
	}
	return found, nil
}

func (c *cluster) selects(namespace string, peer networking.NetworkPolicyPeer, one *pod) (bool, error) {
	if peer.NamespaceSelector == nil && one.object.Namespace != namespace {
		return false, nil
	}
	if peer.NamespaceSelector != nil {
		if selected, err := matches(peer.NamespaceSelector, c.namespaces[one.object.Namespace]); err != nil || !selected {
			return false, err
		}
	}
	if peer.PodSelector == nil {
		return true, nil
	}
	return matches(peer.PodSelector, one.object.Labels)
}

func matches(selector *meta.LabelSelector, found map[string]string) (bool, error) {
	read, err := meta.LabelSelectorAsSelector(selector)
	return err == nil && read.Matches(labels.Set(found)), err
}

func portsOf(written []networking.NetworkPolicyPort) ([]v1alpha1.Port, error) {
	var found []v1alpha1.Port
	for _, one := range written {
		port := v1alpha1.Port{Protocol: one.Protocol, EndPort: one.EndPort}
		if one.Port != nil {
			if one.Port.StrVal != "" {
				return nil, fmt.Errorf("port %s is a name, which the controller resolves", one.Port.StrVal)
			}
			port.Port = &one.Port.IntVal
		}
		found = append(found, port)
	}
	return found, nil
}
