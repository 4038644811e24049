"""Who came before whom: a graph of operations, and a cycle in it if there is one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple


class Edge(NamedTuple):
    """``to`` came later, and ``why`` says how that is known."""

    to: str
    why: str


Graph = defaultdict[str, list[Edge]]


def real_time(graph: Graph, spans: Mapping[str, tuple[int, int]]) -> None:
    """Whoever had ended before another began comes first. A chain of moments stands for the edges
    between all pairs, of which there would be too many."""
    ends = sorted((ended, name) for name, (_, ended) in spans.items())
    begins = sorted((started, name) for name, (started, _) in spans.items())
    at = 0
    for n, (ended, name) in enumerate(ends):
        moment = f"moment {n}"
        graph[name].append(Edge(moment, "before"))
        if n:
            graph[f"moment {n - 1}"].append(Edge(moment, "before"))
        until = ends[n + 1][0] if n + 1 < len(ends) else None
        while at < len(begins) and begins[at][0] <= ended:
            at += 1
        first = at
        while first < len(begins) and (until is None or begins[first][0] <= until):
            graph[moment].append(Edge(begins[first][1], "before"))
            first += 1


def cycle(graph: Graph) -> list[Edge]:
    """The edges of one cycle, each named by where it leads; empty if there is none."""
    nodes = {*graph, *(edge.to for edges in graph.values() for edge in edges)}
    incoming = dict.fromkeys(nodes, 0)
    for edges in graph.values():
        for edge in edges:
            incoming[edge.to] += 1
    free = [node for node, count in incoming.items() if not count]
    while free:
        node = free.pop()
        nodes.discard(node)
        for edge in graph.get(node, ()):
            incoming[edge.to] -= 1
            if not incoming[edge.to]:
                free.append(edge.to)
    return _walk(graph, nodes) if nodes else []


def _walk(graph: Graph, nodes: set[str]) -> list[Edge]:
    """Every node that is left has one before it that is left: go back until one comes again."""
    before: dict[str, Edge] = {}
    came: dict[str, str] = {}
    for node in sorted(nodes):
        for edge in graph.get(node, ()):
            if edge.to in nodes:
                before[edge.to], came[edge.to] = edge, node
    path: list[Edge] = []
    at = min(nodes)
    seen: dict[str, int] = {}
    while at not in seen:
        seen[at] = len(path)
        path.append(before[at])
        at = came[at]
    return path[seen[at] :][::-1]
