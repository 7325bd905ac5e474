"""What a question asks for, by its words: a number, a name; and whether a text gives that."""

import re

from assistant.language import chinese_names, content_words, detect_language
from assistant.numbers_in_text import has_number
from assistant.support import is_negated, names

_ASKS_FOR_NUMBER = re.compile(
    r"\bhow (?:many|much|long|large|big|often|fast|high)\b"
    # "what learning rate did they use", not "what is the learning rate"
    r"|\b(?:what|which) (?:(?!is|are|was|were|does|do|did|the|an?\b)[a-z-]+ ){0,2}"
    r"(?:year|date|number|size|percentage|rate|coefficient|price|score|accuracy)\b"
    r"|^when (?:was|were|did)\b"
    r"|多少|(?<!哪)几(?:个|名|次|层|年|天|小时|位|亿|万|种|篇|步|项|倍|成|块|张|台|轮|条|页|行)|哪一?年|多大|多久"
    r"|几点(?:钟|开|关|上|下|结束)|几时",
    re.IGNORECASE,
)


def asks_for_number(question: str) -> bool:
    """Whether `question` wants a number or a date for an answer."""
    return bool(_ASKS_FOR_NUMBER.search(question))


_ASKS_FOR_NAME = re.compile(
    r"^(?:and |so )?(?:who|whose)\b|\b(?:which|what) (?:company|firm|university|city|country|"
    r"person|lab|team|journal|conference|school)\b|\bthe names? of\b|\bwhat .{0,40}\bnamed\b"
    r"|谁(?=是|最?[先早]|负责|审批|批准|管|主持|提出|发明|写|创|说|做|开发|发表)|[是由]谁|哪[一几]?(?:家|位|国|所大学|个(?:公司|部门|机构|单位|团队|大学|国家|城市))|叫(?:啥|什么)名"
    r"|名字(?:叫|是)什么|什么名字|啥名字",
    re.IGNORECASE,
)


def asks_for_name(question: str) -> bool:
    """Whether `question` wants a person, a place, an institution or a name for an answer."""
    return bool(_ASKS_FOR_NAME.search(question))


_HAND_OVER = re.compile(
    r"\b(?:show|give|send|forward|read) (?:it to )?(?:me|us)\b"
    r"|\b(?:paste|dump|reveal|export|print out|hand over)\b"
    r"|(?:贴|发|拿|念|抄|复制|导出|透露|展示|打印|交)(?:给我|给我们|出来|过来)|给我(?:看|贴|发|念|导出|打印)",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    r"\b(?:documents?|files?|attachments?|appendix|checklists?|reports?|folders?|memos?|minutes|"
    r"records?|passwords?|system prompt|(?:full|whole|entire) text)\b"
    r"|文件|文档|附件|附录|清单|报告|名单|纪要|记录|密码|密钥|系统提示|全文|原文",
    re.IGNORECASE,
)


def asks_for_document(question: str) -> bool:
    """Whether `question` wants a document handed over: what one says of it is no answer."""
    return bool(_HAND_OVER.search(question) and _DOCUMENT.search(question))


_ASKS_TO_COMPARE = re.compile(
    r"\b(?:better|worse|faster|slower|cheaper|easier|safer|stronger|more \w+|less \w+)\b"
    r"|\b(?:vs|versus|compared?|comparison|differences?|differs?|prefer|instead of)\b"
    r"|对比|相比|比较|区别|差别|不同|二选一|哪[个种][\u4e00-\u9fff]{0,4}[好快准强省少多大小高低]",
    re.IGNORECASE,
)


def asks_to_compare(question: str) -> bool:
    """Whether `question` wants two things held against each other."""
    return bool(_ASKS_TO_COMPARE.search(question))


_ASKS_WHICH = re.compile(
    r"\b(?:which|what) (?:[a-z-]+ ){0,3}"
    r"(?:models?|datasets?|data sets?|engines?|languages?|authors?|tools?|libraries|library) "
    r"(?:was|were|did|does|do|has|had|have|is|are|should|can|could|would)\b"
    r"|哪(?:个|些|几个|款|种)[^，。？]{0,6}(?:模型|数据集|公司|引擎|语言|工具|软件)",
    re.IGNORECASE,
)
"""Wants one of a kind by its name; unlike after "who", the name may be a word like any other."""

_FIRST = re.compile(r"(?:^|[.!?] )([A-Z][a-z]+)")
"""The first word of a sentence may be a name, or any other."""

_REFERENCE = re.compile(r"[（(][^（）()]*\b(?:19|20)\d\d[a-z]?[）)]")
"""(Kojima et al., 2022): names who found it, and when, not what was asked for."""

_ASKS_WHEN = re.compile(r"\b(?:year|date|when)\b|年|几时|日期", re.IGNORECASE)

_UNITS = tuple(
    (re.compile(asked, re.IGNORECASE), re.compile(given, re.IGNORECASE))
    for asked, given in [
        (r"(?:多少|多大)(?:的)?(?:内存|显存|空间|存储)"
         r"|\bhow much (?:gpu |video )?(?:memory|v?ram|disk)\b",
         r"字节|\b[KMGT]i?B\b|[KMGT]i?B(?![A-Za-z])|\bbytes?\b"),
        (r"多久|多长时间|(?:几|多少)个?(?:小时|分钟|秒|天|周|月)"
         r"|\bhow many (?:hours|days|weeks|months|minutes)\b"
         r"|\bhow long (?:did|does|do|will|would) .{0,60}\b(?:take|last|run)\b",
         r"秒|分钟|小时|[天日周月年]|\b(?:ms|s|min|h|(?:second|minute|hour|day|week|month|year)s?)\b"),
        (r"(?:哪种|什么|几块|多少块?)\s*(?:芯片|硬件|显卡|GPU|TPU)"
         r"|\b(?:what|which|how many) (?:hardware|chips?|accelerators?|GPUs?|TPUs?)\b",
         r"芯片|显卡|\b(?:[GTC]PUs?|[AVHP]\d{2,4}|chips?|accelerators?)(?![A-Za-z])"),
        (r"多少钱|什么价|\bhow much (?:does|do|did|would|will) .{1,60}\bcost\b",
         r"元|美分|[$€£]\s?\d|\b(?:dollar|euro|cent)s?\b"),
    ]
)  # fmt: skip
"""What is measured in units of its own, and these units: the expected type of the answer."""

