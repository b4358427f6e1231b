"""Aviatrix FirewallPolicy."""
