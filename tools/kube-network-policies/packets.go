package main

import (
	"bufio"
	"context"
	"os"
	"time"

	nfqueue "github.com/florianl/go-nfqueue/v2"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/dataplane"
	"sigs.k8s.io/kube-network-policies/pkg/dns"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

const (
	connections = 100 // the queue of packets that begin a connection
	answers     = 101 // the queue of DNS answers
)

// filled is an evaluator whose informers were filled by hand and never run, so they would never say that they are ready.
type filled struct{ api.PolicyEvaluator }

func (filled) Ready() bool { return true }

// judgePackets reads one line of objects and lets the engine judge what the kernel puts into its queues, until it is
// killed.  The rules that fill the queues are the caller's: the engine's own need an expression of nftables that few
// kernels of test machines have, so its attempt to write them fails, is logged and changes nothing.
func judgePackets() error {
	line, err := bufio.NewReaderSize(os.Stdin, 1<<20).ReadBytes('\n')
	if err != nil {
		return err
	}
	var request Request
	if err := strictly(line, &request); err != nil {
		return err
	}
	found, err := newCluster(request.Objects)
	if err != nil {
		return err
	}
	klog.LogToStderr(true)
	names := dns.NewDomainCache(answers)
	var evaluators []api.PolicyEvaluator
	for _, one := range found.evaluators(names) {
		evaluators = append(evaluators, filled{one})
	}
	if err := listenForAnswers(names); err != nil {
		return err
	}
	engine := networkpolicy.NewPolicyEngine(found.pods, evaluators)
	controller, err := dataplane.NewController(engine, dataplane.Config{QueueID: connections})
	if err != nil {
		return err
	}
	return controller.Run(context.Background())
}

// listenForAnswers gives every packet of the queue to the engine's own reading of DNS answers, and lets it pass.  The
// engine's loop around that ends where its rules cannot be written.
func listenForAnswers(names *dns.DomainCache) error {
	queue, err := nfqueue.Open(&nfqueue.Config{
		NfQueue: answers, MaxPacketLen: 1500, MaxQueueLen: 1024,
		Copymode: nfqueue.NfQnlCopyPacket, WriteTimeout: 100 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	return queue.RegisterWithErrorFunc(context.Background(), func(found nfqueue.Attribute) int {
		if packet, err := network.ParsePacket(*found.Payload); err == nil {
			learn(names, context.Background(), packet)
		}
		if err := queue.SetVerdict(*found.PacketID, nfqueue.NfAccept); err != nil {
			klog.ErrorS(err, "verdict")
		}
		return 0
	}, func(error) int { return 0 })
}
