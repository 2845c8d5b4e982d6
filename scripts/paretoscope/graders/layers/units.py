r"""Units at the end of an answer: which words after a number are one, what they measure, which the question asks for.

A unit is one that is known here, or a noun phrase (*red apples*). A word that changes the number (*dozens*, *squared*,
*below zero*, *is wrong*) is no unit, and the answer is then more than its number.
"""

from __future__ import annotations

import re
from functools import lru_cache

_BASE = {
    "length": "meter:m metre 米|centimeter:cm centimetre 厘米|millimeter:mm millimetre 毫米|kilometer:km kilometre 公里 千米"
    "|foot:ft feet|inch:in inches|yard:yd|mile:mi 英里",
    "mass": "gram:g 克|kilogram:kg kilo 公斤 千克|milligram:mg|pound:lb|ounce:oz|ton:tonne 吨|stone:",
    "volume": "liter:L litre 升|milliliter:mL ml cc millilitre 毫升|gallon:gal|quart:qt|pint:pt|cup:|tablespoon:tbsp"
    "|teaspoon:tsp",
    "area": "acre:|hectare:ha",
    "time": "second:s sec 秒|millisecond:ms|minute:min 分钟 分鐘|hour:h hr 小时 小時|day:天|week:wk 周|month:|year:yr 年|decade:"
    "|century:centuries",
    "half of the day": "am:a.m|pm:p.m",
    "energy": "joule:J|kilojoule:kJ|calorie:cal|kilocalorie:kcal|kilowatt-hour:kWh",
    "power": "watt:W|kilowatt:kW|megawatt:MW",
    "force": "newton:N",
    "frequency": "hertz:Hz|kilohertz:kHz|megahertz:MHz|gigahertz:GHz",
    "data": "bit:|byte:|kilobyte:KB|megabyte:MB|gigabyte:GB|terabyte:TB",
    "money": "dollar:usd 美元|cent:¢ 美分|euro:eur|yen:jpy|rupee:inr|yuan:rmb cny 元 人民币|pound sterling:gbp|peso:|franc:",
    "angle": "degree:度|radian:rad|arcminute:|arcsecond:",
    "temperature": "celsius:C|fahrenheit:F|kelvin:",
}
_DIMENSION = {entry.partition(":")[0]: kind for kind, entries in _BASE.items() for entry in entries.split("|")}
_UNITS = {
    name: unit
    for entries in _BASE.values()
    for unit, _, names in (entry.partition(":") for entry in entries.split("|"))
    for name in (unit, *names.split())
} | {"mph": "mile/hour", "kmh": "kilometer/hour", "kph": "kilometer/hour", "mpg": "mile/gallon"}
"""Spellings of the units that are told apart."""
_SIGNS = {"$": "dollar", "€": "euro", "£": "pound sterling", "¥": "yen", "₹": "rupee", "¢": "cent"}
_SIGN = re.compile(r"\\?([$€£¥₹¢])")
_AMBIGUOUS = ({"pound", "pound sterling"}, {"yen", "yuan"}, {"degree", "celsius"}, {"degree", "fahrenheit"})
"""Pairs of which one may be short for the other, or share its sign."""

_MEASURED = re.compile(r"(?P<kind>square|sq|cubic|cu)\.? (?P<unit>.+)|(?P<name>\S+) (?P<power>squared|cubed)")
_RATIO = re.compile(r"\s*(?:/|\bper\b|\ban?\b)\s*")
_ONE_WORD = re.compile(r"[^\s,]+")

