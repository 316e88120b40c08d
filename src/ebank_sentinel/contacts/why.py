"""Why somebody is paged, as a sentence in the bank's language."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ebank_sentinel.model.localtime import wall_time

_ENGLISH = {
    "on_call": "on call in {group} (rota {rota}, until {until})",
    "next": "next in {group} (rota {rota}, until {until})",
    "stand_in": "on call in {group} for {other}, who is away (rota {rota}, until {until})",
    "all": "member of {group}, where all members are on call",
    "leader": "leader of {group}",
    "deputies": "deputy leader of {group}",
    "members": "member of {group}",
    "superior": "superior of {other}",
    "named": "named in the escalation of {group}",
    "gap": "nobody is on call in {group} (rota {rota})",
    "nobody": "nobody whom the first step of {group} means is there",
    "all_away": "everybody in {group} is away, and somebody must know",
    "else": "nobody to be found in {group}",
}
_CHINESE = {
    "on_call": "{group}当班(轮值{rota}, 至{until})",
    "next": "{group}备班(轮值{rota}, 至{until})",
    "stand_in": "{group}当班, 代{other}(不在岗; 轮值{rota}, 至{until})",
    "all": "{group}成员(全员当班)",
    "leader": "{group}组长",
    "deputies": "{group}副组长",
    "members": "{group}成员",
    "superior": "{other}的上级",
    "named": "{group}通知名单",
    "gap": "{group}无人当班(轮值{rota})",
    "nobody": "{group}第一步通知的人均不在岗",
    "all_away": "{group}全员不在岗, 仍须有人知晓",
    "else": "{group}找不到人",
}
_ENGLISH_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CHINESE_DAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


class Why:
    """Sentences in one language and zone."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self._chinese = language.startswith("zh")
        self._zone = zone

    def say(self, key: str, **words: str) -> str:
        """The sentence for a key."""
        return (_CHINESE if self._chinese else _ENGLISH)[key].format(**words)

    def together(self, sentences: list[str]) -> str:
        """Several sentences, each once, as one."""
        return (";" if self._chinese else "; ").join(dict.fromkeys(sentences))

    def moment(self, moment: datetime, at: datetime) -> str:
        """`Mon 09:00` within the week that comes, else with its date."""
        wall = wall_time(moment, self._zone)
        if moment - at < timedelta(days=6):
            return f"{(_CHINESE_DAYS if self._chinese else _ENGLISH_DAYS)[wall.weekday()]} {wall:%H:%M}"
        return f"{wall:%Y-%m-%d %H:%M}"
