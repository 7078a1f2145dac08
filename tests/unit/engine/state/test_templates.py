"""Own templates, as the cluster agrees on them."""

from __future__ import annotations

from engine.raft.replica import Replica
from engine.state.entry import Entry, encode
from engine.state.messages import PublishTemplate, WithdrawTemplate
from engine.state.rules.templates import TEMPLATES_MAX, VERSIONS_MAX
from engine.state.snapshot import decode_state, encode_state
from engine.state.state import State
from tests.kit.jobs import Log

ID = "default/backup/ours"


def publish(version: str = "1.0.0", identity: str = ID) -> PublishTemplate:
    return PublishTemplate(id=identity, version=version, text=f"version: {version}")


def versions(log: Log) -> list[str]:
    return [one.version for one in log.state.templates[ID]]


def test_the_newest_version_stands_first() -> None:
    log = Log()
    for version in ("1.0.0", "1.9.0", "1.10.0"):
        assert log.ok(publish(version)) == version
    assert versions(log) == ["1.10.0", "1.9.0", "1.0.0"]
    assert log.state.templates[ID][0].published_by == "alice"


def test_a_version_is_never_published_twice_nor_an_earlier_one() -> None:
    log = Log()
    log.ok(publish("1.10.0"))
    for version in ("1.10.0", "1.9.0"):
        refused = log.refused(publish(version))
        assert (refused.code, refused.field) == ("CONFLICT", "version")
    assert log.refused(publish("one")).code == "VALIDATION_ERROR"


def test_only_the_latest_versions_are_kept() -> None:
    log = Log()
    for minor in range(VERSIONS_MAX + 5):
        log.ok(publish(f"1.{minor}.0"))
    assert len(versions(log)) == VERSIONS_MAX
    assert versions(log)[-1] == "1.5.0"


def test_there_is_a_bound_to_how_many_there_are() -> None:
    log = Log()
    for number in range(TEMPLATES_MAX):
        log.ok(publish(identity=f"default/backup/t{number}"))
    assert log.refused(publish(identity="default/backup/more")).code == "CONFLICT"
    log.ok(publish("2.0.0", "default/backup/t0"))


def test_a_version_or_all_of_them_can_be_withdrawn() -> None:
    log = Log()
    log.ok(publish("1.0.0"))
    log.ok(publish("1.1.0"))
    log.ok(WithdrawTemplate(id=ID, version="1.1.0"))
    assert versions(log) == ["1.0.0"]
    assert log.refused(WithdrawTemplate(id=ID, version="1.1.0")).code == "NOT_FOUND"
    log.ok(WithdrawTemplate(id=ID))
    assert log.state.templates == {}
    assert log.refused(WithdrawTemplate(id=ID)).code == "NOT_FOUND"


def test_a_state_without_templates_still_opens() -> None:
    old = [line.replace(b',"templates":{}', b"") for line in encode_state(State())]
    assert decode_state(old) == State()


def test_templates_and_their_facts_survive_a_snapshot() -> None:
    first = Replica(watermark=lambda: 0, on_gap=lambda *_: None)
    commands = (publish("1.0.0"), publish("1.1.0"), WithdrawTemplate(id=ID, version="1.0.0"))
    for index, command in enumerate(commands, 1):
        entry = Entry(at=index, actor="alice", request_id="", command=command)
        first.apply(index, encode(entry))
    heard: list[str] = []
    second = Replica(watermark=lambda: 0, on_gap=lambda *_: None)
    second.subscribe(lambda committed: heard.extend(type(e).__name__ for e in committed.events))
    second.restore(first.snapshot(), len(commands))
    assert second.state_bytes() == first.state_bytes()
    assert [one.version for one in second.view.templates()[0]] == ["1.1.0"]
    assert heard == ["TemplatePublished", "TemplatePublished", "TemplateWithdrawn"]
