"""Aviatrix Distributed Cloud Firewall for Kubernetes."""
