"""Running the servers: a Deployment, a Service and a ServiceAccount beside the policies of a server.

Imported only where a catalog asks for it (`run.enabled`, `servers.X.run`).

    reading     the `run` keys, env, image, command of a server   -> Run
    commands    what the container executes, bridge included
    secretlike  what must not stand in a manifest
    pods        the pod template, hardened
    objects     the manifests of one server
    proof       that the pod is the one which the fence holds for
"""

from mcpfence.running.objects import run_manifests
from mcpfence.running.proof import prove_running
from mcpfence.running.reading import read_runs

__all__ = ["prove_running", "read_runs", "run_manifests"]
