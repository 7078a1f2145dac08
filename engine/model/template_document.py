"""The public document of a template, and the values that fill one: checked, every fault at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.core.durations import parse_duration
from engine.core.errors import InvalidDocument, Problem
from engine.model.document import parse_job
from engine.model.filling import PLACEHOLDER, as_text, fill, placeholders
from engine.model.job import Document
from engine.model.redaction import HIDDEN
from engine.model.template import CATEGORIES, Template, Variable, VariableType, version_order
from engine.timing.parse import parse_schedule

VALUE_LENGTH_MAX: Final = 4096
VARIABLES_MAX: Final = 40
_TEXT_MAX: Final = 2000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_VARIABLE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ICON: Final = re.compile(r"[a-z0-9_]{1,40}")
_KEYS: Final = (
    *("category", "name", "version", "title", "description", "icon", "tags"),
    *("changes", "documentation", "variables", "job"),
)
_VARIABLE_KEYS: Final = (
    *("type", "title", "description", "default", "required", "example"),
    *("pattern", "min", "max", "choices"),
)
_STAND_INS: Final[Mapping[VariableType, Any]] = {
    VariableType.STRING: "x",
    VariableType.INTEGER: 1,
    VariableType.BOOLEAN: True,
    VariableType.URL: "https://example.org",
    VariableType.CRON: "@daily",
    VariableType.DURATION: "1m",
    VariableType.SECRET: "x",
}
"""What stands in a gap while a template is checked, where it names no default and no example."""


class _Faults:
    """The faults of one document, each under its path."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, field: str, reason: str, hint: str = "") -> None:
        self.problems.append(Problem(field, reason, hint))

    def unknown(self, document: Mapping[Any, Any], known: Iterable[str], path: str = "") -> None:
        for key in document:
            if key not in known:
                field = f"{path}.{key}" if path else str(key)
                self.add(field, "is not a known field", _nearest(key, known))

    def text(self, document: Mapping[str, Any], key: str, path: str = "", default: str = "") -> str:
        value = document.get(key)
        field = f"{path}.{key}" if path else key
        if value is None:
            return default
        if not isinstance(value, str):
            self.add(field, f"{_shown(value)} is not text", "put it in quotes")
            return default
        if len(value) > _TEXT_MAX:
            self.add(field, f"is longer than {_TEXT_MAX} characters", "shorten it")
        return value.strip()


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _nearest(value: object, names: Iterable[str]) -> str:
    known = list(names)
    close = difflib.get_close_matches(str(value), known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return "one of " + ", ".join(known) if known else "remove it"


# ---- the template -------------------------------------------------------------------------------


def parse_template(document: object) -> Template:
    """Check a template's document; its job too, filled with defaults and examples.

    Raises:
        InvalidDocument: one problem per fault, with field path, reason and hint.
    """
    if not isinstance(document, Mapping):
        raise InvalidDocument(
            [Problem("template", f"{_shown(document)} is not an object", "name: ..., job: {...}")]
        )
    faults = _Faults()
    faults.unknown(document, _KEYS)
    job = document.get("job")
    if not isinstance(job, Mapping):
        reason = "is missing" if job is None else f"{_shown(job)} is not an object"
        faults.add("job", reason, "a job's document, as chronosctl job get shows it")
        job = {}
    template = Template(
        category=faults.text(document, "category"),
        name=faults.text(document, "name"),
        version=faults.text(document, "version"),
        title=faults.text(document, "title"),
        description=faults.text(document, "description"),
        icon=faults.text(document, "icon", default="extension"),
        tags=_tags(document.get("tags"), faults),
        changes=faults.text(document, "changes"),
        documentation=faults.text(document, "documentation"),
        variables=tuple(_variables(document.get("variables"), faults)),
        job=dict(job),
    )
    _check_head(template, document, faults)
    _check_placeholders(template, faults)
    if not faults.problems:
        _check_job(template, faults)
    if faults.problems:
        raise InvalidDocument(faults.problems)
    return template


def _check_head(template: Template, document: Mapping[str, Any], faults: _Faults) -> None:
    def wrong(key: str, value: str, hint: str) -> None:
        is_text = document.get(key) is None or isinstance(document[key], str)
        if is_text:  # otherwise it was said already
            faults.add(key, f"{_shown(value)} is not a {key}" if value else "is missing", hint)

    if template.category not in CATEGORIES:
        wrong("category", template.category, _nearest(template.category, CATEGORIES))
    if not _NAME.fullmatch(template.name):
        wrong("name", template.name, "small letters, digits and -, e.g. elasticsearch-snapshot")
    if version_order(template.version) is None:
        wrong("version", template.version, 'three numbers in quotes, e.g. "1.0.0"')
    if not template.title:
        wrong("title", "", "a few words, as a card shows them")
    if not _ICON.fullmatch(template.icon):
        wrong("icon", template.icon, "the name of a Material symbol, e.g. database")
    if template.documentation and not template.documentation.startswith("https://"):
        wrong("documentation", template.documentation, "an https:// address")


def _tags(value: object, faults: _Faults) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        faults.add("tags", f"{_shown(value)} is not a list of texts", "tags: [slack, chat]")
        return ()
    return tuple(value)


def _variables(value: object, faults: _Faults) -> Iterable[Variable]:
    if value is None:
        return
    if not isinstance(value, Mapping) or len(value) > VARIABLES_MAX:
        reason = f"{_shown(value)} is not an object of at most {VARIABLES_MAX} variables"
        faults.add("variables", reason, "database: {type: string, title: Database}")
        return
    for name, told in value.items():
        path = f"variables.{name}"
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            hint = "a small letter, then small letters, digits and _"
            faults.add(path, f"{_shown(name)} is not the name of a variable", hint)
        elif not isinstance(told, Mapping):
            faults.add(path, f"{_shown(told)} is not an object", "type: string, title: ...")
        else:
            variable = _variable(name, told, path, faults)
            if variable is not None:
                yield variable


def _variable(name: str, told: Mapping[str, Any], path: str, faults: _Faults) -> Variable | None:
    faults.unknown(told, _VARIABLE_KEYS, path)
    kind = told.get("type", "string")
    if kind not in list(VariableType):
        faults.add(f"{path}.type", f"{_shown(kind)} is not a type", _nearest(kind, VariableType))
        return None
    required = told.get("required", False)
    if not isinstance(required, bool):
        faults.add(f"{path}.required", f"{_shown(required)} is not a boolean", "true or false")
        required = False
    variable = Variable(
        name=name,
        type=VariableType(kind),
        title=faults.text(told, "title", path) or name.replace("_", " ").capitalize(),
        description=faults.text(told, "description", path),
        default=None if told.get("default") == "" else told.get("default"),
        required=required,
        example=told.get("example"),
        pattern=faults.text(told, "pattern", path),
        least=told.get("min"),
        most=told.get("max"),
        choices=_choices(told, path, faults),
    )
    if _bounds_hold(variable, path, faults):
        for key in ("default", "example"):
            _check_own(variable, key, getattr(variable, key), path, faults)
    return variable


def _choices(told: Mapping[str, Any], path: str, faults: _Faults) -> tuple[str | int, ...]:
    value = told.get("choices")
    if value is None:
        if told.get("type") == "enum":
            faults.add(f"{path}.choices", "is missing for an enum", "choices: [small, large]")
        return ()
    plain = isinstance(value, list) and value and all(type(one) in (str, int) for one in value)
    if not plain:
        reason = f"{_shown(value)} is not a list of texts or numbers"
        faults.add(f"{path}.choices", reason, "choices: [small, large]")
        return ()
    return tuple(value)


def _bounds_hold(variable: Variable, path: str, faults: _Faults) -> bool:
    """Whether pattern, min and max can be used to check a value."""
    before = len(faults.problems)
    if variable.pattern:
        try:
            re.compile(variable.pattern)
        except re.error as error:
            reason = f"is not a regular expression: {error}"
            faults.add(f"{path}.pattern", reason, "as Python reads it; it must match the whole")
    for key, bound in (("min", variable.least), ("max", variable.most)):
        if bound is None:
            continue
        if variable.type is VariableType.DURATION:
            if not isinstance(bound, str) or _duration(bound) is None:
                faults.add(f"{path}.{key}", f"{_shown(bound)} is not a duration", '"30s"')
        elif isinstance(bound, bool) or not isinstance(bound, int):
            faults.add(f"{path}.{key}", f"{_shown(bound)} is not a whole number", "e.g. 1")
    return len(faults.problems) == before


def _check_own(variable: Variable, key: str, value: Any, path: str, faults: _Faults) -> None:
    if value is None or value == "":
        return
    try:
        _typed(variable, value)
    except _Wrong as wrong:
        faults.add(f"{path}.{key}", wrong.reason, wrong.hint)


def _check_placeholders(template: Template, faults: _Faults) -> None:
    names = [variable.name for variable in template.variables]
    used = set()
    for path, name in placeholders(template.job):
        used.add(name)
        if template.variable(name) is None and f"variables.{name}" not in _faulty(faults):
            reason = f"{{{{{name}}}}} is not a variable of this template"
            faults.add(f"job.{path}", reason, _nearest(name, names))
    for name in names:
        if name not in used:
            faults.add(f"variables.{name}", "is used nowhere in job", "use it, or remove it")
    body = (template.job.get("webhook") or {}) if isinstance(template.job, Mapping) else {}
    text = body.get("body") if isinstance(body, Mapping) else None
    if isinstance(text, str) and text.lstrip()[:1] in ("{", "[") and PLACEHOLDER.search(text):
        whole = PLACEHOLDER.match(text.strip())
        if not whole:
            hint = "write it as an object, so that each value is quoted as JSON asks"
            faults.add("job.webhook.body", "is JSON with placeholders, written as text", hint)


def _faulty(faults: _Faults) -> set[str]:
    return {".".join(problem.field.split(".")[:2]) for problem in faults.problems}


def _check_job(template: Template, faults: _Faults) -> None:
    """Parse the job with something in each gap, so that a slip in it is found now."""
    try:
        parse_job(fill(template, stand_ins(template)))
    except InvalidDocument as error:
        for problem in error.problems:
            faults.add(f"job.{problem.field}", problem.reason, problem.hint)


def stand_ins(template: Template) -> dict[str, Any]:
    """Something for each variable: its example, its default, or what its type suggests."""
    chosen = {}
    for variable in template.variables:
        value = variable.default if variable.example is None else variable.example
        if value is None or value == "":
            value = variable.choices[0] if variable.choices else _STAND_INS.get(variable.type, "x")
        chosen[variable.name] = value
    return chosen


def template_document(template: Template) -> Document:
    """A template as the public reads and writes it."""
    return {
        "category": template.category,
        "name": template.name,
        "version": template.version,
        "title": template.title,
        "description": template.description,
        "icon": template.icon,
        "tags": list(template.tags),
        "changes": template.changes,
        "documentation": template.documentation,
        "variables": {one.name: variable_document(one) for one in template.variables},
        "job": template.job,
    }


def variable_document(variable: Variable) -> Document:
    """A variable as the public reads and writes it; what it does not say is left out."""
    document: Document = {
        "type": variable.type.value,
        "title": variable.title,
        "description": variable.description,
        "required": variable.required,
        "default": variable.default,
        "example": variable.example,
        "pattern": variable.pattern,
        "min": variable.least,
        "max": variable.most,
        "choices": list(variable.choices),
    }
    return {key: value for key, value in document.items() if value not in (None, "", [])}


# ---- values -------------------------------------------------------------------------------------


class _Wrong(Exception):
    """A value that its variable does not take; never says what a secret is."""

    def __init__(self, reason: str, hint: str):
        self.reason = reason
        self.hint = hint
        super().__init__(reason)


def checked_values(template: Template, given: object) -> dict[str, Any]:
    """A value for each variable, of its type: the given one, otherwise the default.

    Text is read as the type asks ("5", "true"), so that forms and command lines can send it.

    Raises:
        InvalidDocument: one problem per fault, as `values.<variable>`; a secret is never repeated.
    """
    if not isinstance(given, Mapping):
        hint = 'send {"variable": value, ...}'
        raise InvalidDocument([Problem("values", f"{_shown(given)} is not an object", hint)])
    faults = _Faults()
    faults.unknown(given, [variable.name for variable in template.variables], "values")
    values = {}
    for variable in template.variables:
        value = given.get(variable.name)
        if value is None or value == "":
            value = variable.default
        if value is None or value == "":
            if variable.required:
                faults.add(f"values.{variable.name}", "is missing", _wanted(variable))
            values[variable.name] = _nothing(variable)
            continue
        try:
            values[variable.name] = _typed(variable, value)
        except _Wrong as wrong:
            faults.add(f"values.{variable.name}", wrong.reason, wrong.hint)
    if faults.problems:
        raise InvalidDocument(faults.problems)
    return values


def _wanted(variable: Variable) -> str:
    if variable.example not in (None, "") and variable.type is not VariableType.SECRET:
        return f"{variable.title}, e.g. {variable.example}"
    return variable.description or variable.title


def _nothing(variable: Variable) -> Any:
    """What an optional variable without a default stands for."""
    return {VariableType.INTEGER: 0, VariableType.BOOLEAN: False}.get(variable.type, "")


def _typed(variable: Variable, value: Any) -> Any:
    kind = variable.type
    if kind is VariableType.INTEGER:
        value = _integer(value)
    elif kind is VariableType.BOOLEAN:
        value = _boolean(value)
    elif kind is VariableType.ENUM:
        value = next((one for one in variable.choices if str(one) == as_text(value)), value)
    elif not isinstance(value, str):
        shown = "it" if kind is VariableType.SECRET else _shown(value)
        raise _Wrong(f"{shown} is not text", "put it in quotes")
    if isinstance(value, str):
        _check_text(variable, value)
    if variable.choices and value not in variable.choices:
        raise _Wrong(
            f"{_shown(value)} is not a choice", _nearest(value, map(str, variable.choices))
        )
    if kind is VariableType.INTEGER:
        _check_range(variable, value, "")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,18}", value.strip()):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Wrong(f"{_shown(value)} is not a whole number", "e.g. 7")
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    if not isinstance(value, bool):
        raise _Wrong(f"{_shown(value)} is not a boolean", "true or false")
    return value


