"""Rules on what is told to us, for tests of the doors: phishing, a robbery, an alert, and whatever else comes."""

TOLD_RULES = """\
  - id: phishing
    title: {zh-CN: 钓鱼网站, en: Phishing site}
    watch: {report: [phishing, scam]}
    category: attack
    severity: III
    groups: [technical]
    tell: [customer_service]
  - id: robbery
    title: {zh-CN: 抢劫, en: Robbery}
    watch: {report: robbery}
    category: premises
    severity: II
    referred: true
    groups: [technical]
  - id: report-unmatched
    title: {zh-CN: 其他报告, en: Other report}
    number: "{type}"
    watch: {unmatched: report}
    category: other
    severity: III
    groups: [command]
  - id: pay-alert
    title: {zh-CN: "{summary}", en: "{summary}"}
    impact: {zh-CN: "{description}", en: "{description}"}
    watch: {alert: 'team="pay"'}
    category: system
    severity: {label: severity, critical: II, warning: III, else: IV}
    groups: [technical]
"""
