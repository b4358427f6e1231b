# Read by tools/build_go.sh: what helm 4 must be told by the linker.
flags="-X helm.sh/helm/v4/internal/version.version=$version"
