"""The plan: a catalog becomes fences, each of which says in full who may call some pods and what these may reach.

Every default is filled in and every address decided; which engine will enforce it is not known here.
"""
