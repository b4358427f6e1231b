"""placeholder"""
from __future__ import annotations
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import pytest
from contextlib import closing
from control_plane import ControlPlane, Programs
from edges import catalog, container, make_host
from lab.api import Api
from lab.manifests import add_crds
from lab.azure import AZURE
from lab.cluster import POLICY, Cluster
pytestmark = pytest.mark.xdist_group("lab-bad-days")

@pytest.mark.parametrize("major",[3,4])
def test_x(programs, tmp_path, request, major, shared):
    helm = request.getfixturevalue(f"helm{major}")
    with ControlPlane(folder=tmp_path/"s", programs=programs) as server, closing(Api(server.url, server.ca, server.token)) as api:
        add_crds(api, shared/"crds"/"aviatrix")
        host = make_host(helm, major, tmp_path / "home")
        cl = Cluster(host=host, api=api, kubeconfig=server.kubeconfig)
        rel = cl.release()
        values = catalog(**{f"s{i}": container(egress={"default":"internet"}) for i in range(250)})
        with ThreadPoolExecutor() as pool:
            run = pool.submit(rel.run, "install", values)
            for _ in range(10000):
                n=len(api.items(*POLICY, rel.fenced))
                if n>=30: break
            t=time.time()
            server.kill("kube-apiserver")
            done = run.result()
            print("helm ended after", time.time()-t, done.returncode, done.stderr.decode()[-500:])
        server.start_apiserver()
        names=set(rel.policies())
        print("stored", len(names), "floor" , "mcp-default-deny" in names)
        print("verdict", rel.verdict(values))
        for verb,flags in (("install",()),("upgrade",("--install",)),("upgrade",())):
            done=rel.run(verb, values, *flags); print(verb,flags,done.returncode, done.stderr.decode()[-300:])
            if done.returncode==0: break
        print(cl.helm("list","-A","-a").stdout.decode() if major==3 else cl.helm("list","-A").stdout.decode())
        for verb in ("rollback","uninstall"):
            d=cl.helm(verb,rel.name,"-n",rel.namespace); print(verb,d.returncode,d.stderr.decode()[-300:])
            if d.returncode==0: break
        print("after", len(rel.policies()))
        done=rel.run("upgrade", values,"--install"); print(done.returncode, done.stderr.decode()[-300:])
        done=rel.run("install", values); print(done.returncode, done.stderr.decode()[-300:])
        print("verdict", rel.verdict(values))
        assert 0
