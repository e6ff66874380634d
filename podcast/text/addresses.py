"""Addresses and dialled numbers.

https://openai.com/blog     open A I 点 com 斜杠 blog     the scheme is dropped, as newsreaders do
hello@openai.com            hello at open A I 点 com
Node.js                     Node 点 J S
127.0.0.1                   一二七点零点零点一
13501234567, 热线 12315      幺三五零幺二三四五六七, 幺二三幺五
编号 27149, 0700.HK          digit by digit
"""

from __future__ import annotations

import re

from podcast.text import numbers
from podcast.text.latin import say_name
from podcast.text.rules import Line, Rule, Said, is_counted, line_rule, precedes, rule, table

_ENDINGS = "|".join(sorted({ending for row in table("endings") for ending in row[0].split()}, key=len, reverse=True))
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
_PATH = r"(?:/[A-Za-z0-9._~%&=+@#?/:-]*[A-Za-z0-9/=#])?/?"
_SIGNS = {
    "/": "斜杠", ".": "点", "?": "问号", "=": "等于", "&": "and", "#": "井号", "%": "百分号", "+": "加", "@": "at",
    "~": "波浪号", ":": "冒号", "_": "下划线", "-": "",
}  # fmt: skip
_PART = re.compile(r"[A-Za-z]+|\d+|.")


def _say_address(written: str, line: Line) -> str:
    """Letters as names, digits one by one, signs by their names."""
    said = []
    for part in _PART.findall(written.rstrip("/")):
        if part.isdigit():
            said.append(numbers.digits(part))
        else:
            said.append(_SIGNS[part] if part in _SIGNS else say_name(part, line).text)
    return " ".join(part for part in said if part)


@line_rule("web address", rf"(?:https?|ftp)://({_HOST}(?::\d+)?{_PATH})", "letter")
def web(match: re.Match[str], line: Line) -> Said:
    return Said(_say_address(match[1], line), note="the scheme is not said")


@line_rule("mail address", rf"[A-Za-z0-9][A-Za-z0-9._+-]*@{_HOST}\.[A-Za-z]{{2,}}", "letter digit")
def mail(match: re.Match[str], line: Line) -> str:
    return _say_address(match[0], line)


@line_rule("web address", rf"(?:{_HOST}\.)(?:{_ENDINGS})(?![A-Za-z0-9_])({_PATH})", "letter digit")
def domain(match: re.Match[str], line: Line) -> str | None:
    """openai.com, Node.js, config.json, Character.AI"""
    return _say_address(match[0], line)


@rule("network address", r"(\d{1,3}(?:\.\d{1,3}){3})(:\d+)?(?![\d.])")
def ip(match: re.Match[str]) -> str:
    port = f"冒号{numbers.digits(match[2][1:])}" if match[2] else ""
    return (
        "点".join(numbers.digits(part) if len(part) > 2 else numbers.cardinal(part) for part in match[1].split("."))
        + port
    )


@rule("telephone", r"(?:\+86[ -]?|86[ -])?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\d.])", "digit symbol")
def mobile(match: re.Match[str]) -> str:
    return _dialled(match[0])


@rule("telephone", r"(?:0\d{2,3}-\d{3,4} ?\d{4}|[48]00-?\d{3,4}-\d{3,4}|[48]00\d{7})(?:-\d{1,5})?(?![\d.])")
def landline(match: re.Match[str]) -> str:
    return _dialled(match[0])


@rule("telephone", r"\d{3,12}(?![\d.,:])")
def dialled(match: re.Match[str]) -> str | None:
    """热线12315, 拨打110"""
    if is_counted(match.string, match.end()):
        return None
    called = (
        r"(?:电话|手机号?|热线|致电|拨打|拨|来电|传真|短号|尾号|(?<!支)呼叫|给)(?:号码)?"
        r"(?:投诉|客服|服务|咨询|报警|急救|集团)?(?:号|是|为|：|:)?\s?"
    )
    if precedes(match, called, 16) and not (precedes(match, "给") and not match.string[match.end() :].startswith("打")):
        return _dialled(match[0])
    return None


@rule("code", r"\d{3,20}(?![\d.,:])")
def code(match: re.Match[str]) -> str | None:
    """编号 27149, 股票代码 600519"""
    if is_counted(match.string, match.end()):
        return None
    named = (
        r"(?:编号|学号|卡号|单号|账号|工号|号码|代码|房间号?|邮编|验证码|密码|编码|证号|序列号|牌照|航班号?|车次|端口|QQ号?)"
        r"(?:是|为|：|:)?\s?"
    )
    return numbers.digits(match[0]) if precedes(match, named, 16) else None


@rule("code", r"\d{4}\.\d{4,5}(?!\d)")
def preprint(match: re.Match[str]) -> str | None:
    """arXiv:2505.09439"""
    named = precedes(match, r"arXiv\s?[:：]?\s?", 16)
    return "点".join(map(numbers.digits, match[0].split("."))) if named else None


@rule("stock code", r"(\d{4,6})\.(HK|SH|SZ|SS|BJ|TW|KS|T)(?![A-Za-z])")
def stock(match: re.Match[str]) -> str:
    return f"{numbers.digits(match[1])}点{' '.join(match[2])}"


def _dialled(written: str) -> str:
    plus = "加" if written.startswith("+") else ""
    return plus + numbers.phone_digits("".join(re.findall(r"\d", written)))


RULES: tuple[Rule, ...] = (web, mail, preprint, stock, domain, ip, mobile, landline, dialled, code)
