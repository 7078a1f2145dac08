"""DuckDB's plan of a query as a small tree, and as text that people read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

WRAPPERS: Final = frozenset({"RESULT_COLLECTOR", "EXPLAIN_ANALYZE"})
ESTIMATE: Final = "Estimated Cardinality"
SHOWN: Final = ("Function", "Table", "Filters", "Projections", "Groups", "Aggregates")
HIDDEN: Final = frozenset({"Filename(s)", ESTIMATE})
TEXT_MAX: Final = 120

Node = dict[str, Any]


def plan_document(raw: Any) -> Node:
    """The plan of what `EXPLAIN (FORMAT json)` answers, with or without ANALYZE.

    Returns:
        `tree`: nodes of `name`, `detail` (texts by name), `rows` (read or made; None unless it was
        run), `rows_estimated`, `time_ms` (likewise) and `children`; `text`: the same, indented;
        `time_ms`: in all, None unless it was run.
    """
    analyzed = isinstance(raw, dict)
    roots = raw["operator"] if analyzed else raw
    root = roots[0] if roots else {"name": "EMPTY"}
    while root["name"] in WRAPPERS and root.get("children"):
        root = root["children"][0]
    tree = _node(root)
    total = raw["query"]["total_time"] * 1000 if analyzed else None
    return {"tree": tree, "text": "\n".join(_lines(tree, 0)), "time_ms": total}


def _node(raw: Node) -> Node:
    detail = {
        name: "; ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in raw.get("extra_info", {}).items()
        if name not in HIDDEN
    }
    estimate = str(raw.get("extra_info", {}).get(ESTIMATE, ""))
    timing = raw.get("timing")
    return {
        "name": raw["name"].strip(),
        "detail": detail,
        "rows": raw.get("intermediate_rows"),
        "rows_estimated": int(estimate) if estimate.isdigit() else None,
        "time_ms": None if timing is None else timing * 1000,
        "children": [_node(child) for child in raw.get("children", [])],
    }


def _lines(node: Node, depth: int) -> Iterator[str]:
    facts = []
    if node["time_ms"] is not None:
        facts += [f"{node['rows']} rows", f"{node['time_ms']:.2f} ms"]
    elif node["rows_estimated"] is not None:
        facts.append(f"about {node['rows_estimated']} rows")
    yield "  " * depth + " ".join(
        [node["name"].lower(), *([f"({', '.join(facts)})"] * bool(facts))]
    )
    for name in SHOWN:
        if text := node["detail"].get(name):
            cut = text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 3] + "..."
            yield "  " * depth + f"  | {name.lower()}: {cut}"
    for child in node["children"]:
        yield from _lines(child, depth + 1)
