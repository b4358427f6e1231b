# Read by tools/build_go.sh: the program here is ours, and what counts is the version of the engine in it.  Beside it lie
# the CRDs of the experimental and the standard channel, at the version of the API's types in go.mod.
version=$(pinned sigs.k8s.io/kube-network-policies)
kinds=$(go list -m -f '{{.Dir}}' sigs.k8s.io/network-policy-api)/config/crd
for channel in experimental standard; do
    rm -rf "$output.$channel"
    mkdir -p "$output.$channel"
    cp "$kinds/$channel/policy.networking.k8s.io_clusternetworkpolicies.yaml" "$output.$channel/"
    chmod -R u+w "$output.$channel"
done
