package main

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/cilium/cilium/pkg/fqdn/dnsproxy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	slimcore "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
)

const firstPodIdentity = 256 // below are the reserved ones

// cluster is the state of one request.
type cluster struct {
	*engine
	repository *policy.Repository
	manager    identitymanager.IDManager
	identities map[string]*identity.Identity // by labels, of pods and addresses
	locals     int                           // how many identities of addresses there are
	endpoints  map[string]*endpoint          // by "namespace/name"
	proxy      *dnsproxy.DNSProxy
	prefixes   map[netip.Prefix]bool         // of every policy, excepts included
	names      map[string]*api.FQDNSelector  // of every policy, by their text
	peers      map[string]*identity.Identity // of addresses, by "address name"
}

// endpoint is one pod; on the host network it has an identity and no policies.
type endpoint struct {
	number   uint64
	identity *identity.Identity
	host     bool
	owner    *owner
	policy   *policy.EndpointPolicy // resolved when it is first asked for
}

// cluster reads a request's objects into a repository of their own.
func (e *engine) cluster(request Request) (*cluster, error) {
	found, err := e.read(request.Objects)
	if err != nil {
		return nil, err
	}
	repository, manager := e.repository()
	c := &cluster{
		engine: e, repository: repository, manager: manager, proxy: e.newProxy(),
		identities: map[string]*identity.Identity{}, endpoints: map[string]*endpoint{},
		prefixes: map[netip.Prefix]bool{}, names: map[string]*api.FQDNSelector{}, peers: map[string]*identity.Identity{},
	}
	c.addPods(found)
	for _, one := range found.policies {
		for _, prefix := range policy.GetCIDRPrefixes(one.entries) {
			c.prefixes[prefix] = true
		}
		for _, entry := range one.entries {
			for _, selector := range entry.L3 {
				if name, ok := selector.GetFQDNSelector(); ok {
					c.names[name.String()] = name
				}
			}
		}
	}
	if err := c.addAddresses(request.Questions); err != nil {
		return nil, err
	}
	c.publish()
	c.publishPorts()
	for _, one := range found.policies {
		repository.ReplaceByResource(one.entries, one.resource)
	}
	return c, nil
}

func (c *cluster) addPods(found objects) {
	for number, pod := range found.pods {
		namespace, known := found.namespaces[pod.Namespace]
		if !known {
			namespace = &slimcore.Namespace{}
			namespace.Name = pod.Namespace
			named(namespace)
		}
		one := &endpoint{number: uint64(number + 1), host: pod.Spec.HostNetwork}
		c.endpoints[pod.Namespace+"/"+pod.Name] = one
		if one.host {
			one.identity = identity.LookupReservedIdentity(identity.ReservedIdentityRemoteNode)
			continue
		}
		if pod.Spec.ServiceAccountName == "" {
			pod.Spec.ServiceAccountName = "default" // as the API server fills it in
		}
		ports, metadata := c.metadataOf(namespace, pod)
		relevant, _ := labelsfilter.Filter(labels.Map2Labels(metadata, labels.LabelSourceK8s))
		addPorts(relevant, ports)
		one.identity = c.identityOf(relevant, identity.NumericIdentity(firstPodIdentity+len(c.identities)))
		one.owner = &owner{number: one.number, own: ports}
	}
}

// identityOf gives labels that are known their identity, and others the number.
func (c *cluster) identityOf(found labels.Labels, number identity.NumericIdentity) *identity.Identity {
	key := string(found.SortedList())
	if c.identities[key] == nil {
		c.identities[key] = identity.NewIdentity(number, found)
	}
	return c.identities[key]
}

// addAddresses gives every address of the questions its identity, as the agent's cache of addresses does.
func (c *cluster) addAddresses(questions []Question) error {
	for _, question := range questions {
		for side, ends := range [][]string{question.From, question.To} {
			for _, end := range ends {
				if strings.Contains(end, "/") {
					if c.endpoints[end] == nil {
						return fmt.Errorf("question: there is no pod %s", end)
					}
					continue
				}
				address, err := netip.ParseAddr(end)
				if err != nil {
					return fmt.Errorf("question: %q is neither namespace/pod nor an address", end)
				}
				name := ""
				if side == 1 {
					name = question.Name
				}
				if err := c.addAddress(address, name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// addAddress: the longest prefix of any policy that holds the address, the names that it goes by, else the world.
func (c *cluster) addAddress(address netip.Addr, name string) error {
	key := address.String() + " " + name
	if c.peers[key] != nil {
		return nil
	}
	found := labels.GetCIDRLabels(netip.PrefixFrom(address, 0).Masked())
	for bits := address.BitLen(); bits > 0; bits-- {
		if prefix := netip.PrefixFrom(address, bits).Masked(); c.prefixes[prefix] {
			found = labels.GetCIDRLabels(prefix)
			break
		}
	}
	if name != "" {
		matching, err := c.matching(name)
		if err != nil {
			return err
		}
		found.MergeLabels(matching)
	}
	if reserved := identity.LookupReservedIdentityByLabels(found); reserved != nil {
		c.peers[key] = reserved
		return nil
	}
	before := len(c.identities)
	c.peers[key] = c.identityOf(found, identity.MinLocalIdentity+identity.NumericIdentity(c.locals))
	c.locals += len(c.identities) - before
	return nil
}

// publish makes the identities known: those of pods to both caches, those of addresses as peers alone.
func (c *cluster) publish() {
	pods, all := map[identity.NumericIdentity]*identity.Identity{}, map[identity.NumericIdentity]*identity.Identity{}
	for _, one := range c.identities {
		all[one.ID] = one
		if one.ID < identity.MinLocalIdentity {
			pods[one.ID] = one
			c.manager.Add(one)
		}
	}
	introduce(c.repository.GetSelectorCache(), all)
	introduce(c.repository.GetSubjectSelectorCache(), pods)
}

// close lets go of what the policies of this request hold.
func (c *cluster) close() {
	for _, one := range c.endpoints {
		if one.policy != nil {
			one.policy.Ready()
			one.policy.Detach(c.log)
		}
	}
	c.manager.RemoveAll()
}
