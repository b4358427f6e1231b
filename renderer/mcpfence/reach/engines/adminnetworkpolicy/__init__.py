"""AdminNetworkPolicy and BaselineAdminNetworkPolicy of the network-policy-api."""
