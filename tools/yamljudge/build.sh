# Read by tools/build_go.sh: the program here is ours, and what counts is the version of the reader in it.
version=$(pinned sigs.k8s.io/yaml)
