"""Measures in text, Chinese and English: which of them have another unit than the evidence gives.

"20 seconds" is not in a passage that says "20 ms", though its number is. Units are told by a table:
libraries for units know English symbols alone, and what matters here is that names of one unit in
both languages are the same. Nothing is converted, and a number whose unit the table doesn't know
speaks against nothing.

What is not covered: rates (per second), and units that are written before the number.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from assistant.numbers_in_text import QUANTITY, SCALES, in_figures, plain_figures, value_of

# A unit a line: all its names. Those with a capital letter or of up to two letters are symbols.
_TABLE = """
ns nanosecond nanoseconds 纳秒
us µs μs microsecond microseconds 微秒
ms msec millisecond milliseconds 毫秒
s sec secs second seconds 秒 秒钟
min mins minute minutes 分钟
h hr hrs hour hours 小时 个小时 钟头 个钟头
day days 天 日
week weeks 周 星期 个星期 礼拜 个礼拜
month months 个月
yr yrs year years 年
bit bits 比特
byte bytes 字节 个字节
KB kB kb KiB kilobyte kilobytes 千字节
MB mb MiB megabyte megabytes 兆字节
GB gb GiB gigabyte gigabytes 吉字节
TB tb TiB terabyte terabytes 太字节
PB pb PiB petabyte petabytes
% percent 百分比
point points percentage 百分点 个百分点
mm millimetre millimetres millimeter millimeters 毫米
cm centimetre centimetres centimeter centimeters 厘米
metre metres meter meters 米
km kilometre kilometres kilometer kilometers 公里 千米
inch inches 英寸
foot feet ft 英尺
yard yards 码
mile miles 英里
mg milligram milligrams 毫克
gram grams 克
kg kilogram kilograms 公斤 千克
ton tons tonne tonnes 吨
ounce ounces oz 盎司
pound pounds lb lbs 磅
ml mL millilitre millilitres milliliter milliliters 毫升
litre litres liter liters
cup cups
teaspoon teaspoons tsp 茶匙
tablespoon tablespoons tbsp 汤匙
Hz hertz 赫兹
kHz kilohertz
MHz megahertz
GHz gigahertz
W watt watts 瓦
kW kilowatt kilowatts 千瓦
kWh
°C
°F
dollar dollars 美元
cent cents 美分
euro euros 欧元
yuan 元
"""
_UNIT_OF = {name: line.split()[0] for line in _TABLE.strip().splitlines() for name in line.split()}
_CHINESE = "|".join(
    sorted((name for name in _UNIT_OF if name[0] >= "\u4e00"), key=len, reverse=True)
)
_UNIT = re.compile(rf"[\s-]?(?:(?P<zh>{_CHINESE})(?![级代龄轮组素期围])|(?P<en>%|°?[A-Za-zµμ]+))")
_RANGE = re.compile(r"\s?(?:-|–|—|~|、|to|or|and|到|至|或|和)\s?")
"""Between two numbers, both of which have the unit of the second: "20 to 30 ms"."""

_ONE = re.compile(
    rf"\b(?:an?|each|every|per) (?=(?:{'|'.join(name for name in _UNIT_OF if name.isascii())})\b)"
)
"""A measure without a number: "a kilometre", which Chinese puts as 一公里."""

_PERCENT_WORDS = re.compile(r"百分之\s*(\d+(?:\.\d+)?)")
FIRST_YEAR = 1000
"""From here on a number before 年 is a date."""


class _Measure(NamedTuple):
    text: str
    value: float
    unit: str | None


def other_units(statement: str, evidence: str) -> list[str]:
    """Return the measures of `statement` whose number `evidence` gives in other units alone."""
    known: dict[float, set[str | None]] = {}
    for measure in _measures(_ONE.sub("1 ", evidence)):
        known.setdefault(measure.value, set()).add(measure.unit)
    return [
        measure.text
        for measure in _measures(statement)
        if measure.unit
        and (units := known.get(measure.value))
        and None not in units
        and measure.unit not in units
    ]


def _measures(text: str) -> Iterator[_Measure]:
    """Yield the numbers of `text`, each with its unit; None where that is open."""
    plain = _PERCENT_WORDS.sub(r"\1%", in_figures(plain_figures(text)))
    found = list(QUANTITY.finditer(plain))
    after: _Measure | None = None
    for number, match in reversed(list(enumerate(found))):
        value, end = value_of(match), match.end()
        unit = _UNIT.match(plain, end)
        name = _name(unit, value) if unit else None
        shown = plain[match.start() : unit.end()] if unit else match.group()
        is_range = after and _RANGE.fullmatch(plain, end, found[number + 1].start())
        if after and is_range and name is None:
            name, shown = after.unit, f"{match.group()} {after.unit}"
            # "20 to 30 million bytes" may mean that both are millions.
            scale = found[number + 1]["scale"]
            if scale and not match["scale"]:
                value *= SCALES[scale.lower()]
        after = _Measure(shown, value, name)
        yield after


def _name(unit: re.Match[str], value: float) -> str | None:
    name = unit["zh"] or unit["en"]
    if name == "年" and value >= FIRST_YEAR:
        return None
    return _UNIT_OF.get(name) or (_UNIT_OF.get(name.lower()) if len(name) > 3 else None)
