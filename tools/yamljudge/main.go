// Reads YAML as kubectl and helm do.  One JSON string a line on stdin, one answer a line on stdout:
// {"json": ...} with what the reader makes of it, or {"error": "..."}.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"sigs.k8s.io/yaml"
)

type answer struct {
	JSON  json.RawMessage `json:"json,omitempty"`
	Error string          `json:"error,omitempty"`
}

func judge(line []byte) (found answer) {
	defer func() {
		if fault := recover(); fault != nil {
			found = answer{Error: "the reader panicked"}
		}
	}()
	var text string
	if err := json.Unmarshal(line, &text); err != nil {
		return answer{Error: err.Error()}
	}
	read, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{JSON: read}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for lines.Scan() {
		if err := encoder.Encode(judge(lines.Bytes())); err != nil {
			os.Exit(1)
		}
	}
	if lines.Err() != nil {
		os.Exit(1)
	}
}
