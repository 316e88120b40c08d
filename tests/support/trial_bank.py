"""A small bank whose rules have a row of every kind, and tests of them as text."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent, indent

from ebank_sentinel.errors import ConfigError
from ebank_sentinel.trial.bench import Bench, Verdict
from ebank_sentinel.trial.load import load_suites

NOW = datetime(2026, 12, 1, tzinfo=UTC)

FILES = {
    "sentinel.yaml": """
        bank: {name: 示例银行, language: zh-CN, timezone: Asia/Shanghai}
        rules: [rules/]
        contacts: contacts/
        topology: topology.yaml
        times: times.yaml
        probes:
          login: {http: {url: "https://ebank.example/health", read: {queue: queue.depth}}, every: 15s}
          atm:
            http: {url: "http://{address}/status", read: "*"}
            targets: {csv: atms.csv, key: terminal}
            every: 30s
          ups: {tcp: {address: "{ups}"}, every: 30s, targets: {key: ups, rows: [{ups: "10.0.0.9:1", branch: "0001"}]}}
          rate: {promql: {server: "http://127.0.0.1:9090", query: {rate: sum(ok), attempts: sum(all)}}, every: 30s}
          wrong: {promql: {server: "http://127.0.0.1:9090", query: ALERTS}, absent: clear, every: 30s}
        channels:
          mail: {email: {host: 127.0.0.1, port: 1025, sender: sentinel@bank.example}}
          sms: {sms_http: {profile: kannel, url: "http://127.0.0.1:13013/", user: bank, password: {file: missing}}}
          hook: {webhook: {url: "http://127.0.0.1:8081/", secret: {file: missing}}}
    """,
    "times.yaml": """
        times: {business: "08:30-17:30"}
    """,
    "topology.yaml": """
        levels: [terminal, branch, region]
    """,
    "atms.csv": """
        terminal,branch,region,address
        T1,0001,north,10.0.0.1:80
    """,
    "contacts/all.yaml": """
        people:
          wang: {name: 王芳, language: zh-CN, sms: "+8613800000001", email: wang@bank.example}
          li: {name: Li Lei, language: en, sms: "+8613800000002", email: li@bank.example}
        groups:
          technical: {members: [wang]}
          logistics: {members: [li]}
        severities:
          I: {via: [sms], wait: 3m}
          II: {via: [sms], wait: 5m}
          III: {via: [{first_of: [sms, mail]}], wait: 10m}
          IV: {via: [mail], wait: 30m}
    """,
    "rules/all.yaml": """
        rules:
          - id: atm-dark
            title: {zh-CN: ATM失联, en: ATM dark}
            watch: atm
            when: not up
            for: 5m
            category: device
            severity: IV
            groups: [technical]
            worse: [{for: 2h, severity: III}]
            widens: [{over: branch, share: 100%, at_least: 2, within: 5m, category: link, severity: III}]
            because: [{seen: on-battery, same: branch, within: 10m, category: power, groups: [logistics]}]
          - id: on-battery
            title: {zh-CN: 停电, en: On battery}
            watch: ups
            when: not up
            category: power
            severity: IV
            groups: [logistics]
          - id: login-low
            title: {zh-CN: 登录失败, en: Logins failing}
            number: "{rate:.0%}"
            watch: rate
            when: rate < 0.95 and attempts >= 200
            for: 3m
            category: system
            severity: III
            groups: [technical]
            worse: [{when: rate < 0.5, severity: II}]
            unless: [{rule: login-down, same: []}]
          - id: login-down
            title: {zh-CN: 登录中断, en: Login down}
            watch: login
            when: not up
            category: system
            severity: II
            groups: [technical]
            worse: [{count: 2, within: 1d, tell: [logistics]}]
          - id: everything-down
            title: {zh-CN: 全部中断, en: All down}
            all_of: [login-down, something-wrong]
            same: []
            within: 10m
            category: system
            severity: I
            groups: [technical]
          - id: login-gone
            title: {zh-CN: 指标缺失, en: No figures}
            watch: rate
            when: no_data
            category: system
            severity: IV
            groups: [technical]
          - id: something-wrong
            title: {zh-CN: 有问题, en: Something}
            watch: wrong
            when: value > 0
            category: system
            severity: III
            groups: [technical]
          - id: phishing
            title: {zh-CN: 钓鱼网站, en: Phishing}
            watch: {report: phishing}
            category: attack
            severity: III
            groups: [technical]
          - id: pushed
            title: {zh-CN: "{alertname}", en: "{alertname}"}
            watch: {alert: 'team="pay"'}
            category: other
            severity: III
            groups: [technical]
          - id: sms-failing
            title: {zh-CN: 短信失败, en: SMS fails}
            watch: {own: channels}
            when: failing > 0.5
            category: system
            severity: IV
            groups: [technical]
          - id: for-later
            title: 以后
            watch: not_there
            needs: "a probe `not_there`"
            when: not up
            category: system
            severity: IV
            groups: [technical]
    """,
}


def write_bank(folder: Path) -> Path:
    """All files of the bank; the folder in which its tests lie."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip(), encoding="utf-8")
    tests = folder / "rules" / "tests"
    tests.mkdir()
    return tests


def write_tests(folder: Path, *tests: str, name: str = "some.test.yaml", config: str = "../../sentinel.yaml") -> Path:
    """A file of tests, each as the block that stands under `tests:`."""
    blocks = [indent(dedent(test).strip(), "    ") for test in tests]
    text = "\n".join("  - " + block[4:] for block in blocks)
    file = folder / name
    file.write_text(f"config: {config}\ntests:\n{text}\n", encoding="utf-8")
    return file


def run(folder: Path, *tests: str) -> list[Verdict]:
    """The verdict on each test."""
    [suite] = load_suites([write_tests(folder, *tests)], now=NOW)
    bench = Bench(suite.config)
    return [bench.run(case) for case in suite.cases]


def differences(folder: Path, test: str) -> list[str]:
    """What is not as a test expects, in words."""
    [verdict] = run(folder, test)
    return [line for one in verdict.differences for line in one.lines]


def mistakes(folder: Path, *tests: str) -> list[str]:
    """What is wrong with a file, without the name of the folder: `line:column: key: reason`."""
    file = write_tests(folder, *tests)
    try:
        load_suites([file], now=NOW)
    except ConfigError as error:
        return [str(problem).removeprefix(f"{file}:") for problem in error.problems]
    return []
