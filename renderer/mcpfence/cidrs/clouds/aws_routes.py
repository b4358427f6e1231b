"""Networks around an Amazon VPC: peerings, route tables and transit gateways, as the AWS CLI prints them."""

from __future__ import annotations

from collections.abc import Iterator

from mcpfence.cidrs.document_value import DocumentValue
from mcpfence.cidrs.facts import Gathered
from mcpfence.cidrs.kinds import Command, Objects, fill, known_of

PEERINGS, TABLES, TRANSIT = "list of VPC peerings", "list of route tables", "list of transit gateway routes"

REGION = ("--region={REGION}",)
TRANSIT_ROUTES = Command(
    "transit.json",
    (
        *("aws", "ec2", "search-transit-gateway-routes", "--transit-gateway-route-table-id={TRANSIT_ROUTE_TABLE}"),
        *("--filters", "Name=state,Values=active", REGION, "--output=json"),
    ),
    run=False,
)

_PREFIX_LIST = Command(
    "prefix-list.json",
    ("aws", "ec2", "get-managed-prefix-list-entries", "--prefix-list-id={PREFIX_LIST}", REGION, "--output=json"),
)


def each(objects: Objects, kind: str, wrapper: str) -> Iterator[DocumentValue]:
    """The entries of all documents of a kind, in their wrapper or bare (--query)."""
    for node in objects.get(kind, ()):
        if node.at(wrapper).there:
            yield from node.at(wrapper).items()
        else:
            yield node


def read_peerings(vpc: str, objects: Objects, gathered: Gathered) -> None:
    """The other side of each active peering of the VPC; both sides where the VPC is not known."""
    for item in each(objects, PEERINGS, "VpcPeeringConnections"):
        name, state = item.at("VpcPeeringConnectionId").label, item.at("Status", "Code").text
        sides = [item.at("AccepterVpcInfo"), item.at("RequesterVpcInfo")]
        if vpc and vpc not in [side.at("VpcId").text for side in sides]:
            gathered.note(item, f"peering {name} is of other VPCs and left out")
            continue
        if state not in ("", "active"):
            gathered.note(item, f"peering {name} is {item.at('Status', 'Code').label} and left out")
            continue
        for side in sides:
            if not vpc or side.at("VpcId").text != vpc:
                _side(side, f"peering {name}", gathered)


def _side(side: DocumentValue, what: str, gathered: Gathered) -> None:
    gathered.cidr("routed", side.at("CidrBlock"), what)
    for entry in side.at("CidrBlockSet").items():
        gathered.cidr("routed", entry.at("CidrBlock"), what)
    for entry in side.at("Ipv6CidrBlockSet").items():
        gathered.cidr("routed", entry.at("Ipv6CidrBlock"), what)


def read_route_tables(vpc: str, objects: Objects, gathered: Gathered) -> None:
    """Where the VPC's route tables lead, but for the VPC itself, the Internet and services of AWS."""
    for table in each(objects, TABLES, "RouteTables"):
        name = table.at("RouteTableId").label
        if vpc and table.at("VpcId").text != vpc:
            gathered.note(table, f"route table {name} is of another VPC and left out")
            continue
        for route in table.at("Routes").items():
            gateway = route.at("GatewayId").text
            if gateway == "local" or route.at("State").text == "blackhole":
                continue
            out = route.at("NatGatewayId").text or route.at("EgressOnlyInternetGatewayId").text
            # An endpoint of a service has its prefix list; one with a CIDR is an appliance on the way to a network.
            service = gateway.startswith("vpce-") and not route.at("DestinationCidrBlock").there
            if out or service or gateway.startswith("igw-"):
                gathered.note(route, f"a route of {name} leads to the Internet or to a service of AWS and is left out")
                continue
            _central(route, name, objects, gathered)
            _route(route, f"route table {name}", "DestinationPrefixListId", gathered)


def _central(route: DocumentValue, name: str, objects: Objects, gathered: Gathered) -> None:
    """Where everything goes to a transit gateway, only its own routes tell which public networks are behind it."""
    to = {route.at("DestinationCidrBlock").text, route.at("DestinationIpv6CidrBlock").text}
    if to & {"0.0.0.0/0", "::/0"} and route.at("TransitGatewayId").text and not objects.get(TRANSIT):
        gateway = route.at("TransitGatewayId").label
        sentence = f"lacks the public networks behind transit gateway {gateway}, to which {name} sends everything"
        todo = f"run: {fill(TRANSIT_ROUTES, known_of(gathered.scope)).line}"
        gathered.around(sentence, todo)


def read_transit(objects: Objects, gathered: Gathered) -> None:
    """The active routes of transit gateways."""
    for node in objects.get(TRANSIT, ()):
        for route in node.at("Routes").items():
            if route.at("State").text in ("", "active"):
                _route(route, "a transit gateway route", "PrefixListId", gathered)


def _route(route: DocumentValue, what: str, listed: str, gathered: Gathered) -> None:
    gathered.cidr("routed", route.at("DestinationCidrBlock"), what)
    gathered.cidr("routed", route.at("DestinationIpv6CidrBlock"), what)
    if route.at(listed).text:
        name = route.at(listed).label
        sentence = f"lacks the public ranges of prefix list {name}, to which {what} leads"
        known = {**known_of(gathered.scope), "PREFIX_LIST": name}
        todo = f"run: {fill(_PREFIX_LIST, known).line}; add its ranges to egress.except"
        gathered.around(sentence, todo)
