"""What runs servers, where a catalog asks for it: a Deployment, a Service and a ServiceAccount beside their policies.

Imported only where a catalog asks for it (`run.enabled`, `servers.X.run`); `catalog/run` reads those keys.

    pods        the pod template, hardened
    objects     the manifests of one server
    proof       that the pod is the one which the fence holds for
"""

from mcpfence.deploy.objects import run_manifests
from mcpfence.deploy.proof import prove_running

__all__ = ["prove_running", "run_manifests"]
