package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slimcore "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slimnetworking "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	strictjson "sigs.k8s.io/json"
)

// parsed is one policy as Cilium's repository takes it.
type parsed struct {
	resource ipcachetypes.ResourceID
	entries  types.PolicyEntries
}

// objects are those of a request by kind.
type objects struct {
	namespaces map[string]*slimcore.Namespace
	pods       []*slimcore.Pod
	policies   []parsed
}

// strictly decodes JSON as the API server does with strict field validation: no unknown and no duplicate field.
func strictly(data []byte, into any) error {
	faults, err := strictjson.UnmarshalStrict(data, into)
	return errors.Join(append([]error{err}, faults...)...)
}

// read sorts and parses the objects of a request; nothing is passed over.
func (e *engine) read(documents []json.RawMessage) (objects, error) {
	found := objects{namespaces: map[string]*slimcore.Namespace{}}
	seen := map[string]bool{}
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
		if err := e.add(&found, head.APIVersion+" "+head.Kind, document); err != nil {
			return found, fmt.Errorf("%s: %w", title, err)
		}
	}
	return found, nil
}

func (e *engine) add(found *objects, kind string, document []byte) error {
	switch kind {
	case "v1 Namespace":
		namespace := &slimcore.Namespace{}
		if err := json.Unmarshal(document, namespace); err != nil {
			return err
		}
		found.namespaces[namespace.Name] = named(namespace)
		return nil
	case "v1 Pod":
		pod := &slimcore.Pod{}
		if err := json.Unmarshal(document, pod); err != nil {
			return err
		}
		found.pods = append(found.pods, pod)
		return nil
	}
	read, known := map[string]func([]byte) (parsed, error){
		"networking.k8s.io/v1 NetworkPolicy":          e.networkPolicy,
		"cilium.io/v2 CiliumNetworkPolicy":            e.ciliumPolicy,
		"cilium.io/v2 CiliumClusterwideNetworkPolicy": e.clusterwidePolicy,
	}[kind]
	if !known {
		read, known = e.moreKinds()[kind]
	}
	if !known {
		return fmt.Errorf("%q is not a kind that is judged here", kind)
	}
	policy, err := read(document)
	found.policies = append(found.policies, policy)
	return err
}

// named adds the label that the API server gives every namespace.
func named(namespace *slimcore.Namespace) *slimcore.Namespace {
	labels := maps.Clone(namespace.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels["kubernetes.io/metadata.name"] = namespace.Name
	namespace.Labels = labels
	return namespace
}

func (e *engine) networkPolicy(document []byte) (parsed, error) {
	// Cilium's own type has fewer fields of metadata, so the strict reading is done with the API's.
	if err := strictly(document, &networking.NetworkPolicy{}); err != nil {
		return parsed{}, err
	}
	policy := &slimnetworking.NetworkPolicy{}
	if err := json.Unmarshal(document, policy); err != nil {
		return parsed{}, err
	}
	if policy.Namespace == "" {
		return parsed{}, errors.New("has no namespace")
	}
	entries, err := k8s.ParseNetworkPolicy(e.log, e.local, policy)
	return parsed{ipcachetypes.NewResourceID(ipcachetypes.ResourceKindNetpol, policy.Namespace, policy.Name), entries}, err
}

func (e *engine) ciliumPolicy(document []byte) (parsed, error) {
	content, policy := &unstructured.Unstructured{}, &ciliumv2.CiliumNetworkPolicy{}
	if err := errors.Join(json.Unmarshal(document, content), strictly(document, policy)); err != nil {
		return parsed{}, err
	}
	if policy.Namespace == "" {
		return parsed{}, errors.New("has no namespace, and Cilium would take it for clusterwide")
	}
	if err := errors.Join(e.validator.ValidateCNP(content), unresolvable(document)); err != nil {
		return parsed{}, err
	}
	rules, err := policy.Parse(e.log, e.local)
	return entriesOf(ipcachetypes.ResourceKindCNP, policy.Namespace, policy.Name, rules), err
}

func (e *engine) clusterwidePolicy(document []byte) (parsed, error) {
	content, policy := &unstructured.Unstructured{}, &ciliumv2.CiliumClusterwideNetworkPolicy{}
	if err := errors.Join(json.Unmarshal(document, content), strictly(document, policy)); err != nil {
		return parsed{}, err
	}
	if policy.Namespace != "" {
		return parsed{}, errors.New("is clusterwide and has a namespace")
	}
	if err := errors.Join(e.validator.ValidateCCNP(content), unresolvable(document)); err != nil {
		return parsed{}, err
	}
	rules, err := policy.Parse(e.log, e.local)
	return entriesOf(ipcachetypes.ResourceKindCCNP, "", policy.Name, rules), err
}

func entriesOf(kind ipcachetypes.ResourceKind, namespace, name string, rules api.Rules) parsed {
	return parsed{ipcachetypes.NewResourceID(kind, namespace, name), policyutils.RulesToPolicyEntries(rules)}
}

// unresolvable refuses what an agent looks up in objects or services that are not here.
func unresolvable(document []byte) error {
	var faults []error
	for _, key := range []string{"toServices", "toGroups", "fromGroups", "cidrGroupRef", "cidrGroupSelector"} {
		if strings.Contains(string(document), `"`+key+`"`) {
			faults = append(faults, fmt.Errorf("%s cannot be resolved here", key))
		}
	}
	return errors.Join(faults...)
}
