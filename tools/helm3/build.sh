# Read by tools/build_go.sh: what helm 3 must be told by the linker.
flags="-X helm.sh/helm/v3/internal/version.version=$version"
# v0.37.1 of client-go is Kubernetes 1.37. Without these flags helm 3 takes the cluster for Kubernetes 1.20 whenever
# it renders without one, and charts with a kubeVersion constraint are refused (helm 4 reads it from its build info).
minor=$(pinned k8s.io/client-go | cut -d. -f2)
for unit in helm.sh/helm/v3/pkg/chartutil helm.sh/helm/v3/pkg/lint/rules; do
    flags="$flags -X $unit.k8sVersionMajor=1 -X $unit.k8sVersionMinor=$minor"
done