_PART = re.compile(r"[，。；？！,;?!]+|\s(?:and|还有|以及)\s", re.IGNORECASE)


def gives_what_is_asked(question: str, text: str) -> bool:
    """Whether `text` has a number of what is counted, or a name, if `question` asks for one.

    Of several that are asked for, one is enough: another sentence may have the others. A denial
    gives what is asked, too: "Siri was no language model" says which model it ran on.
    """
    parts = [_gives(part, text, question) for part in _PART.split(question)]
    asked = [is_given for is_given in parts if is_given is not None]
    return not asked or any(asked)


def _gives(part: str, text: str, question: str) -> bool | None:
    """Return whether `text` has what a `part` of `question` asks for; None if that is nothing."""
    units = [given for asked, given in _UNITS if asked.search(part)]
    if units:
        return (has_number(text) or not asks_for_number(part)) and all(
            unit.search(text) for unit in units
        )
    if asks_for_number(part):
        given = text if _ASKS_WHEN.search(part) else _REFERENCE.sub(" ", text)
        return has_number(given) and names_what_is_counted(part, text)
    if asks_for_name(part) or _ASKS_WHICH.search(part):
        return _has_other_name(_REFERENCE.sub(" ", text), question) or is_negated(text)
    return None


def _has_other_name(text: str, question: str) -> bool:
    """Whether `text` names something that `question` does not."""
    found = [*names(text), *_FIRST.findall(text), *chinese_names(text)]
    asked = question.lower()
    return any(name.lower() not in asked and content_words(name) for name in found)


_COUNTED = re.compile(
    r"\bhow many ((?:(?!(?:a|are|can|could|did|do|does|got|had|has|have|in|is|of|per|should|the|to|"
    r"was|were|will|would|you|we|they|it)\b)[A-Za-z-]+\s*){1,3})",
    re.IGNORECASE,
)


_MEASURED = re.compile(
    r"\b(?i:what|which) (?:(?:was|were) the )?((?:(?!is|are|was|were|the|an?\b)[\w-]+ ){0,2}"
    r"(?:size|rate|dropout|coefficient|threshold|dimension|M|k))"
    r"(?= (?:did|does|do|should|was|were|would|can|in|of|for|to)\b)"
)
_GENERIC = frozenset(content_words("size rate dimension 显存 内存 空间 时间 例子"))
"""Say nothing of what is measured: of "vocabulary size", the first word does; or have units."""

_SETTINGS = ("learning rate", "学习率", "批大小")
"""Known by these words together alone."""

_MEASURED_ZH = re.compile(
    r"(?P<before>[^，。？！,?!]*?[^，。？！,?!的])(?:一般|通常|大概|大约|应该)?"
    r"(?:有|是|取|设成|设为|设)\s*(?:多大|多高|多少)(?:$|[，。？！?!呢啊来])"
    r"|什么(?P<setting>学习率|批大小)"
    r"|(?:多少|(?<!哪)几)[个块张名位层种篇步项行台轮组句亿万道条]?\s*"
    r"(?P<after>[\u4e00-\u9fffA-Za-z]{2,})"
)


def names_what_is_measured(question: str, passage: str) -> bool:
    """Whether `passage` mentions whose size, rate or number `question` asks for at all.

    "T5 的词表有多大" is answered by nothing that never speaks of a 词表. Of several that are asked
    for, one is enough. True where there are none, and where the languages differ.
    """
    if detect_language(passage) != detect_language(question):
        return True
    found = [
        wanted
        for match in [*_MEASURED.finditer(question), *_MEASURED_ZH.finditer(question)]
        if (wanted := _measured(match))
    ]
    words, text = set(content_words(passage)), passage.lower()
    return not found or any(
        re.search(rf"(?<![A-Za-z]){wanted}(?![A-Za-z])", passage) is not None
        if len(wanted) == 1 and wanted.isascii()
        else wanted in words or wanted in text
        for wanted in found
    )


def _measured(match: re.Match[str]) -> str:
    """Return what is measured, a word (as in `content_words`) or a symbol; "" if that is open."""
    groups = match.groupdict()
    named = next(text for text in match.groups() if text)
    if named.lower() in _SETTINGS:
        return named.lower()
    if len(named) == 1 and named.isascii():
        return named
    if symbol := re.search(r"(?<![A-Za-z])[A-Za-z]$", (groups.get("before") or "").strip()):
        return symbol.group()
    nouns = [word for word in content_words(named) if word not in _GENERIC and len(word) > 1]
    if not nouns:
        return ""
    return nouns[0] if groups.get("after") else nouns[-1]


def names_what_is_counted(question: str, answer: str) -> bool:
    """Whether `answer` mentions what an English `question` wants counted: "how many layers".

    True where the question counts nothing, and where the languages differ.
    """
    match = _COUNTED.search(question) or _MEASURED.search(question)
    if match is None or detect_language(answer) != "en":
        return True
    counted = set(content_words(match[1]))
    return not counted or bool(counted & set(content_words(answer)))
