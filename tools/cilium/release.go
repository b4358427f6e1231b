package main

// What differs from one release of the engine to the next: tools/cilium-1.19 has its own of this file and of owner.go, and
// shares the rest.

import (
	"errors"
	"maps"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	slimcore "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	ciliumtypes "github.com/cilium/cilium/pkg/types"
	policyapi "sigs.k8s.io/network-policy-api/apis/v1alpha2"
)

// allowLocalhost is what the agent makes of "auto" on Kubernetes: a node always reaches its own pods.
func allowLocalhost() {
	option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
}

// metadataOf has a pod's named ports and the labels that it is selected by.
func (c *cluster) metadataOf(namespace *slimcore.Namespace, pod *slimcore.Pod) (ciliumtypes.NamedPortMap, map[string]string) {
	return k8s.GetPodMetadata(c.log, namespace, pod)
}

// addPorts gives the identity of a new pod the labels that the agent makes of its named ports, so that pods whose ports
// differ are told apart.
func addPorts(relevant labels.Labels, ports ciliumtypes.NamedPortMap) {
	for _, label := range k8s.NamedPortsIdentityLabels(ports) {
		relevant[label.Key] = label
	}
}

// namedPorts has those of every pod by its identity, which a named port of egress asks.
type namedPorts struct{ ciliumtypes.NamedPortMultiMap }

// GetNamedPorts is how the repository asks for them.
func (n namedPorts) GetNamedPorts() ciliumtypes.NamedPortMultiMap { return n.NamedPortMultiMap }

// publishPorts makes the pods' named ports known; called once, before any policy is added.
func (c *cluster) publishPorts() {
	all := ciliumtypes.NewNamedPortMultiMap()
	for _, one := range c.endpoints {
		if one.owner != nil {
			all.Update(one.identity.ID, nil, one.owner.own)
		}
	}
	c.repository.SetNamedPortsGetter(namedPorts{all})
}

// selected has the rules for pods with an identity.
func (c *cluster) selected(one *identity.Identity, _ uint64) (policy.SelectorPolicy, error) {
	found, _, err := c.repository.ComputeSelectorPolicy(one)
	return found, err
}

// redirectsOf has a port for each proxy that a policy leads to.
func redirectsOf(policy.SelectorPolicy, *endpoint) map[string]uint16 {
	return map[string]uint16{policy.FallbackRedirectID: redirectPort}
}

// portsOf has the numbers of a filter's port; a named one has that of each pod that it selects.
func portsOf(selected policy.SelectorPolicy, filter *policy.L4Filter, _ *endpoint) []uint16 {
	if filter.Port != 0 || filter.PortName == "" {
		return []uint16{filter.Port}
	}
	found := map[uint16]bool{}
	pods := filter.Identities(selected.GetSelectorSnapshot())
	for _, port := range selected.GetEgressNamedPorts(filter.PortName, filter.U8Proto, pods) {
		found[port] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// moreKinds are those that only this release can read.
func (e *engine) moreKinds() map[string]func([]byte) (parsed, error) {
	return map[string]func([]byte) (parsed, error){"policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy": e.clusterNetworkPolicy}
}

func (e *engine) clusterNetworkPolicy(document []byte) (parsed, error) {
	found := &policyapi.ClusterNetworkPolicy{}
	if err := strictly(document, found); err != nil {
		return parsed{}, err
	}
	if found.Namespace != "" {
		return parsed{}, errors.New("is clusterwide and has a namespace")
	}
	entries, err := k8s.ParseClusterNetworkPolicy(e.log, e.local, found)
	return parsed{ipcachetypes.NewResourceID(ipcachetypes.ResourceKindKCNP, "", found.Name), entries}, err
}