def _check_text(variable: Variable, value: str) -> None:
    kind, shown = variable.type, _shown(value)
    if len(value) > VALUE_LENGTH_MAX:
        raise _Wrong(f"is longer than {VALUE_LENGTH_MAX} characters", "shorten it")
    if kind is VariableType.SECRET:
        shown = "it"
        if value == HIDDEN:
            raise _Wrong(f"{HIDDEN} is what a hidden secret reads as", "write the secret itself")
    if "\x00" in value or (kind is not VariableType.STRING and "\n" in value):
        raise _Wrong("holds a line break or a control character", "one line of text")
    if kind is VariableType.URL and not re.match(r"https?://[^/\s]+\S*\Z", value):
        raise _Wrong(f"{shown} is not a URL", "http:// or https://, e.g. https://example.org")
    if kind is VariableType.CRON:
        try:
            parse_schedule(value, "UTC")
        except InvalidDocument as error:
            raise _Wrong(error.problems[0].reason, error.problems[0].hint) from None
    if kind is VariableType.DURATION:
        length = _duration(value)
        if length is None:
            raise _Wrong(f"{shown} is not a duration", 'such as "30s", "5m" or "1h30m"')
        _check_range(variable, length, " long", _duration)
    elif kind is not VariableType.ENUM:
        _check_range(variable, len(value), " characters long")
    if variable.pattern and not re.fullmatch(variable.pattern, value):
        raise _Wrong(f"{shown} does not have the form {variable.pattern}", _wanted(variable))


def _check_range(variable: Variable, size: int, unit: str, read: Any = lambda bound: bound) -> None:
    least, most = variable.least, variable.most
    if least is not None and size < read(least):
        raise _Wrong("is too small" if not unit else "is too short", f"at least {least}{unit}")
    if most is not None and size > read(most):
        raise _Wrong("is too large" if not unit else "is too long", f"at most {most}{unit}")


def _duration(text: str) -> int | None:
    try:
        return parse_duration(text)
    except InvalidDocument:
        return None
