"""One template: a form of its variables, the job that they make, and when it would run."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

from app.client.errors import ApiError, Unreachable
from app.console.drafts import Draft, draft_of
from app.console.page import Page
from app.console.session import Console
from app.console.widgets.format import clock, counted, fire_times, plain
from app.console.widgets.layout import card, empty_state, header
from app.console.widgets.variables import Form

PAGE = Page("Template", ":material/extension:", 6, "Build", hidden=True)


def render(console: Console) -> None:
    ref = st.query_params.get("ref", "")
    namespace = st.query_params.get("namespace") or None
    try:
        template = console.client.template(ref, namespace=namespace) if ref else None
    except ApiError as error:
        if error.code != "NOT_FOUND":
            raise
        template = None
    if template is None:
        empty_state("No such template", "It may have been withdrawn.", key="template")
        console.link("All templates", "marketplace")
        return
    draft = draft_of(f"template_{namespace}_{ref}", template)
    origin = "built in" if template["built_in"] else f"own template of {template['namespace']}"
    caption = f"{template['category']} · version {template['version']} · {origin}"
    with header(template["title"], caption):
        install = st.button(
            "Install",
            type="primary",
            icon=":material/download:",
            shortcut="Ctrl+Enter",
            key=draft.here,
        )
    st.caption(plain(template["description"]))
    left, right = st.columns([1, 1])
    form = Form(draft)
    with left:
        place = _place(template, draft, form)
        with card("Values", "∗ must be given", key="values"):
            form.ask(template["variables"])
        _more(console, template, ref, namespace)
    request = {"values": form.values, **place}
    with right:
        _preview(console, ref, namespace, request, form, pressed=install)
    draft.drawn()
    if install:
        _install(console, ref, namespace, request, draft)


def _place(template: dict[str, Any], draft: Draft, form: Form) -> dict[str, Any]:
    """Which job it shall be; an own template stays in its namespace."""
    own = template["namespace"]
    with card("The job", key="place"):
        row = st.columns([2, 1])
        with row[0]:
            name = st.text_input(
                "Name", template["job"].get("name") or template["name"], **draft.field("name")
            )
            form.place("job.name")
            form.place("name")
        with row[1]:
            namespace = st.text_input(
                "Namespace",
                own or "default",
                disabled=own is not None,
                **draft.field("namespace"),
            )
            form.place("job.namespace")
        enabled = st.toggle(
            "Enabled",
            True,
            help="It fires from its next fire time on.",
            **draft.field("enabled"),
        )
    place = {"name": name.strip(), "enabled": enabled}
    return {**place, "namespace": own or namespace.strip() or "default"}


def _preview(
    console: Console,
    ref: str,
    namespace: str | None,
    request: dict[str, Any],
    form: Form,
    *,
    pressed: bool,
) -> None:
    """The job that the values make, or what is still wrong with them."""
    with card("Preview", key="template_preview"):
        try:
            shown = console.client.preview_template(ref, _asked(request, namespace))
        except ApiError as error:
            faults = {one["field"]: _told(one) for one in error.details}
            rest = form.say(faults, missing=pressed)
            missing = len(faults) - len(rest)
            if missing:
                noun = "value" if missing == 1 else "values"
                st.markdown(f":material/edit: **{missing} {noun} to give or mend**")
                st.caption("The job and its next runs show here as soon as it is complete.")
            for field, text in rest.items():
                st.error(plain(f"{field} {text}"), icon=":material/error:")
            if not error.details:
                st.error(plain(error.message), icon=":material/error:")
            return
        except Unreachable:
            st.caption("The node does not answer.")
            return
        job = shown["job"]
        if shown["name_taken"]:
            st.warning("There is a job of this name: choose another one.", icon=":material/badge:")
        st.markdown(f"**{plain(shown['words'])}**")
        table = pd.DataFrame(fire_times(shown["next"], job["timezone"], console.zone))
        told = f"The next {counted(len(table), 'fire time')}"
        st.dataframe(table, hide_index=True, key="template_next", alt=told)
        _request(job)
    with st.expander("The whole job"):
        st.code(json.dumps(job, indent=2), language="json")


def _request(job: dict[str, Any]) -> None:
    """What would be sent, as a person reads HTTP."""
    webhook = job.get("webhook")
    if not webhook:
        return
    lines = [f"{webhook['method']} {webhook['url']}"]
    lines += [f"{name}: {value}" for name, value in webhook["headers"].items()]
    if webhook["auth"]:
        lines.append(f"# signed in with {webhook['auth']['type']} credentials")
    st.code("\n".join(lines), language="http", wrap_lines=True)
    if webhook["body"]:
        body, language = _pretty(webhook["body"])
        st.code(body, language=language, wrap_lines=True)


def _pretty(body: str) -> tuple[str, str | None]:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False), "json"
    except ValueError:
        return body, None


def _told(detail: dict[str, Any]) -> str:
    hint = detail.get("hint")
    return f"{detail['reason']} ({hint})" if hint else str(detail["reason"])


def _asked(request: dict[str, Any], namespace: str | None) -> dict[str, Any]:
    """The request without an empty name: the template has one of its own."""
    kept = {key: value for key, value in request.items() if value != ""}
    return {**kept, "namespace": namespace or kept["namespace"]}


def _install(
    console: Console, ref: str, namespace: str | None, request: dict[str, Any], draft: Draft
) -> None:
    asked = _asked(request, namespace)
    job = console.carry_out(
        f"install_{ref}_{hash(str(asked))}",
        lambda key: console.client.install_template(ref, asked, idempotency_key=key),
        "Job created",
    )
    if job is not None:
        draft.discard()
        console.go("job", id=job["id"])


def _more(console: Console, template: dict[str, Any], ref: str, namespace: str | None) -> None:
    """Where to read on, what the versions brought, and what was made from it."""
    with st.expander("Versions, export and documentation"):
        for one in template["versions"]:
            when = ""
            if one["published_at"]:
                at = clock(one["published_at"], console.zone)
                when = f" :gray[{at} by {plain(one['published_by'])}]"
            st.markdown(f"**{one['version']}**{when}  \n{plain(one['changes'])}")
        with st.container(horizontal=True):
            if template["documentation"]:
                st.link_button(
                    "API documentation", template["documentation"], icon=":material/open_in_new:"
                )
            st.download_button(
                "Export",
                lambda: console.client.template_yaml(ref, namespace=namespace),
                f"{template['name']}.yaml",
                "application/yaml",
                icon=":material/ios_share:",
                key="template_export",
            )
            if not template["built_in"] and st.button("Withdraw", icon=":material/delete:"):
                _confirm_withdraw(console, template)
    console.link("All templates", "marketplace")


@st.dialog("Withdraw this template?")
def _confirm_withdraw(console: Console, template: dict[str, Any]) -> None:
    st.markdown(f"**{plain(template['title'])}** of {plain(template['namespace'])}")
    st.caption("All its versions go. Jobs that were made from it stay, but are not upgraded.")
    if st.button("Withdraw", type="primary", key="really_withdraw"):
        ref = f"{template['category']}/{template['name']}"
        done = console.carry_out(
            f"withdraw_{template['namespace']}_{ref}",
            lambda key: console.client.withdraw_template(
                ref, namespace=template["namespace"], idempotency_key=key
            ),
            "Template withdrawn",
        )
        if done is not None:
            console.go("marketplace")
