"""The files that an API server of the lab starts from: its key, who may log in, what it records, a kubeconfig."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "None", "users": ["system:apiserver"]}, {"level": "Metadata"}],
}
"""Every request with its time, user, object and annotations, without bodies; not what the server asks of itself."""


def write_files(folder: Path, url: str, ca: Path, token: str) -> None:
    """Put them into `folder`, which only this user may enter; `token` makes a member of system:masters."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / "sa.key").write_text(_private_key(), encoding="ascii")
    (folder / "tokens.csv").write_text(f'{token},admin,admin-uid,"system:masters"\n', encoding="ascii")
    (folder / "audit-policy.json").write_text(json.dumps(AUDIT_POLICY), encoding="ascii")
    cluster = {"server": url, "certificate-authority": str(ca)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
    }
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(json.dumps(config, indent=1), encoding="utf-8")
    kubeconfig.chmod(0o600)  # helm warns of a file that others may read


def _private_key() -> str:
    """A fresh P-256 key in PEM, which Python's library cannot make: RFC 5915 without the optional public key."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    secret = (secrets.randbelow(order - 1) + 1).to_bytes(32, "big")
    der = b"\x30\x31\x02\x01\x01\x04\x20" + secret + b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN EC PRIVATE KEY-----\n{text}-----END EC PRIVATE KEY-----\n"
