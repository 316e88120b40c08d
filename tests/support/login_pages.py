"""What people get when the logins of `bank_files` fail, get worse and recover."""

from __future__ import annotations

from support.story import Story

ALARM = (
    "wang.fang sms 三级 登录失败 成功率90%(平时98%)",
    "wang.fang mail [三级] 登录失败",
    "chen.jing sms 三级 登录失败 成功率90%(平时98%)",
    "chen.jing mail [三级] 登录失败",
    "hook hook alarm III 登录失败",
)
WORSE = (
    "wang.fang sms 升为二级 登录失败 成功率60%(平时98%)",
    "wang.fang mail [升为二级] 登录失败",
    "chen.jing sms 升为二级 登录失败 成功率60%(平时98%)",
    "chen.jing mail [升为二级] 登录失败",
    "hook hook worse II 登录失败",
    "zhao.hang sms 升为二级 登录失败 成功率60%(平时98%)",
    "zhao.hang mail [升为二级] 登录失败",
)
ALL_CLEAR = (
    "wang.fang sms 已恢复 登录失败",
    "wang.fang mail [已恢复] 登录失败",
    "chen.jing sms 已恢复 登录失败",
    "chen.jing mail [已恢复] 登录失败",
)


def login(story: Story, rate: float) -> None:
    """From now on so many logins succeed."""
    story.target.body["/login"] = {"rate": rate}
