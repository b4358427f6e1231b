package main

import (
	"fmt"
	"strings"

	"github.com/cilium/cilium/pkg/labels"
)

// matching are the labels that an address gets when it is what a host name resolves to: one for each name or pattern of
// any policy that matches it.
func (c *cluster) matching(name string) (labels.Labels, error) {
	found := labels.Labels{}
	full := strings.ToLower(strings.TrimSuffix(name, ".")) + "."
	for text, selector := range c.names {
		pattern, err := selector.ToRegex()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		if pattern.MatchString(full) {
			label := selector.IdentityLabel()
			found[label.Key] = label
		}
	}
	return found, nil
}
