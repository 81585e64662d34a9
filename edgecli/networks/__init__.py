"""Stacks of layers: described in files, counted, drawn, and run by the engine in ``conv``."""

from edgecli.networks.files import dump_network, load_network
from edgecli.networks.network import LayerFacts, Network, Node, Summary

__all__ = ["LayerFacts", "Network", "Node", "Summary", "dump_network", "load_network"]
