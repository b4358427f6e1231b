"""Pieces of a catalog as text, for advice that can be copied."""

from __future__ import annotations

from mcpfence.kube.selectors import Selector
from mcpfence.net.ports import Ports


def selector_entry(selector: Selector) -> str:
    """As the catalog writes it, where plain labels say it."""
    if selector.expressions or not selector.labels:
        return "podSelector: {...}"
    return f"podSelector: {{{', '.join(f'{key}: {value}' for key, value in selector.labels)}}}"


def ports_entry(ports: Ports) -> str:
    """As the catalog writes ports: `[443, 53/UDP]`."""
    texts = []
    for item in dict.fromkeys(ports):
        number = str(item.first) if item.first == item.last else f"{item.first}-{item.last}"
        texts.append(number if item.protocol == "TCP" else f"{number}/{item.protocol}")
    return f"[{', '.join(texts)}]"
