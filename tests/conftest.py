"""What every test can ask for: real helms, the shared facts, the analyzer; and the flag that rewrites goldens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from find_helm import Helm, inspect
from tooling import find_helm3, find_helm4, find_nca, find_shared, need

pytest_plugins = ("figures", "group_ends", "memory", "mutant_table", "slowest")

# Same examples in every run: a red build must mean that the code changed. `fuzz` looks for new ones.
# No deadline, and nothing is too slow: a machine may be as busy as it likes.
_UNTIMED = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fixed", _UNTIMED, derandomize=True)
settings.register_profile("fuzz", _UNTIMED, max_examples=1_000_000)
settings.load_profile(os.environ.get("MCPFENCE_HYPOTHESIS", "fixed"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes goldens anew instead of comparing with them."""
    parser.addoption("--update-golden", action="store_true", help="rewrite goldens and generated files")


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether goldens are to be rewritten."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def helm3() -> Path:
    """A real helm 3."""
    return need(find_helm3)


@pytest.fixture(scope="session")
def helm4() -> Path:
    """A real helm 4."""
    return need(find_helm4)


@pytest.fixture(scope="session", params=[find_helm3, find_helm4], ids=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest) -> Helm:
    """Each real helm in turn, with its version."""
    found = inspect(need(request.param))
    assert found
    return found


@pytest.fixture(scope="session")
def nca() -> Path:
    """The independent NetworkPolicy analyzer."""
    return need(find_nca)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of facts, CRDs, catalogs and judges beside the checkout."""
    return need(find_shared)
