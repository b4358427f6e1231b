# Read by tools/build_go.sh: without its version, Argo CD calls itself v99.99.99+unknown.
flags="-X github.com/argoproj/argo-cd/v3/common.version=${version#v}"