_POWER = r"\^\s*(\d|\{\s*-?\d\s*\})"
_TEXT_UNIT = re.compile(
    rf"(?<=[^\s,;(\[{{=])\s*\\text\s*\{{((?:[^{{}}^\\]|\\cdot)*)(?:{_POWER})?\s*\}}\s*(?:{_POWER})?$"
)
_WORD_UNIT = re.compile(r"(?<=[\d})])(\s+|(?<=\d))([a-zA-Z][a-zA-Z .'/-]*?)\s*(?:\^\s*(\d|\{\s*-?\d\s*\}))?$")
_SCALED = re.compile(
    r"(?P<number>[-+]?[\d.,]+)(?P<scale> ?(?:\\text\{ ?)?(?:hundred|thousand|million|billion|trillion|dozen)s?) "
    r"(?P<words>[a-z]{3}[a-z ]*)\}?"
)
_DEGREES = re.compile(r"(?<=\S)\s*\^\\circ\s*([CF]?)$")
_ANGLE = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
"""Of an angle in a function degrees aren't dropped."""
_DEGREES_IN_FUNCTION = re.compile(r"(\d+(?:\.\d+)?) ?\^\\circ ?")
_CHINESE_UNIT = re.compile(
    r"(?<=[\d})])\s*(?P<unit>平方|立方)?(?P<measure>公里|千米|厘米|毫米|米|公斤|千克|克|吨|毫升|升|小时|小時|分钟|分鐘|秒|天|周|年|岁|歲"
    r"|个月|月|日|点|美元|美分|人民币|元|角|块|塊|度|倍|次|个|個|人|只|隻|本|支|枝|张|張|条|條|件|箱|辆|輛|页|頁|题|種|种|杯|瓶|棵|头|頭"
    r"|朵|位|名|颗|顆|粒|袋|盒|节|排|步|分)(?P<noun>(?:(?![半多之几余成折十百千万萬亿億倍又])[\u4e00-\u9fff]){0,3})$"
)
"""Measure words; half, several and the words that scale a number aren't among them."""
_SHORT_UNIT = re.compile(
    "m|s|g|h|L|ft|in|cm|mm|km|kg|mg|m[lL]|mph|km/?h|m/s|lbs?|oz|hrs?|min|sec|am|pm|kWh|W|J|N|Hz|cc",
)
_PLAIN_NUMBER = re.compile(
    r"[-+]? ?(?:(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?: ?/ ?\d+)?|(?:\d+ ?)?\\frac ?\{\d+\} ?\{\d+\})"
    r"(?: ?\\(?:times|cdot) ?10 ?\^ ?(?:\d|\{-?\d+\}))?"
)
_CONSTANTS = re.compile(r"\\(?:pi|sqrt|frac|cdot|times|pm|%)(?![a-zA-Z])|\\text ?\{[^{}]*\}")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NUMBERS = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
)
_NEVER = _words(
    "squared cubed factorial doubled tripled halved inverse inverted reciprocal choose repeating recurring repeated "
    "plus minus negative most least at not no never none cannot isn't wrong incorrect false impossible except "
    "excluded excluding excludes without is are was were be or and to than mod modulo remainder if when where while "
    "between by out infinity inf sin cos tan cot sec csc log ln exp sqrt pi kilo mega giga milli mil mn bn trn raised "
    "divided multiplied power"
)
_UNLESS_ASKED = _words(
    "hundred thousand million billion trillion dozen lakh lac crore gross score couple pair half halve third quarter "
    "more less fewer below above under over beyond short loss debt deficit lower higher times"
)
_FRACTION = re.compile(
    r"(?:half|halves|thirds?|quarters?|(?:four|fif|six|seven|eigh|nin|ten|eleven|twelf|[a-z]*teen|[a-z]+tie|hundred|thousand|million|billion)ths?)"
)


def cut_unit(text: str, question: str) -> tuple[str, str]:
    r"""Return the text without the unit at its end (``\text{ cm}^2``, ``miles per hour``, degrees), and that unit.

    Words that scale the number (``million``) or join answers (``or``) stay, and so do letters that may be variables.
    """
    degrees = _DEGREES.search(text)
    if degrees and not _ANGLE.search(text):
        return text[: degrees.start()], _UNITS.get(degrees[1], "degree")
    chinese = _CHINESE_UNIT.search(text)
    if chinese:
        unit = "" if chinese["noun"] else known_unit(chinese["measure"])
        power = {"平方": "2", "立方": "3"}.get(chinese["unit"], "")
        return text[: chinese.start()], unit and unit + power
    scaled = _SCALED.fullmatch(text)
    if scaled and not changes_number(scaled["words"], question):
        scale = scaled["scale"].rpartition("{")[2].strip()
        return f"{scaled['number']} {scale}", known_unit(scaled["words"])
    match = _TEXT_UNIT.search(text)
    if match and _is_text_unit(words := match[1].replace("\\cdot", " "), text[: match.start()], question):
        return text[: match.start()], known_unit(words, match[2] or match[3])
    match = _WORD_UNIT.search(text)
    if match and _is_unit(match[2], not match[1], text[: match.start()], question):
        return text[: match.start()], known_unit(match[2], match[3])
    return text, ""


