# Read by tools/build_go.sh: the program of tools/cilium around an older engine. Here lies what differs for that one; the
# rest is taken from there.
version=$(pinned github.com/cilium/cilium)
work=$(mktemp -d)
cp ../cilium/*.go "$work"
cp ./*.go go.mod go.sum "$work"
cd "$work"
