# Read by tools/build_go.sh: the program here is ours, what counts is the version of Argo CD's servers in it; without it
# they call themselves v99.99.99+unknown.
version=$(pinned github.com/argoproj/argo-cd/v3)
flags="-X github.com/argoproj/argo-cd/v3/common.version=${version#v}"
