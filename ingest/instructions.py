"""Phrases by which a document talks to the model that reads it, in English and Chinese.

A lesson on such attacks quotes them, so this is a warning for people, never a verdict. What keeps
the assistant safe is elsewhere: passages are data to it, and each sentence is checked.
"""

import re
import unicodedata
from collections.abc import Iterator

from ingest.findings import Finding, Stretch, excerpt
from ingest.hidden_characters import without_hidden

_SPACE = r"[\s<>\"“”‘*_`~]+"  # also marks that set words off
_WORDS = rf"(?:[\w'’-]+{_SPACE})"
_ENGLISH = (
    rf"(?:ignore|disregard|forget|override|bypass){_SPACE}{_WORDS}{{0,3}}"
    rf"(?:previous|prior|above|earlier|preceding|foregoing|all|any|your|system|other){_SPACE}"
    rf"{_WORDS}{{0,2}}(?:instructions?|prompts?|rules?|directions?|guidelines?|commands?)",
    rf"(?:reveal|print|show|repeat|output|leak|disclose){_SPACE}{_WORDS}{{0,3}}"
    r"(?:system\s+(?:prompt|message)|hidden\s+prompt|initial\s+(?:prompt|instructions))",
    r"you\s+are\s+(?:now|no\s+longer)\s+(?:\w+\s+){0,2}"
    r"(?:DAN|unrestricted|developer\s+mode|jailbroken|bound|assistant|chatbot|language\s+model)",
    rf"(?:do\s+not|don['’]?t|never)\s+(?:tell|mention|reveal|inform|warn){_SPACE}{_WORDS}{{0,3}}"
    r"(?:user|reader|human)s?\b",
    r"(?:new|updated|additional|important)\s+(?:system\s+)?instructions?\s*(?:for\s+[\w ]{2,20})?:",
    r"(?:note|message|instructions?|attention)\s*(?:to|for|,)?\s*(?:the\s+|any\s+|all\s+)?"
    r"(?:AI|LLM|language\s+model|chatbot|assistant)s?\b[\w ]{0,30}[:,]",
)
_CHINESE = (
    "(?:忽略|无视|忘记|忘掉|不要理会|不用理会|抛弃|覆盖|绕过)[^。！？\n]{0,12}"
    "(?:之前|以上|上述|上面|前面|先前|此前|所有|一切|全部|系统|原有|其他)[^。！？\n]{0,8}"
    "(?:指令|指示|提示|规则|命令|设定|限制)",
    "(?:输出|透露|显示|泄露|复述|打印|公开)[^。！？\n]{0,8}(?:系统提示|系统指令|隐藏提示|初始指令)",
    "你(?:现在|不再)(?:是|处于|扮演|进入|受)[^。！？\n]{0,10}"
    "(?:开发者模式|越狱|不受限制|无限制|限制|助手|模型|机器人)",
    "(?:不要|不得|切勿|禁止|别)(?:告诉|告知|让|向|提醒)[^。！？\n]{0,6}(?:用户|读者|提问者|学员)",
    "(?:新的?|最新|额外|重要)(?:系统)?(?:指令|指示)\\s*[:：]",
    "(?:致|请|阅读本文的|正在阅读的)[^。！？\n]{0,6}(?:AI|人工智能|大模型|语言模型|智能助手)"
    "[^。！？\n]{0,8}[:：]",
)
_TEMPLATES = (
    r"<\|(?:im_start|im_end|system|user|assistant|endoftext)\|>",
    r"\[/?INST\]",
    "<</?SYS>>",
)
_PHRASE = re.compile(
    "|".join(
        [*(rf"\b{phrase}" for phrase in _ENGLISH), *_CHINESE, *_TEMPLATES],
    ),
    re.IGNORECASE,
)
_CONTEXT_CHARS = 30


def find_instructions(stretch: Stretch) -> Iterator[Finding]:
    """Yield a finding for each place with such a phrase, with the words around the first."""
    text = unicodedata.normalize("NFKC", without_hidden(stretch.text))
    seen = Stretch(text=text, unit=stretch.unit, number=stretch.number)
    numbers = set()
    for match in _PHRASE.finditer(text):
        start = max(match.start() - _CONTEXT_CHARS, 0)
        number = seen.number_at(match.start())
        if number in numbers:
            continue
        numbers.add(number)
        yield Finding(
            kind="instruction",
            unit=stretch.unit,
            number=number,
            excerpt=excerpt(text[start : match.end() + _CONTEXT_CHARS]),
        )
