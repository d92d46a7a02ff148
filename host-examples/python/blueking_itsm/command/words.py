"""English and Chinese, in the words of the native program."""

from __future__ import annotations

from typing import Callable

from ..diagnosis import (
    CallbackUrlError,
    Language,
    NotJson,
    NoZeroCode,
    Redirect,
    Refused,
    Status,
    Unreachable,
)
from ..tickets import Ending
from ..types import (
    Ambiguous,
    Confirmation,
    Ended,
    Foreign,
    Missing,
    Open,
    Undecidable,
    Undecided,
    Untraceable,
    Verdict,
)


def language(given: Callable[[str], str | None]) -> Language:
    """The language that ITSM_LANGUAGE or the locale asks for."""
    names = ("ITSM_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for value in map(given, names) if value), "")
    return Language.CHINESE if locale.startswith("zh") else Language.ENGLISH


def say(language: Language, english: str, chinese: str) -> str:
    """One of two sentences."""
    return chinese if language is Language.CHINESE else english


def reason(error: Exception) -> str:
    """What went wrong on this machine."""
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        return f"{error.strerror} (os error {error.errno})"
    return str(error)


VERDICTS = {
    Verdict.OPEN: "未结束",
    Verdict.APPROVED: "审批通过",
    Verdict.REJECTED: "审批拒绝",
    Verdict.COMPLETED: "已完成（没有经过审批）",
    Verdict.WITHDRAWN: "已撤单",
    Verdict.TERMINATED: "已终止",
    Verdict.CLOSED: "已关闭",
}
ENDINGS = {
    Ending.OPEN: ("open: somebody has to act", "未结束，等待处理"),
    Ending.STUCK: ("stuck: no node runs", "卡住了：没有节点在运行"),
    Ending.APPROVED: ("approved", "审批通过"),
    Ending.COMPLETED: ("completed without an approval", "已完成（没有经过审批）"),
    Ending.REJECTED: ("rejected", "审批拒绝"),
    Ending.REJECTED_AND_TERMINATED: ("rejected, which ended the ticket", "审批拒绝，单据随之终止"),
    Ending.TERMINATED: ("terminated", "已终止"),
    Ending.WITHDRAWN: ("withdrawn", "已撤单"),
    Ending.CLOSED: ("closed", "已关闭"),
    Ending.UNDETERMINED: ("a person must look", "无法判定，需要人工查看"),
}


def verdict(of: Verdict, language: Language) -> str:
    """A verdict, for people."""
    return say(language, str(of), VERDICTS[of])


def ending(of: Ending, language: Language) -> str:
    """An ending, for people."""
    return say(language, *ENDINGS[of])


def confirmation(of: Confirmation, language: Language) -> str:
    """What ITSM says of a ticket, for people."""
    if isinstance(of, Ended):
        return verdict(of.value.verdict, language)
    if isinstance(of, Open):
        return say(language, "open", "未结束")
    if isinstance(of, Undecided):
        return say(language, "ended, and the result can't be read yet", "已结束，但还读不到结果")
    if isinstance(of, Undecidable):
        return say(language, f"ended, and a person must look: {of.why}", f"已结束，需要人工查看：{of.why}")
    if isinstance(of, Foreign):
        return say(language, "another operation's ticket", "是别的操作的单据")
    if isinstance(of, Missing):
        return say(language, "no such ticket", "没有这张单据")
    if isinstance(of, Ambiguous):
        return say(language, "several such tickets", "有多张这样的单据")
    if isinstance(of, Untraceable):
        return say(language, "can't be found by its tag", "无法按标签查找")
    return of.value


def callback_error(of: CallbackUrlError, language: Language) -> str:
    """Why an address can't receive callbacks, for people."""
    why = of.reason
    if isinstance(why, Unreachable):
        return why.value.message
    if isinstance(why, Redirect):
        return say(
            language,
            f"redirects with {why.value}: ITSM would follow, and its POST would become a GET",
            f"以 {why.value} 重定向：ITSM 会跟随，POST 会变成 GET",
        )
    if isinstance(why, Status):
        return say(
            language,
            f"answers with status {why.value}, which ITSM takes for a failure",
            f"返回状态码 {why.value}，ITSM 视为失败",
        )
    if isinstance(why, NotJson):
        return say(
            language,
            "does not answer with a JSON object: often a login page stands in front",
            "应答不是 JSON 对象：多半是前面有登录页",
        )
    if isinstance(why, NoZeroCode):
        return say(language, "its answer has no code 0", "应答中没有等于 0 的 code")
    if isinstance(why, Refused):
        return say(
            language,
            f"answers as a receiver, and refuses: {why.value}",
            f"是接收方，但拒绝了：{why.value}",
        )
    return why.value


def decided(approved: bool, language: Language) -> str:
    """Yes or no."""
    return say(language, "approved", "同意") if approved else say(language, "refused", "拒绝")
