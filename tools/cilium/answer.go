package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/u8proto"
)

const redirectPort = 10001 // any port will do: what is redirected to a proxy is allowed as far as addresses and ports go

// Point is a protocol and a port, ["TCP", 443]; for ICMP and ICMPv6 the second is the type.
type Point struct {
	protocol u8proto.U8proto
	port     uint16
}

// UnmarshalJSON reads a pair.
func (p *Point) UnmarshalJSON(data []byte) error {
	var protocol string
	if err := json.Unmarshal(data, &[]any{&protocol, &p.port}); err != nil {
		return fmt.Errorf("%s is not a protocol with a port: %w", data, err)
	}
	found, err := u8proto.ParseProtocol(protocol)
	p.protocol = found
	if err == nil && p.port == 0 {
		err = fmt.Errorf("%s has no port", data)
	}
	return err
}

// end is one side of a connection.
type end struct {
	identity identity.NumericIdentity
	endpoint *endpoint // nil for an address
}

func (c *cluster) end(text, name string) end {
	if one := c.endpoints[text]; one != nil {
		return end{one.identity.ID, one}
	}
	address, _ := netip.ParseAddr(text) // checked when the identities were made
	return end{c.peers[address.String()+" "+name].ID, nil}
}

// letters of a verdict: by egress, then by ingress.
var letters = map[bool]map[bool]byte{true: {true: 'a', false: 'e'}, false: {true: 'i', false: 'n'}}

// answer gives one verdict for each source, destination and point.
func (c *cluster) answer(question Question) (Answer, error) {
	var verdicts strings.Builder
	var lookups strings.Builder
	answer := Answer{}
	rows := map[string][]side{}
	for _, source := range question.From {
		from := c.end(source, "")
		for _, destination := range question.To {
			to := c.end(destination, question.Name)
			out, err := c.row(rows, from, to.identity, false, question.Points)
			if err != nil {
				return answer, err
			}
			in, err := c.row(rows, to, from.identity, true, question.Points)
			if err != nil {
				return answer, err
			}
			for index := range question.Points {
				verdicts.WriteByte(letters[out[index].allows][in[index].allows])
				if question.Explain {
					answer.Reasons = append(answer.Reasons, Reasons{origins(out[index].meta), origins(in[index].meta)})
				}
			}
			for _, point := range question.Points {
				for _, name := range question.Lookups {
					letter, err := c.lookup(from, to, point, name)
					if err != nil {
						return answer, err
					}
					lookups.WriteByte(letter)
				}
			}
		}
	}
	answer.Verdicts, answer.Lookups = verdicts.String(), lookups.String()
	return answer, nil
}

// side is what one end's own policies say of one point, and which of them say so.
type side struct {
	allows bool
	meta   policy.RuleMeta
}

// row has one end's word on every point with a peer, looked up once for all peers of one identity.
func (c *cluster) row(
	known map[string][]side, me end, peer identity.NumericIdentity, ingress bool, points []Point,
) ([]side, error) {
	key := "" // ends without policies of their own
	if me.endpoint != nil && !me.endpoint.host {
		key = fmt.Sprint(me.endpoint.number, peer, ingress)
	}
	if found, ok := known[key]; ok {
		return found, nil
	}
	found := make([]side, len(points))
	for index, point := range points {
		one, err := c.side(me, peer, ingress, point)
		if err != nil {
			return nil, err
		}
		found[index] = one
	}
	known[key] = found
	return found, nil
}

// side asks the policies of one end about a peer and a point.
func (c *cluster) side(me end, peer identity.NumericIdentity, ingress bool, point Point) (side, error) {
	if me.endpoint == nil || me.endpoint.host {
		return side{allows: true}, nil
	}
	found, err := c.policyOf(me.endpoint)
	if err != nil {
		return side{}, err
	}
	key := policy.EgressKey()
	if ingress {
		key = policy.IngressKey()
	}
	entry, meta, _ := found.Lookup(key.WithIdentity(peer).WithPortProto(point.protocol, point.port))
	return side{!entry.IsDeny(), meta}, nil
}

// policyOf resolves an endpoint's policy, as the agent does when it programs the data plane.
func (c *cluster) policyOf(one *endpoint) (*policy.EndpointPolicy, error) {
	if one.policy != nil {
		return one.policy, nil
	}
	selected, err := c.selected(one.identity, one.number)
	if err != nil {
		return nil, err
	}
	if err := c.teach(one, selected); err != nil {
		return nil, err
	}
	one.policy = selected.DistillPolicy(c.log, one.owner, redirectsOf(selected, one))
	return one.policy, nil
}

// origins are the policies that a verdict derives from, sorted; none where none speaks of it.
func origins(meta policy.RuleMeta) []string {
	found := []string{}
	for _, rule := range meta.LabelArray() {
		get := func(key string) string { return rule.Get(labels.LabelSourceK8sKeyPrefix + key) }
		kind, name := get(ciliumio.PolicyLabelDerivedFrom), get(ciliumio.PolicyLabelName)
		if name == "" {
			continue // not a policy: the engine's own reason, such as "allow-any-egress"
		}
		if namespace := get(ciliumio.PolicyLabelNamespace); namespace != "" {
			name = namespace + "/" + name
		}
		found = append(found, kind+" "+name)
	}
	slices.Sort(found)
	return slices.Compact(found)
}
