"""The marketplace: found, filled, installed, published and upgraded by a person."""

from __future__ import annotations

from typing import Any

from app.client.errors import ApiError, Unreachable
from tests.unit.pages.conftest import INSTANCE, TEMPLATE, UPGRADE
from tests.unit.pages.test_pages import press, texts

REF = "notification/slack-message"
NONE = {"templates": [], "total": 0, "categories": {}}
NO_JOBS = {"instances": [], "total": 0, "upgradable": 0}
MISSING = {"field": "values.message", "reason": "is missing", "hint": "Message"}
WRONG = {"field": "values.schedule", "reason": "minute: 61", "hint": "0 to 59"}
FAULTS = ApiError("VALIDATION_ERROR", "two faults", [MISSING, WRONG], 400)


def test_a_search_and_a_category_are_what_the_node_is_asked_for(client: Any, pages: Any) -> None:
    pages.open("build.marketplace", market_q="slack", market_category="notification")
    assert client.called("templates") == [
        ((), {"q": "slack", "category": "notification", "tag": None})
    ]


def test_a_card_leads_to_its_template(pages: Any) -> None:
    at = pages.open("build.marketplace")
    (link,) = (button for button in at.button if "Slack message" in button.label)
    link.click().run(timeout=30)
    assert pages.went == [("template", {"ref": REF})]


def test_an_own_template_is_found_in_its_namespace(client: Any, pages: Any) -> None:
    own = {**TEMPLATE, "built_in": False, "namespace": "payments"}
    client.answers["templates"] = {"templates": [own], "total": 1, "categories": {}}
    at = pages.open("build.marketplace")
    assert "payments" in texts(at)
    (link,) = (button for button in at.button if "Slack message" in button.label)
    link.click().run(timeout=30)
    assert pages.went == [("template", {"ref": REF, "namespace": "payments"})]


def test_no_match_and_nothing_installed_say_what_to_do(client: Any, pages: Any) -> None:
    client.answers |= {"templates": NONE, "template_instances": NO_JOBS}
    assert "No template matches" in texts(pages.open("build.marketplace", market_q="zzz"))
    at = pages.open("build.marketplace", market_view="Installed")
    assert "Nothing installed yet" in texts(at)


def test_an_installed_job_offers_its_upgrade(client: Any, pages: Any) -> None:
    gone = {**INSTANCE, "job_id": "job_b", "state": "gone", "latest_version": ""}
    client.answers["template_instances"] = {
        "instances": [gone, INSTANCE],
        "total": 2,
        "upgradable": 1,
    }
    at = pages.open("build.marketplace", market_view="Installed")
    assert "template withdrawn" in texts(at)
    press(at, "Upgrade")
    assert pages.went == [("upgrade", {"id": "job_a"})]


def test_a_form_is_drawn_from_the_variables_and_previewed(client: Any, pages: Any) -> None:
    at = pages.open("build.template", ref=REF)
    labels = {field.label for field in (*at.text_input, *at.text_area, *at.number_input)}
    assert {"Webhook URL ∗", "Message ∗", "Tries", "Schedule"} <= labels
    (args, _) = client.called("preview_template")[-1]
    assert args[0] == REF
    assert args[1]["values"] == {"tries": 3, "loud": False, "schedule": "0 9 * * 1-5"}
    assert "At 09" in texts(at)


def test_faults_stand_beneath_what_was_filled_and_empty_fields_are_not_scolded(
    client: Any, pages: Any
) -> None:
    client.refuse("preview_template", FAULTS)
    at = pages.open("build.template", ref=REF)
    assert "minute" in texts(at)
    assert "is missing" not in texts(at)
    assert "2 values to give or mend" in texts(at)
    client.refuse("install_template", FAULTS)
    at = press(at, "Install")
    assert "is missing" in texts(at)


def test_install_sends_what_was_filled_and_opens_the_job(client: Any, pages: Any) -> None:
    at = pages.open("build.template", ref=REF)
    (message,) = (field for field in at.text_area if field.label.startswith("Message"))
    message.set_value("hello").run(timeout=30)
    press(at, "Install")
    (args, kwargs) = client.called("install_template")[-1]
    assert args[1]["values"]["message"] == "hello"
    assert (args[1]["namespace"], args[1]["enabled"]) == ("default", True)
    assert kwargs["idempotency_key"]
    assert pages.went == [("job", {"id": "job_a"})]


