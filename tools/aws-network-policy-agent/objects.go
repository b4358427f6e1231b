package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	strictjson "sigs.k8s.io/json"
)

// policy is a NetworkPolicy, or the part of an ApplicationNetworkPolicy that speaks of addresses and pods.
type policy struct {
	namespace string
	spec      networking.NetworkPolicySpec
}

// pod has an address of each family.
type pod struct {
	object *core.Pod
	v4, v6 netip.Addr
	maps   map[string]entries // by direction and family
}

// cluster is what one request describes.
type cluster struct {
	namespaces map[string]labels.Set
	pods       map[string]*pod
	order      []*pod
	policies   []policy
}

// Pods stand where hardly any policy's block does; the node is none of the addresses that are asked about.
var (
	firstV4 = netip.MustParseAddr("10.250.0.1")
	firstV6 = netip.MustParseAddr("fd7f:c8::1")
	nodeV4  = "10.251.255.254"
	nodeV6  = "fd7f:c8:ffff::fffe"
)

// strictly decodes JSON as the API server does with strict field validation: no unknown and no duplicate field.
func strictly(data []byte, into any) error {
	faults, err := strictjson.UnmarshalStrict(data, into)
	return errors.Join(append([]error{err}, faults...)...)
}

// read sorts and parses the objects of a request; nothing is passed over.
func read(documents []json.RawMessage) (*cluster, error) {
	found := &cluster{namespaces: map[string]labels.Set{}, pods: map[string]*pod{}}
	seen := map[string]bool{}
	v4, v6 := firstV4, firstV6
	for _, document := range documents {
		var head meta.PartialObjectMetadata
		if err := json.Unmarshal(document, &head); err != nil {
			return found, fmt.Errorf("object: %w", err)
		}
		title := fmt.Sprintf("%s %s/%s", head.Kind, head.Namespace, head.Name)
		if seen[title] {
			return found, fmt.Errorf("%s stands twice", title)
		}
		seen[title] = true
		var err error
		switch kind := head.APIVersion + " " + head.Kind; kind {
		case "v1 Namespace":
			set := labels.Set{}
			maps.Copy(set, head.Labels)
			set["kubernetes.io/metadata.name"] = head.Name
			found.namespaces[head.Name] = set
		case "v1 Pod":
			one := &pod{object: &core.Pod{}, v4: v4, v6: v6, maps: map[string]entries{}}
			if err = json.Unmarshal(document, one.object); err == nil {
				found.pods[one.object.Namespace+"/"+one.object.Name] = one
				found.order = append(found.order, one)
				v4, v6 = v4.Next(), v6.Next()
			}
		case "networking.k8s.io/v1 NetworkPolicy":
			err = found.networkPolicy(document)
		case "networking.k8s.aws/v1alpha1 ApplicationNetworkPolicy":
			err = found.applicationPolicy(document)
		default:
			err = fmt.Errorf("%q is not a kind that is judged here", kind)
		}
		if err != nil {
			return found, fmt.Errorf("%s: %w", title, err)
		}
	}
	for _, one := range found.order {
		if name := one.object.Namespace; found.namespaces[name] == nil {
			found.namespaces[name] = labels.Set{"kubernetes.io/metadata.name": name}
		}
	}
	return found, nil
}

func (c *cluster) networkPolicy(document []byte) error {
	found := &networking.NetworkPolicy{}
	if err := strictly(document, found); err != nil {
		return err
	}
	return c.add(found.Namespace, found.Spec)
}

func (c *cluster) add(namespace string, spec networking.NetworkPolicySpec) error {
	if namespace == "" {
		return errors.New("has no namespace")
	}
	if len(spec.PolicyTypes) == 0 {
		return errors.New("has no policyTypes")
	}
	c.policies = append(c.policies, policy{namespace, spec})
	return nil
}

// applicationNetworkPolicy has the fields of the kind's CRD.
type applicationNetworkPolicy struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`
	Spec            struct {
		PodSelector meta.LabelSelector                    `json:"podSelector"`
		PolicyTypes []networking.PolicyType               `json:"policyTypes"`
		Ingress     []networking.NetworkPolicyIngressRule `json:"ingress"`
		Egress      []struct {
			Ports []networking.NetworkPolicyPort `json:"ports"`
			To    []struct {
				networking.NetworkPolicyPeer `json:",inline"`
				DomainNames                  []string `json:"domainNames"`
			} `json:"to"`
		} `json:"egress"`
	} `json:"spec"`
}

// applicationPolicy leaves out the peers that are host names, and rules without any other peer.
func (c *cluster) applicationPolicy(document []byte) error {
	found := &applicationNetworkPolicy{}
	if err := strictly(document, found); err != nil {
		return err
	}
	spec := networking.NetworkPolicySpec{
		PodSelector: found.Spec.PodSelector, PolicyTypes: found.Spec.PolicyTypes, Ingress: found.Spec.Ingress,
	}
	for index, rule := range found.Spec.Egress {
		if len(rule.To) == 0 {
			return fmt.Errorf("spec.egress[%d] has no peers, and what it means is not stated", index)
		}
		kept := networking.NetworkPolicyEgressRule{Ports: rule.Ports}
		for _, peer := range rule.To {
			if len(peer.DomainNames) == 0 {
				kept.To = append(kept.To, peer.NetworkPolicyPeer)
			}
		}
		if len(kept.To) > 0 {
			spec.Egress = append(spec.Egress, kept)
		}
	}
	return c.add(found.Namespace, spec)
}
