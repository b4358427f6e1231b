package main

import (
	"log/slog"
	"sync"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/crypto/certificatemanager"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2/validator"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	testidentity "github.com/cilium/cilium/pkg/testutils/identity"
	testpolicy "github.com/cilium/cilium/pkg/testutils/policy"
)

const clusterName = "default"

// engine is what all requests share: options that Cilium keeps globally, and the validator of its own kinds.
type engine struct {
	log       *slog.Logger
	validator *validator.NPValidator
	local     string // how policies name their own cluster
}

// newEngine sets the options that an agent has on Kubernetes by default, dual stack.
func newEngine() (*engine, error) {
	log := slog.New(slog.DiscardHandler)
	option.Config.ClusterName = clusterName
	option.Config.EnableIPv4, option.Config.EnableIPv6 = true, true
	option.Config.EnableL7Proxy = true // without it the agent refuses rules for DNS
	allowLocalhost()
	api.InitEntities(clusterName)
	policy.SetPolicyEnabled(option.DefaultEnforcement)
	if err := labelsfilter.ParseLabelPrefixCfg(log, nil, nil, ""); err != nil {
		return nil, err
	}
	check, err := validator.NewNPValidator(log)
	if err != nil {
		return nil, err
	}
	local := cmtypes.LocalClusterNameForPolicies(cmtypes.PolicyConfig{PolicyDefaultLocalCluster: true}, clusterName)
	return &engine{log: log, validator: check, local: local}, nil
}

// repository is a fresh one for one request, with the identities that go with it.
func (e *engine) repository() (*policy.Repository, identitymanager.IDManager) {
	manager := identitymanager.NewIDManager(e.log)
	translator := envoypolicy.NewEnvoyL7RulesTranslator(e.log, certificatemanager.NewMockSecretManagerInline())
	reserved := identity.ListReservedIdentities()
	repository := policy.NewPolicyRepository(e.log, reserved, nil, translator, manager, testpolicy.NewPolicyMetricsNoop())
	repository.GetSelectorCache().SetLocalIdentityNotifier(testidentity.NewDummyIdentityNotifier())
	return repository, manager
}

// introduce makes identities known to a selector cache, which keeps and changes the map that it is given.
func introduce(cache *policy.SelectorCache, found map[identity.NumericIdentity]*identity.Identity) {
	added := identity.IdentityMap{}
	for number, one := range found {
		added[number] = one.LabelArray
	}
	var wait sync.WaitGroup
	cache.UpdateIdentities(added, nil, &wait)
	wait.Wait()
}
