"""Numbers of the network: intervals, addresses, ports, host names, and which of them are special."""
