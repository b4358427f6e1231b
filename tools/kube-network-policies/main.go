// kube-network-policies as a judge without a cluster: one request a line on stdin, one answer a line on stdout.
//
//	{"objects": [...], "questions": [{"from": ["mcp/web"], "to": ["203.0.113.7"], "points": [["TCP", 443]], "name": "x.example"}]}
//	{"answers": [{"verdicts": "a"}]}
//
// Objects are Namespaces, Pods, Nodes, NetworkPolicies and ClusterNetworkPolicies as JSON; anything else is refused, as
// is every field that their types do not have.  A question means each source with each destination on each point
// (protocol and port, or ICMP), and verdicts has one letter for each, the points running fastest.  a: both sides allow.
// e: egress of the source alone allows.  i: ingress of the destination alone allows.  n: neither does.
// "name": the addresses of "to" are what this name was resolved to, which the engine learns from a DNS answer.
// A request that cannot be judged is answered with {"error": "..."}: nothing of it is left out in silence.
//
// Selecting, evaluating and learning names are the engine's own code at the version in go.mod.  Ours is what an API
// server does before: defaults, and that an empty list arrives as none.
//
// With the argument "packets" it reads the objects of one request and judges packets of its network namespace instead:
// new connections from queue 100 of NFQUEUE, and what names stand for from DNS answers in queue 101.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"

	"k8s.io/klog/v2"
)

// Request is one line of input: objects that make a cluster, and what to ask about it.
type Request struct {
	Objects   []json.RawMessage `json:"objects"`
	Questions []Question        `json:"questions"`
}

// Question is every combination of its sources, destinations and points.
type Question struct {
	From   []string `json:"from"`
	To     []string `json:"to"`
	Points []Point  `json:"points"`
	Name   string   `json:"name,omitempty"`
	// Drivers of several engines are alike: this one does not say which policy decided, and looks no name up.
	Explain bool     `json:"explain,omitempty"`
	Lookups []string `json:"lookups,omitempty"`
}

// Answer belongs to one question.
type Answer struct {
	Verdicts string `json:"verdicts"`
}

// Response is one line of output.
type Response struct {
	Answers []Answer `json:"answers,omitempty"`
	Error   string   `json:"error,omitempty"`
}

func main() {
	klog.LogToStderr(false)
	klog.SetOutput(discard{})
	work := run
	if len(os.Args) == 2 && os.Args[1] == "packets" {
		work = judgePackets
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

type discard struct{}

func (discard) Write(text []byte) (int, error) { return len(text), nil }

func run() error {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			if err := out.Encode(respond(line)); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// respond never panics: what the engine's code does not survive is an answer too.
func respond(line []byte) (response Response) {
	defer func() {
		if found := recover(); found != nil {
			response = Response{Error: fmt.Sprintf("panic: %v\n%s", found, debug.Stack())}
		}
	}()
	var request Request
	if err := strictly(line, &request); err != nil {
		return Response{Error: "request: " + err.Error()}
	}
	found, err := newCluster(request.Objects)
	if err != nil {
		return Response{Error: err.Error()}
	}
	var answers []Answer
	for _, question := range request.Questions {
		answer, err := found.answer(question)
		if err != nil {
			return Response{Error: err.Error()}
		}
		answers = append(answers, answer)
	}
	return Response{Answers: answers}
}
