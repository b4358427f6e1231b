# Read by tools/build_go.sh: the API server must know Calico's kinds before Felix runs, and they come with its module.
kinds=$(dirname "$output")/felix.crd
mkdir -p "$kinds"
cp "$(go list -m -f '{{.Dir}}' github.com/projectcalico/calico)"/libcalico-go/config/crd/*.yaml "$kinds/"
chmod 0644 "$kinds"/*.yaml
