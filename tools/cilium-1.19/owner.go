package main

import (
	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/spanstat"
	ciliumtypes "github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// owner stands for a pod's endpoint where a policy is made for it.
type owner struct {
	number uint64
	own    ciliumtypes.NamedPortMap
	all    ciliumtypes.NamedPortMultiMap
}

var _ policy.PolicyOwner = &owner{}

func (o *owner) GetID() uint64 { return o.number }

// GetNamedPort answers as an endpoint does: ingress asks the pod itself, egress every pod there is.  Zero is no port.
func (o *owner) GetNamedPort(ingress bool, name string, protocol u8proto.U8proto) uint16 {
	if ingress {
		port, _ := o.own.GetNamedPort(name, protocol)
		return port
	}
	port, _ := o.all.GetNamedPort(name, protocol)
	return port
}

func (o *owner) PolicyDebug(string, ...any) {}

func (o *owner) IsHost() bool { return false }

func (o *owner) PreviousMapState() *policy.MapState { return nil }

func (o *owner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}

// statistics are asked for with each policy and read by nobody.
type statistics struct {
	waiting     spanstat.SpanStat
	calculation spanstat.SpanStat
}

func (s *statistics) WaitingForPolicyRepository() *spanstat.SpanStat { return &s.waiting }

func (s *statistics) SelectorPolicyCalculation() *spanstat.SpanStat { return &s.calculation }