def test_a_template_that_is_gone_is_said_to_be(client: Any, pages: Any) -> None:
    client.refuse("template", ApiError("NOT_FOUND", "there is no template", [], 404))
    assert "No such template" in texts(pages.open("build.template", ref=REF))
    assert "No such template" in texts(pages.open("build.template"))


def test_a_silent_node_is_said_in_the_preview(
    client: Any, pages: Any, silence: Unreachable
) -> None:
    client.refuse("preview_template", silence)
    at = pages.open("build.template", ref=REF)
    assert "The node does not answer" in texts(at)
    assert not at.exception


def test_foreign_text_draws_no_image(client: Any, pages: Any) -> None:
    client.answers["template"] = {**TEMPLATE, "description": "![x](http://127.0.0.1:9/beacon)"}
    at = pages.open("build.template", ref=REF)
    assert "![x]" not in texts(at)


def test_a_conflict_waits_for_a_decision(client: Any, pages: Any) -> None:
    at = pages.open("build.upgrade", id="job_a")
    (upgrade,) = (button for button in at.button if button.label == "Upgrade")
    assert upgrade.disabled
    (choice,) = at.segmented_control
    choice.set_value("theirs").run(timeout=30)
    press(at, "Upgrade")
    (args, kwargs) = client.called("upgrade_job")[-1]
    assert args == ("job_a", {})
    assert kwargs["resolve"] == {"timeout": "theirs"}
    assert "dry_run" not in kwargs
    assert pages.went == [("job", {"id": "job_a"})]


def test_a_needed_value_is_asked_for(client: Any, pages: Any) -> None:
    need = {"name": "token", "reason": "cannot be recovered", "type": "secret", "title": "Token"}

    def plan(_ref: str, values: Any = None, **_: Any) -> Any:
        return {**UPGRADE, "conflicts": [], "changes": [], "needs": [] if values else [need]}

    client.answers["upgrade_job"] = plan
    at = pages.open("build.upgrade", id="job_a")
    assert "cannot be recovered" in texts(at)
    (upgrade,) = (button for button in at.button if button.label == "Upgrade")
    assert upgrade.disabled
    at.text_input[0].set_value("s3cret").run(timeout=30)
    press(at, "Upgrade")
    (args, _) = client.called("upgrade_job")[-1]
    assert args == ("job_a", {"token": "s3cret"})


def test_a_template_comes_from_a_file_and_is_edited_before_it_is_published(
    client: Any, pages: Any
) -> None:
    client.answers["publish_template"] = {**TEMPLATE, "namespace": "default"}
    at = pages.open_part("build.marketplace", "_publish")
    at.file_uploader[0].set_value(("odd.yaml", b"\xff\xfe", "text/plain")).run(timeout=30)
    assert "is not UTF-8 text" in at.error[0].value
    at.file_uploader[0].set_value(("own.yaml", b"name: mine", "text/plain")).run(timeout=30)
    assert at.text_area[0].value == "name: mine"
    at.text_area[0].set_value("name: ours").run(timeout=30)
    press(at, "Publish")
    ((args, _),) = client.called("publish_template")
    assert args == ("name: ours",)


def test_publishing_checks_first_where_asked(client: Any, pages: Any) -> None:
    client.answers["publish_template"] = {**TEMPLATE, "namespace": "default"}
    at = pages.open_part("build.marketplace", "_publish")
    at.text_area[0].set_value("name: x").run(timeout=30)
    at = press(at, "Check")
    assert "1\\.1\\.0" in str(at.success[0].value) or "1.1.0" in str(at.success[0].value)
    press(at, "Publish")
    calls = client.called("publish_template")
    assert calls[0][1] == {"namespace": "default", "dry_run": True}
    assert calls[1][1]["idempotency_key"]
    assert pages.went == [("template", {"ref": REF, "namespace": "default"})]