def currency(text: str) -> str:
    r"""Return the unit of a currency sign (``\$5``, €5); of dollar signs around a formula none."""
    signs = _SIGN.findall(text)
    dollars = text.count("$")
    if not signs or (dollars % 2 == 0 and dollars == len(signs) and "\\$" not in text):
        return ""
    kinds = {sign for sign in signs if sign != "$"} or {"$"}
    return _SIGNS[kinds.pop()] if len(kinds) == 1 else ""


def differ(unit: str, other: str) -> bool:
    """Tell whether two units are known and not the same."""
    return bool(unit and other) and unit != other and {unit, other} not in _AMBIGUOUS


def is_unasked(unit: str, question: str) -> bool:
    """Tell whether the question asks for another unit of the same kind (*how many minutes*, *in miles*)."""
    if not unit or unit in ("am", "pm"):
        return False
    asked = _asked_units(question)
    return all(differ(unit, other) for other in asked) and _dimension(unit) in {_dimension(other) for other in asked}


def asks_for_unit(question: str) -> bool:
    """Tell whether a question names the unit that it wants."""
    return bool(_asked_units(question))


def asks_for(word: str, question: str) -> bool:
    """Tell whether a question counts in a word (*how many dozen*, *in millions*), or asks for it (*what loss*)."""
    word = re.escape(word)
    return any(
        re.search(
            rf"\bhow (?:many|much) (?:[a-z]+ )?{word}(?:s|es)?\b|\bin {word}s?\b|\bwhat (?:[a-z']+ ){{1,3}}{word}\b",
            asking,
        )
        for asking in asking_sentences(question)
    )


_ASKING = re.compile(r"\b(?:what|which|how|find|determine|compute|calculate|express|give|by|write|in)\b")
_SENTENCE = re.compile(r"[.?!](?=\s|$|[\"'”])|\n\n")


@lru_cache(maxsize=4096)
def asking_sentences(question: str) -> tuple[str, ...]:
    """Return what a question asks, in small letters: each sentence from its asking word on, without its condition."""
    found = []
    for sentence in _SENTENCE.split(question.lower()):
        asking = _ASKING.search(sentence)
        if asking:
            found.append(re.split(r"\b(?:if|given|assuming|when)\b", sentence[asking.start() :], maxsplit=1)[0])
    return tuple(found)


_HOW_MANY = re.compile(
    r"\bhow (?:many|much) (?:(?:more|fewer|less|total|additional|extra|full|whole) )*((?:[a-z]+ ?){1,4})"
)
_IN_UNITS = re.compile(r"\bin (?:terms of |us )?([a-z]{2,}(?: [a-z]+){0,3})")


@lru_cache(maxsize=4096)
def _asked_units(question: str) -> frozenset[str]:
    phrases = [
        phrase
        for asking in asking_sentences(question)
        for phrase in _HOW_MANY.findall(asking) + _IN_UNITS.findall(asking)
    ]
    found = set()
    for part in (part for phrase in phrases for part in re.split(r" (?:and|or) ", phrase)):
        words = part.split()
        found.add(next((unit for count in (4, 3, 2, 1) if (unit := _exactly(" ".join(words[:count])))), ""))
    return frozenset(found - {""})


def _dimension(unit: str) -> str:
    return re.sub(r"[a-z][a-z -]*", lambda name: _DIMENSION.get(name[0], name[0]), unit)


