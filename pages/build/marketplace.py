"""Marketplace: find a template, see what was made from them, and what waits to be upgraded."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import streamlit as st

from app.client.errors import ApiError
from app.console.page import Page
from app.console.session import Console, show_error
from app.console.widgets.format import plain
from app.console.widgets.layout import empty_state, header

PAGE = Page("Marketplace", ":material/storefront:", 5, "Build")
VIEWS = ["Templates", "Installed"]
COLUMNS = 3
WORDS = {
    "backup": "Backup",
    "monitoring": "Monitoring",
    "notification": "Notification",
    "data-pipeline": "Data pipelines",
    "maintenance": "Maintenance",
    "security": "Security",
    "integration": "Integration",
    "reporting": "Reporting",
}
STATES = {
    "upgradable": ":orange-badge[:material/upgrade: upgrade available]",
    "current": ":green-badge[current]",
    "version_unknown": ":gray-badge[version not kept]",
    "gone": ":gray-badge[template withdrawn]",
}


def render(console: Console) -> None:
    installed = console.client.template_instances()
    with header("Marketplace", "jobs with gaps to fill, for the services people schedule most"):
        if installed["upgradable"]:
            st.markdown(f":orange-badge[:material/upgrade: {installed['upgradable']} to upgrade]")
        view = st.segmented_control(
            "View",
            VIEWS,
            default=VIEWS[0],
            key="market_view",
            bind="query-params",
            label_visibility="collapsed",
            required=True,
        )
        if st.button("Publish", icon=":material/publish:"):
            _publish(console)
    if view == "Installed":
        _installed(console, installed["instances"])
    else:
        _templates(console)


# ---- templates ----------------------------------------------------------------------------------


def _templates(console: Console) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="market_filters"):
        search = st.text_input(
            "Search",
            key="market_q",
            bind="query-params",
            placeholder="Slack, snapshot, certificate ...",
            width=240,
        )
        tag = st.text_input("Tag", key="market_tag", bind="query-params", width=120)
        category = st.pills("Category", list(WORDS), key="market_category", bind="query-params")
    try:
        found = console.client.templates(
            q=search or None, category=category or None, tag=tag.strip() or None
        )["templates"]
    except ApiError as error:
        show_error(error)
        return
    if not found:
        empty_state(
            "No template matches",
            "Change the search, or publish one of your own: any job can become a template.",
            key="market",
        )
        return
    if search or tag:
        _cards(console, found, "found")
        return
    for name, templates in groupby(found, lambda one: one["category"]):
        of_one = list(templates)
        st.markdown(f"#### {WORDS[name]} :gray[{len(of_one)}]")
        _cards(console, of_one, name)


def _cards(console: Console, templates: list[dict[str, Any]], key: str) -> None:
    for row in range(0, len(templates), COLUMNS):
        some = templates[row : row + COLUMNS]
        for place, (column, one) in enumerate(zip(st.columns(COLUMNS), some, strict=False)):
            with (
                column,
                st.container(
                    border=True, height="stretch", gap="xsmall", key=f"card_{key}_{row}_{place}"
                ),
            ):
                _card(console, one)


def _card(console: Console, one: dict[str, Any]) -> None:
    where = {} if one["built_in"] else {"namespace": one["namespace"]}
    console.link(
        f":material/{one['icon']}: &nbsp;**{plain(one['title'])}**",
        "template",
        ref=f"{one['category']}/{one['name']}",
        **where,
    )
    st.caption(plain(one["description"]))
    st.space("stretch")
    tags = [f":gray-badge[{plain(tag)}]" for tag in one["tags"]]
    if not one["built_in"]:
        tags.insert(0, f":violet-badge[:material/group: {plain(one['namespace'])}]")
    st.markdown(" ".join([*tags, f":small[:gray[&nbsp;{one['version']}]]"]))


# ---- installed ----------------------------------------------------------------------------------


def _installed(console: Console, instances: list[dict[str, Any]]) -> None:
    if not instances:
        empty_state(
            "Nothing installed yet",
            "Open a template, fill its gaps and install it: the job shows here, and is told of "
            "later versions.",
            key="installed",
        )
        return
    order = list(STATES)
    for one in sorted(instances, key=lambda one: (order.index(one["state"]), one["job_name"])):
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", key=f"made_{one['job_id']}"
        ):
            version = one["version"] or "no version"
            if one["state"] == "upgradable":
                version += f" → {one['latest_version']}"
            off = "" if one["enabled"] else " :gray-badge[disabled]"
            st.markdown(
                f"**{plain(one['job_name'])}** &nbsp;{STATES[one['state']]}{off}  \n"
                f":gray[{plain(one['namespace'])} · {plain(one['template'])} · {plain(version)}]",
                width="stretch",
            )
            console.link(f"Job {plain(one['job_name'])}", "job", id=one["job_id"])
            if one["state"] == "upgradable" and st.button(
                "Upgrade", key=f"upgrade_{one['job_id']}", icon=":material/upgrade:"
            ):
                console.go("upgrade", id=one["job_id"])


# ---- publish ------------------------------------------------------------------------------------


@st.dialog("Publish a template", width="large")
def _publish(console: Console) -> None:
    st.caption(
        "YAML, as the export of another template gives it. It belongs to a namespace, and a "
        "later version reaches every job that was made from it."
    )
    namespace = st.text_input("Namespace", "default", key="publish_namespace")
    file = st.file_uploader("A file", type=["yaml", "yml"], key="publish_file")
    if file is not None and file.file_id != st.session_state.get("publish_taken"):
        st.session_state["publish_taken"] = file.file_id  # once: what is edited below stays
        try:
            st.session_state["publish_text"] = file.getvalue().decode("utf-8")
        except UnicodeDecodeError:
            st.error(f"**{plain(file.name)} is not UTF-8 text.**", icon=":material/error:")
    text = st.text_area("Template", key="publish_text", height=320, placeholder="category: ...")
    check, publish = st.columns(2)
    if check.button("Check", icon=":material/rule:", key="publish_check", width="stretch"):
        checked = console.attempt(
            lambda: console.client.publish_template(text, namespace=namespace, dry_run=True)
        )
        if checked is not None:
            st.success(f"{checked['category']}/{checked['name']} {checked['version']} is right.")
    if publish.button("Publish", type="primary", key="really_publish", width="stretch"):
        published = console.carry_out(
            f"publish_{namespace}_{hash(text)}",
            lambda key: console.client.publish_template(
                text, namespace=namespace, idempotency_key=key
            ),
            "Template published",
        )
        if published is not None:
            ref = f"{published['category']}/{published['name']}"
            console.go("template", ref=ref, namespace=published["namespace"])
