"""What a sentence of an answer may say without a claim: yes, no, and that the materials lack it."""

import re

_LEAD_WORD = re.compile(
    r"^[\s*_]*(?:(?:yes|no|nope|right|correct|wrong)(?![\w'’-])"
    r"|不是(?:的|这样的?)?|是的?|不对|对的?|不|否|没有|没错|正确|错误)[\s*_]*"
    r"(?:(?:[,，。;；:：!！—–]|\.(?!\s*\d))[\s*_]*|$)",  # not "No. 5"
    re.IGNORECASE,
)


def without_lead_word(text: str) -> str:
    """Return `text` without the "Yes," or "不是，" that it begins with.

    That word answers the question; it negates nothing of the statement behind it.
    """
    return _LEAD_WORD.sub("", text, count=1)


_MATERIALS = r"(?:materials?|passages?|texts?|sources?|documents?|excerpts?|context|notes)(?: \d+)?"
_OPENING = (
    r"(?:[\s*_-]*(?:however|unfortunately|sorry|but|(?:please )?note|also|it seems"
    r"|it is worth noting)(?: that|[,:])?)*\s*"
)
_GIVEN = r"(?:(?:the|these|this|our|your|provided|given|above|course|study) )+"
_SAYS = (
    r"(?:say|mention|state|specify|contain|provide|give|cover|address|explain|describe|discuss|"
    r"include|tell|answer|hold|offer)s?"
)
_ENGLISH = [
    # "However, the given passages do not explicitly say …"
    rf"{_OPENING}(?:{_GIVEN}{_MATERIALS}|passage \d+)(?: provided| given| above)? "
    rf"(?:(?:do|does|did)(?: not|n't)|fails? to|never) (?:\w+ly )?{_SAYS}\b(?P<rest>.*)",
    # "There is nothing … in the materials"
    rf"{_OPENING}there is (?:no|nothing)\b.* in {_GIVEN}{_MATERIALS}(?P<rest>.*)",
    # "No passage says …", "None of the passages …"
    rf"{_OPENING}(?:no |none of {_GIVEN}){_MATERIALS} {_SAYS}\b(?P<rest>.*)",
    # "This is not mentioned in the materials"
    rf"{_OPENING}(?:this|that|it) is(?: not|n't) (?:\w+ly )?(?:said|mentioned|stated|given|covered|"
    rf"explained|described)?\b.*\b{_MATERIALS}(?P<rest>.*)",
]
_CHINESE = (
    # 但提供的材料里都没有直接说明……
    r"[\s*_-]*(?:但是?|不过|然而|可惜|很遗憾|很?抱歉|请?注意)?[，,：:]?"
    r"(?:(?:所|已)?(?:提供|给出)的|这些|上述|上面的?|课程|学习|本|该)*"
    r"(?:材料|资料|段落|文档|原文|上文|课文|来源)[一二三四五六七八九十\d]*(?:里面?|之?中|内)?"
    r"(?:都|均|也|并|却)*(?:没有?|未曾?|不)(?:直接|明确|具体|详细)?地?"
    r"(?:说|提|给|涉及|包含|包括|讲|介绍|写|谈|描述|讨论|回答|指出|解释|记载|相关|关于|任何)"
    r"(?P<rest>.*)"
)
_LACKING = [re.compile(pattern, re.IGNORECASE) for pattern in [*_ENGLISH, _CHINESE]]
_GOES_ON = re.compile(
    r"\b(?:but|so|although|though|however|while|whereas|except|only|because|since|instead|rather)\b"
    r"|, (?:it|they|and|which)\b|;|[，；](?!也|更|或|以及)|但|不过|所以|因此|而是|只",
    re.IGNORECASE,
)


def says_materials_lack_it(text: str) -> bool:
    """Whether `text` says that the materials don't say something, and nothing else beside it."""
    plain = text.strip().replace("’", "'")
    found = (pattern.fullmatch(plain) for pattern in _LACKING)
    return any(match and not _GOES_ON.search(match["rest"]) for match in found)