def known_unit(words: str, power: str | None = None) -> str:
    """Return one spelling of a unit, with its power; nothing where it isn't known. Words after it say nothing more."""
    words = words.strip().rstrip(".")
    unit = _exactly(words)
    if not unit and " " in words:
        first = words.split()[0]
        unit = _exactly(words.removeprefix(first)) if first == "degrees" else ""
        unit = unit or (_exactly(first) if len(first) > 3 else "")
    return unit + (power or "").strip(" {}") if unit else ""


@lru_cache(maxsize=4096)
def _exactly(words: str) -> str:
    words = " ".join(words.split()).strip(" .")
    single = _UNITS.get(words) or _UNITS.get(words.lower().removesuffix("s")) or _UNITS.get(words.lower())
    if single:
        return single
    measured = _MEASURED.fullmatch(words.lower())
    if measured:
        unit = _exactly(measured["unit"] or measured["name"])
        cubed = (measured["kind"] or measured["power"]).startswith("cu")
        return unit and unit + ("3" if cubed else "2")
    parts = _RATIO.split(words)
    if len(parts) == 2 and all(parts):
        parts = [_exactly(part) for part in parts]
        return "/".join(parts) if all(parts) else ""
    return ""


def _is_text_unit(words: str, before: str, question: str) -> bool:
    if known_unit(words) and not changes_number(words, question):
        return True
    return (
        bool(re.fullmatch(r"[\sA-Za-z.'/()-]*", words))
        and not changes_number(words, question)
        and (not _has_letters(before) or bool(re.fullmatch(r"\s*(?:square |cubic |sq\.? )?units?\s*", words)))
    )


def _is_unit(words: str, attached: bool, before: str, question: str) -> bool:
    r"""Tell whether words after a number are a unit; without a space between, only well-known symbols are.

    In ``2x + 3m`` or ``\pi r^2 h`` the last letter is a variable as the others are. One letter alone is a unit only
    after a plain number, or where the question spells that unit out.
    """
    words = words.strip().rstrip(".")
    value = before.rsplit("=", 1)[-1].strip()
    if changes_number(words, question):
        return False
    if not attached and len(words) > 3 and known_unit(words):
        return True
    if _has_letters(value):
        return False
    if len(words) == 1:
        unit = _UNITS.get(words)
        return unit is not None and bool(_PLAIN_NUMBER.fullmatch(value) or unit in question.lower())
    if _SHORT_UNIT.fullmatch(words):
        return True
    return not attached and all(_is_word(word, question) for word in words.split())


def _has_letters(before: str) -> bool:
    return bool(re.search(r"[a-zA-Z]", _CONSTANTS.sub("", before.rsplit("=", 1)[-1])))


def changes_number(words: str, question: str) -> bool:
    """Tell whether any of the words says something about the number, or denies it, unless the question counts in it."""
    found = [word.rsplit("-", 1)[-1] for word in re.findall(r"[a-z'-]+", words.lower())]
    if found == ["times"] or (len(found) == 2 and found[1] in ("squared", "cubed") and _exactly(found[0])):
        return False
    if len(found) > 1 and found[0] == "more":
        found = found[1:]
    return any(_changes(word, question) for word in found)


def _changes(word: str, question: str) -> bool:
    single = word if word in _UNLESS_ASKED else word.removesuffix("s")
    if word in _NEVER or word in _NUMBERS or single in _NUMBERS:
        return True
    return (single in _UNLESS_ASKED or bool(_FRACTION.fullmatch(word))) and not asks_for(single, question)


def _is_word(word: str, question: str) -> bool:
    """Tell a word (*dollars*) from variables that are multiplied (*abc*); short ones count if the question has them."""
    if len(word) > 3:
        return bool(re.search(r"[aeiou]", word.lower())) and word.lower() not in "abcdefghijklmnopqrstuvwxyz"
    if word in ("of", "in", "per", "a", "an", "the", "all", "for", "on"):
        return True
    return (_exactly(word) != "" and len(word) > 1) or bool(re.search(rf"\b{re.escape(word)}\b", question))


def in_radians(text: str) -> str:
    r"""Return ``\sin 60^\circ`` with its angle as math-verify reads it."""
    return _DEGREES_IN_FUNCTION.sub(r"\\frac{\1 \\pi}{180}", text) if _ANGLE.search(text) else text
