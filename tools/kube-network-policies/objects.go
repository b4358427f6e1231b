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
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	strictjson "sigs.k8s.io/json"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo"
	policy "sigs.k8s.io/network-policy-api/apis/v1alpha2"
	policyinformers "sigs.k8s.io/network-policy-api/pkg/client/informers/externalversions"
)

const (
	oldVersion = "policy.networking.k8s.io/v1alpha2"
	newVersion = "policy.networking.k8s.io/v1beta1" // the same fields; the engine reads the older one
)

// cluster is the state of one request: informers that never run, their indexers filled by hand.
type cluster struct {
	core     informers.SharedInformerFactory
	policies policyinformers.SharedInformerFactory
	standard api.PolicyEvaluator
	pods     *podinfo.InformerProvider
	ends     map[string]*core.Pod // by "namespace/name"
	seen     map[string]bool
	next     netip.Addr // what a pod without address gets: a range that no catalog lists
}

func newCluster(documents []json.RawMessage) (*cluster, error) {
	c := &cluster{
		core:     informers.NewSharedInformerFactory(nil, 0),
		policies: policyinformers.NewSharedInformerFactory(nil, 0),
		ends:     map[string]*core.Pod{},
		seen:     map[string]bool{},
		next:     netip.MustParseAddr("198.18.0.1"),
	}
	pods, spaces := c.core.Core().V1().Pods(), c.core.Core().V1().Namespaces()
	resolver, err := podinfo.NewInformerResolver(pods.Informer())
	if err != nil {
		return nil, err
	}
	nodes := c.core.Core().V1().Nodes()
	c.pods = podinfo.NewInformerProvider(pods, spaces, nodes, []podinfo.IPResolver{resolver})
	c.standard = networkpolicy.NewStandardNetworkPolicy("", spaces, pods, c.core.Networking().V1().NetworkPolicies())
	for _, document := range documents {
		if err := c.add(document); err != nil {
			return nil, err
		}
	}
	for _, pod := range c.ends {
		if err := c.addNamespace(pod.Namespace); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// strictly decodes JSON as the API server does with strict field validation: no unknown and no duplicate field.
func strictly(data []byte, into any) error {
	faults, err := strictjson.UnmarshalStrict(data, into)
	return errors.Join(append([]error{err}, faults...)...)
}

func (c *cluster) add(document []byte) error {
	var head meta.PartialObjectMetadata
	if err := json.Unmarshal(document, &head); err != nil {
		return fmt.Errorf("object: %w", err)
	}
	title := fmt.Sprintf("%s %s/%s", head.Kind, head.Namespace, head.Name)
	if c.seen[title] {
		return fmt.Errorf("%s stands twice", title)
	}
	c.seen[title] = true
	read, known := map[string]func([]byte) error{
		"v1 Namespace":                       c.namespace,
		"v1 Pod":                             c.pod,
		"v1 Node":                            c.node,
		"networking.k8s.io/v1 NetworkPolicy": c.networkPolicy,
		oldVersion + " ClusterNetworkPolicy": c.clusterPolicy,
		newVersion + " ClusterNetworkPolicy": c.clusterPolicy,
	}[head.APIVersion+" "+head.Kind]
	if !known {
		return fmt.Errorf("%s: %q is not a kind that is judged here", title, head.APIVersion+" "+head.Kind)
	}
	if err := read(document); err != nil {
		return fmt.Errorf("%s: %w", title, err)
	}
	return nil
}

func (c *cluster) namespace(document []byte) error {
	found := &core.Namespace{}
	if err := strictly(document, found); err != nil {
		return err
	}
	labels := maps.Clone(found.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[core.LabelMetadataName] = found.Name // the API server gives it to every namespace
	found.Labels = labels
	return c.core.Core().V1().Namespaces().Informer().GetIndexer().Add(found)
}

// addNamespace makes the namespace of a pod that came without one.
func (c *cluster) addNamespace(name string) error {
	_, known, err := c.core.Core().V1().Namespaces().Informer().GetIndexer().GetByKey(name)
	if err != nil || known {
		return err
	}
	return c.namespace(fmt.Appendf(nil, `{"metadata": {"name": %q}}`, name))
}

func (c *cluster) node(document []byte) error {
	found := &core.Node{}
	if err := strictly(document, found); err != nil {
		return err
	}
	return c.core.Core().V1().Nodes().Informer().GetIndexer().Add(found)
}

func (c *cluster) pod(document []byte) error {
	found := &core.Pod{}
	if err := strictly(document, found); err != nil {
		return err
	}
	for i := range found.Spec.Containers {
		for j := range found.Spec.Containers[i].Ports {
			if port := &found.Spec.Containers[i].Ports[j]; port.Protocol == "" {
				port.Protocol = core.ProtocolTCP
			}
		}
	}
	if len(found.Status.PodIPs) == 0 {
		found.Status.PodIPs = []core.PodIP{{IP: c.next.String()}}
		c.next = c.next.Next()
	}
	found.Status.PodIP = found.Status.PodIPs[0].IP
	found.Status.Phase = core.PodRunning
	c.ends[found.Namespace+"/"+found.Name] = found
	return c.core.Core().V1().Pods().Informer().GetIndexer().Add(found)
}

func (c *cluster) networkPolicy(document []byte) error {
	found := &networking.NetworkPolicy{}
	if err := strictly(document, found); err != nil {
		return err
	}
	if found.Namespace == "" {
		return errors.New("has no namespace")
	}
	spec := &found.Spec
	if len(spec.PolicyTypes) == 0 {
		spec.PolicyTypes = []networking.PolicyType{networking.PolicyTypeIngress}
		if len(spec.Egress) > 0 {
			spec.PolicyTypes = append(spec.PolicyTypes, networking.PolicyTypeEgress)
		}
	}
	// On the wire an empty list is none; the evaluator takes one that is there and empty for a rule that allows all.
	if len(spec.Ingress) == 0 {
		spec.Ingress = nil
	}
	if len(spec.Egress) == 0 {
		spec.Egress = nil
	}
	for i := range spec.Ingress {
		defaultProtocols(spec.Ingress[i].Ports)
	}
	for i := range spec.Egress {
		defaultProtocols(spec.Egress[i].Ports)
	}
	return c.core.Networking().V1().NetworkPolicies().Informer().GetIndexer().Add(found)
}

func defaultProtocols(ports []networking.NetworkPolicyPort) {
	for i := range ports {
		if ports[i].Protocol == nil {
			protocol := core.ProtocolTCP
			ports[i].Protocol = &protocol
		}
	}
}

func (c *cluster) clusterPolicy(document []byte) error {
	found := &policy.ClusterNetworkPolicy{}
	if err := strictly(document, found); err != nil {
		return err
	}
	if found.Namespace != "" {
		return errors.New("is cluster-wide and has a namespace")
	}
	return c.indexer().Add(found)
}

func (c *cluster) indexer() cache.Indexer {
	return c.policies.Policy().V1alpha2().ClusterNetworkPolicies().Informer().GetIndexer()
}
