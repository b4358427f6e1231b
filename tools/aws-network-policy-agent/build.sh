# Read by tools/build_go.sh: the program here is ours, and what counts is the version of the engine in it.
version=$(pinned github.com/aws/aws-network-policy-agent)
