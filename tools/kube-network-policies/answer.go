package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	_ "unsafe" // for go:linkname

	"golang.org/x/net/dns/dnsmessage"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/dns"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	npa "sigs.k8s.io/kube-network-policies/plugins/npa-v1alpha2"
	policy "sigs.k8s.io/network-policy-api/apis/v1alpha2"
)

// Point is a protocol and a port, ["TCP", 443]; for ICMP the second does not count.
type Point struct {
	protocol core.Protocol
	port     int
}

// UnmarshalJSON reads a pair.
func (p *Point) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &[]any{&p.protocol, &p.port}); err != nil {
		return fmt.Errorf("%s is not a protocol with a port: %w", data, err)
	}
	switch p.protocol {
	case core.ProtocolTCP, core.ProtocolUDP, core.ProtocolSCTP:
		if p.port < 1 || p.port > 65535 {
			return fmt.Errorf("%s has no port", data)
		}
	case "ICMP", "ICMPv6":
		p.port = 0
	default:
		return fmt.Errorf("%s: unknown protocol", data)
	}
	return nil
}

// learn is the engine's own reading of a DNS answer, which it calls for each packet from port 53.
//
//go:linkname learn sigs.k8s.io/kube-network-policies/pkg/dns.(*DomainCache).handleDNSPacket
func learn(cache *dns.DomainCache, ctx context.Context, packet network.Packet)

// letters of a verdict: by egress, then by ingress.
var letters = map[bool]map[bool]byte{true: {true: 'a', false: 'e'}, false: {true: 'i', false: 'n'}}

// answer gives one verdict for each source, destination and point.
func (c *cluster) answer(question Question) (Answer, error) {
	if len(question.Lookups) > 0 {
		return Answer{}, errors.New("question: this engine has no proxy that could be asked to look names up")
	}
	names := dns.NewDomainCache(0)
	evaluators := c.evaluators(names)
	if question.Name != "" {
		if err := c.resolve(names, question.Name, question.To); err != nil {
			return Answer{}, err
		}
	}
	var verdicts strings.Builder
	for _, source := range question.From {
		for _, destination := range question.To {
			from, err := c.end(source)
			if err != nil {
				return Answer{}, err
			}
			to, err := c.end(destination)
			if err != nil {
				return Answer{}, err
			}
			for _, point := range question.Points {
				letter, err := c.verdict(evaluators, from, to, point)
				if err != nil {
					return Answer{}, err
				}
				verdicts.WriteByte(letter)
			}
		}
	}
	return Answer{Verdicts: verdicts.String()}, nil
}

// evaluators in the order in which the engine's own command asks them.
func (c *cluster) evaluators(names *dns.DomainCache) []api.PolicyEvaluator {
	informer, nodes := c.policies.Policy().V1alpha2().ClusterNetworkPolicies(), c.core.Core().V1().Nodes().Lister()
	return []api.PolicyEvaluator{
		npa.NewClusterNetworkPolicy(policy.AdminTier, informer, names, nodes),
		c.standard,
		npa.NewClusterNetworkPolicy(policy.BaselineTier, informer, names, nodes),
	}
}

// end is the address of a pod, or an address itself.
func (c *cluster) end(text string) (net.IP, error) {
	if pod := c.ends[text]; pod != nil {
		return net.ParseIP(pod.Status.PodIP), nil
	}
	if found, err := netip.ParseAddr(text); err == nil {
		return net.IP(found.AsSlice()), nil
	}
	return nil, fmt.Errorf("question: %q is neither a pod nor an address", text)
}

func (c *cluster) verdict(evaluators []api.PolicyEvaluator, from, to net.IP, point Point) (byte, error) {
	family := core.IPv6Protocol
	if to.To4() != nil {
		family = core.IPv4Protocol
	}
	packet := &network.Packet{
		Family: family, SrcIP: from, DstIP: to, Proto: point.protocol, SrcPort: 40000, DstPort: point.port,
	}
	source, _ := c.pods.GetPodInfoByIP(from.String())
	destination, _ := c.pods.GetPodInfoByIP(to.String())
	sides := [2]bool{true, true}
	for side := range sides {
		for _, evaluator := range evaluators {
			ask := evaluator.EvaluateEgress
			if side == 1 {
				ask = evaluator.EvaluateIngress
			}
			verdict, err := ask(context.Background(), packet, source, destination)
			if err != nil {
				return 0, err
			}
			if verdict != api.VerdictNext {
				sides[side] = verdict == api.VerdictAccept
				break
			}
		}
	}
	return letters[sides[0]][sides[1]], nil
}

// resolve lets the engine learn from DNS answers that a name has these addresses.
func (c *cluster) resolve(names *dns.DomainCache, name string, addresses []string) error {
	for _, text := range addresses {
		address, err := c.end(text)
		if err != nil {
			return err
		}
		payload, err := dnsAnswer(name, address)
		if err != nil {
			return fmt.Errorf("name %q: %w", name, err)
		}
		learn(names, context.Background(), network.Packet{Proto: core.ProtocolUDP, SrcPort: 53, Payload: payload})
	}
	return nil
}

func dnsAnswer(name string, address net.IP) ([]byte, error) {
	full, err := dnsmessage.NewName(strings.TrimSuffix(name, ".") + ".")
	if err != nil {
		return nil, err
	}
	question := dnsmessage.Question{Name: full, Type: dnsmessage.TypeAAAA, Class: dnsmessage.ClassINET}
	header := dnsmessage.ResourceHeader{Name: full, Class: dnsmessage.ClassINET, TTL: 300}
	resource := dnsmessage.Resource{Header: header}
	if short := address.To4(); short != nil {
		question.Type = dnsmessage.TypeA
		resource.Body = &dnsmessage.AResource{A: [4]byte(short)}
	} else {
		resource.Body = &dnsmessage.AAAAResource{AAAA: [16]byte(address.To16())}
	}
	message := dnsmessage.Message{
		Header:    dnsmessage.Header{Response: true},
		Questions: []dnsmessage.Question{question},
		Answers:   []dnsmessage.Resource{resource},
	}
	return message.Pack()
}
