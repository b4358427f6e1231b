# Read by tools/build_go.sh: without its version, the API server calls itself v0.0.0-master and helm refuses charts.
minor=$(echo "$version" | cut -d. -f2)
unit=k8s.io/component-base/version
flags="-X $unit.gitVersion=$version -X $unit.gitMajor=1 -X $unit.gitMinor=$minor -X $unit.gitTreeState=clean"
