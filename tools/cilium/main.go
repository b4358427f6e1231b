// Cilium's policy engine as a judge without a cluster: one request a line on stdin, one answer a line on stdout.
//
//	{"objects": [...], "questions": [{"from": ["mcp/web", "10.0.0.1"], "to": ["db/redis-0"], "points": [["TCP", 6379]]}]}
//	{"answers": [{"verdicts": "ae"}]}
//
// Objects are Namespaces, Pods, NetworkPolicies, CiliumNetworkPolicies and CiliumClusterwideNetworkPolicies as JSON, and
// ClusterNetworkPolicies of policy.networking.k8s.io/v1alpha2 where the release reads them; anything else is refused, as is every field that their types do not have.  A question means each source with each
// destination on each point (protocol and port, or ICMP and type): verdicts has one letter for each, the points running
// fastest.  a: both sides allow.  e: egress of the source alone allows.  i: ingress of the destination alone allows.
// n: neither does.  A side that is no pod with policies of its own (an address, a pod on the host network) allows.
// "lookups" are host names that each source asks each destination for on each point, the names running fastest: y, the DNS
// proxy passes the query on; r, it refuses; u, the query goes past the proxy; n, the port is shut.  "explain": true adds the policies behind each verdict, "name" is the host name under which addresses were resolved.
// A request that cannot be judged is answered with {"error": "..."}: nothing of it is left out in silence.
//
// Parsing, selecting, resolving and looking up are Cilium's own code at the version in go.mod.  Nothing here was
// compared with a running agent.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
)

// Request is one line of input: objects that make a cluster, and what to ask about it.
type Request struct {
	Objects   []json.RawMessage `json:"objects"`
	Questions []Question        `json:"questions"`
}

// Question is every combination of its sources, destinations and points.
type Question struct {
	From    []string `json:"from"`
	To      []string `json:"to"`
	Points  []Point  `json:"points"`
	Name    string   `json:"name,omitempty"`
	Lookups []string `json:"lookups,omitempty"`
	Explain bool     `json:"explain,omitempty"`
}

// Answer belongs to one question.
type Answer struct {
	Verdicts string    `json:"verdicts"`
	Lookups  string    `json:"lookups,omitempty"`
	Reasons  []Reasons `json:"reasons,omitempty"`
}

// Reasons are the policies behind one verdict, such as "NetworkPolicy mcp/web"; none where no policy speaks of a side.
type Reasons struct {
	Egress  []string `json:"egress"`
	Ingress []string `json:"ingress"`
}

// Response is one line of output.
type Response struct {
	Answers []Answer `json:"answers,omitempty"`
	Error   string   `json:"error,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	engine, err := newEngine()
	if err != nil {
		return err
	}
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			if err := out.Encode(engine.respond(line)); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// respond never panics: what Cilium's code does not survive is an answer too.
func (e *engine) respond(line []byte) (response Response) {
	defer func() {
		if found := recover(); found != nil {
			response = Response{Error: fmt.Sprintf("panic: %v\n%s", found, debug.Stack())}
		}
	}()
	var request Request
	if err := strictly(line, &request); err != nil {
		return Response{Error: "request: " + err.Error()}
	}
	cluster, err := e.cluster(request)
	if err != nil {
		return Response{Error: err.Error()}
	}
	defer cluster.close()
	var answers []Answer
	for _, question := range request.Questions {
		answer, err := cluster.answer(question)
		if err != nil {
			return Response{Error: err.Error()}
		}
		answers = append(answers, answer)
	}
	return Response{Answers: answers}
}
