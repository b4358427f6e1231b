// Judges the address part of policies as the AWS network policy agent does, for tests.
//
// One JSON request a line on stdin, one response a line on stdout:
//
//	{"objects": [...], "questions": [{"from": [...], "to": [...], "points": [["TCP", 443], ...]}]}
//	{"answers": [{"verdicts": "aein..."}]}
//
// Objects are Namespaces, Pods, NetworkPolicies and ApplicationNetworkPolicies as JSON; anything else is refused, as is
// every field that their types do not have.  A question means each source with each destination on each point (protocol
// and port, or ICMP and type): verdicts has one letter for each, the points running fastest.  a: both sides allow.
// e: egress of the source alone allows.  i: ingress of the destination alone allows.  n: neither does.  An address allows.
// A request that cannot be judged is answered with {"error": "..."}: nothing of it is left out in silence.
//
// What turns rules into the entries of the data plane's maps is the agent's own code at the version in go.mod.  Two steps
// around it are ours: selectors to pod addresses (the controller's part, which is no library), and the look-up in the
// maps (longest prefix, then the entries in turn), written after the agent's eBPF program.  Host names are no part of the
// agent: rules for them are left out of what is judged.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/aws/aws-network-policy-agent/pkg/logger"
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
	// An empty name is stderr, any other one a file; errors are its word for entries that it drops.
	logger.New("fatal", "", 1, 1)
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			if err := out.Encode(respond(line)); err != nil {
				fmt.Fprintln(os.Stderr, "error:", err)
				os.Exit(1)
			}
		}
		if err != nil {
			return
		}
	}
}

// respond never panics: what the agent's code does not survive is an answer too.
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
	cluster, err := read(request.Objects)
	if err != nil {
		return Response{Error: err.Error()}
	}
	var answers []Answer
	for _, question := range request.Questions {
		verdicts, err := cluster.answer(question)
		if err != nil {
			return Response{Error: err.Error()}
		}
		answers = append(answers, Answer{verdicts})
	}
	return Response{Answers: answers}
}
