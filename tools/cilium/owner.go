package main

import (
	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/policy"
	ciliumtypes "github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// owner stands for a pod's endpoint where a policy is made for it.
type owner struct {
	number uint64
	own    ciliumtypes.NamedPortMap
}

var _ policy.PolicyOwner = &owner{}

func (o *owner) GetID() uint64 { return o.number }

// GetIngressNamedPort asks the pod itself; zero is no port.
func (o *owner) GetIngressNamedPort(name string, protocol u8proto.U8proto) uint16 {
	port, _ := o.own.GetNamedPort(name, protocol)
	return port
}

func (o *owner) PolicyDebug(string, ...any) {}

func (o *owner) IsHost() bool { return false }

func (o *owner) PreviousMapStateSizes() policy.MapStateSizes { return policy.MapStateSizes{} }

func (o *owner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}
