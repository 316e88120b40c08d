"""What kind of trouble: the bank's plans sort by it, and it decides who owns an incident."""

from __future__ import annotations

CATEGORIES: dict[str, dict[str, str]] = {
    "system": {"zh": "系统故障", "en": "System failure"},
    "attack": {"zh": "网络攻击", "en": "Network attack"},
    "data": {"zh": "数据", "en": "Data"},
    "device": {"zh": "设备损坏", "en": "Device failure"},
    "power": {"zh": "停电", "en": "Power"},
    "link": {"zh": "链路", "en": "Link"},
    "cash": {"zh": "现钞", "en": "Cash"},
    "premises": {"zh": "营业场所", "en": "Premises"},
    "disaster": {"zh": "自然灾害", "en": "Natural disaster"},
    "third_party": {"zh": "第三方", "en": "Third party"},
    "fraud": {"zh": "欺诈", "en": "Fraud"},
    "epidemic": {"zh": "公共卫生", "en": "Public health"},
    "complaint": {"zh": "投诉", "en": "Complaints"},
    "other": {"zh": "其他", "en": "Other"},
}
"""Category to its title by language. The order is that of the bank's plans."""

_FLAGS: dict[str, dict[str, str]] = {
    "outage": {"zh": "中断", "en": "outage"},
    "degraded": {"zh": "性能下降", "en": "degraded"},
    "funds_at_risk": {"zh": "资金风险", "en": "funds at risk"},
    "data_leak": {"zh": "数据泄露", "en": "data leak"},
    "malicious": {"zh": "恶意行为", "en": "malicious"},
    "customer_harm": {"zh": "客户受损", "en": "harm to customers"},
    "public_harm": {"zh": "公众受损", "en": "harm to the public"},
}

FLAGS = tuple(_FLAGS)
"""What a regulator's clock or a plan asks about an incident, beside category and severity."""


def title(category: str, language: str) -> str:
    """The category's name in a language; its identifier when there is none."""
    return CATEGORIES.get(category, {}).get(language.split("-", maxsplit=1)[0], category)


def flag_title(flag: str, language: str) -> str:
    """The flag in a language; its identifier when there is no word."""
    return _FLAGS.get(flag, {}).get(language.split("-", maxsplit=1)[0], flag)
