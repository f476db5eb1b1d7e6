"""The application settings: a table for each topic, from the settings that the code reads."""

from __future__ import annotations

from triage.settings import TABLE, Setting


def part() -> str:
    """A heading and a table for each topic, as Markdown."""
    return "\n\n".join(f"## {topic}\n\n{_table(settings)}" for topic, settings in TABLE.items())


def _table(settings: tuple[Setting, ...]) -> str:
    rows = [f"| `{setting.name}` | {setting.meaning} | {_default(setting)} |" for setting in settings]
    return "\n".join(["| setting | what it does | default |", "|---|---|---|", *rows])


def _default(setting: Setting) -> str:
    if setting.required:
        return "required"
    if setting.default in (None, ""):
        return "none"
    text = str(setting.default).lower() if isinstance(setting.default, bool) else str(setting.default)
    return f"`{text}`"
