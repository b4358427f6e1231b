package main

// What differs in this release of the engine from the one in tools/cilium, with which it shares the rest.

import (
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/k8s"
	slimcore "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	ciliumtypes "github.com/cilium/cilium/pkg/types"
)

// allowLocalhost is what the agent makes of "auto" on Kubernetes: a node always reaches its own pods.
func allowLocalhost() {
	option.Config.AllowLocalhost = option.AllowLocalhostAlways
}

// metadataOf has a pod's named ports and the labels that it is selected by.
func (c *cluster) metadataOf(namespace *slimcore.Namespace, pod *slimcore.Pod) (ciliumtypes.NamedPortMap, map[string]string) {
	ports, metadata := k8s.GetPodMetadata(c.log, namespace, pod)
	own := ciliumtypes.NamedPortMap{}
	for _, port := range ports {
		if port.Name != "" {
			_ = own.AddPort(port.Name, int(port.ContainerPort), string(port.Protocol)) // the agent logs it and goes on
		}
	}
	return own, metadata
}

// addPorts: this release tells pods apart by their labels alone.
func addPorts(labels.Labels, ciliumtypes.NamedPortMap) {}

// publishPorts makes the pods' named ports known; called once, before any policy is added.
func (c *cluster) publishPorts() {
	all := ciliumtypes.NewNamedPortMultiMap()
	for _, one := range c.endpoints {
		if one.owner != nil {
			all.Update(nil, one.owner.own)
			one.owner.all = all
		}
	}
}

// selected has the rules for pods with an identity.
func (c *cluster) selected(one *identity.Identity, endpoint uint64) (policy.SelectorPolicy, error) {
	found, _, err := c.repository.GetSelectorPolicy(one, 0, &statistics{}, endpoint)
	return found, err
}

// redirectsOf has a port for each proxy that a policy leads to.
func redirectsOf(selected policy.SelectorPolicy, one *endpoint) map[string]uint16 {
	redirects := map[string]uint16{}
	for filter, rule := range selected.RedirectFilters() {
		port := filter.Port
		if port == 0 && filter.PortName != "" {
			port = one.owner.GetNamedPort(filter.Ingress, filter.PortName, filter.U8Proto)
		}
		listener := rule.Policy.GetListener()
		redirects[policy.ProxyID(uint16(one.number), filter.Ingress, string(filter.Protocol), port, listener)] = redirectPort
	}
	return redirects
}

// portsOf has the number of a filter's port; a named one is one number for the whole cluster.
func portsOf(_ policy.SelectorPolicy, filter *policy.L4Filter, one *endpoint) []uint16 {
	if filter.Port != 0 || filter.PortName == "" {
		return []uint16{filter.Port}
	}
	return []uint16{one.owner.GetNamedPort(filter.Ingress, filter.PortName, filter.U8Proto)}
}

// moreKinds are those that only this release can read: none.
func (e *engine) moreKinds() map[string]func([]byte) (parsed, error) { return nil }
