r"""Which answers a text denies: *the answer is not* before one, *is wrong* after one, *No, that is wrong* next."""

from __future__ import annotations

import re

MAX_BEFORE = 120
"""Characters before an answer in which a denial may begin, and of a sentence that gives one answer, not another."""

_GAP = r"[\s*_$:({\[\\]*"
_DOUBT = (
    r"(?:\b(?:do|does|did|would|could|can)(?:n['’]?t|[ ]?not)[ ](?:\w+[ ])?(?:think|believe|say|claim|conclude|agree|accept)"
    r"|\bdoubt)\b[^.:;,!?\n]{0,30}?"
)
_BEFORE = re.compile(
    r"(?:\banswers?\b[^.:!?\n]{0,60}?(?:\b(?:can)?not|n['’]t\b|\bnever)(?:[\s*_]+(?:be|equal(?:[\s*_]+to)?))?"
    r"|(?<!not )\b(?:impossible|incorrect|wrong|not[ ]true|not[ ]the[ ]case|no[ ]way)\b[^.:;,!?\n]{0,30}?"
    r"\banswers?[ ](?:to[ ]be|is|was|could[ ]be|can[ ]be|equals)"
    rf"|{_DOUBT}\banswers?[ ](?:is|was|could[ ]be|can[ ]be|equals)"
    r"|\b(?:it|this|that|answer|result|guess)(?:['’]s|[ ](?:is|was|can|could|does|did|will|would|must|should|may|might))"
    r"(?:[ ]\w{2,20}ly)?(?:n?['’]t|[ ]?not|[ ]never)(?:[\s*_]+(?:be|equal(?:[\s*_]+to)?|\w{2,20}ly))*"
    r"|\b(?:if|suppose|assume)[ ](?:that[ ])?(?:the|my|our|this)[ ](?:\w+[ ])?answer[ ](?:is|was|were)"
    r"|\b(?:(?:rule|rules|ruled|ruling)[ ]out|excludes?|excluded|anything[ ]but|other[ ]than|except(?:[ ]for)?)"
    r"|不(?:应该?|能|会|要|可)?选(?:择)?|不(?:可能)?(?:是|为|等于)|并非"
    rf"|(?:[,;]|\b(?:and|but))[\s*_]*not|\b(?:rather[ ]than|instead[ ]of)){_GAP}$",
    re.IGNORECASE,
)
_FALSE = r"(?:wrong|incorrect|false|invalid|impossible|extraneous|mistaken|untrue)"
_LIKELY = (
    r"(?:(?:(?:must|should|would|could|may|might|has[ ]to)[ ]+)?(?:be|have[ ]been)|seem(?:s|ed)?|look(?:s|ed)|appear(?:s|ed)?"
    r"|turn(?:s|ed)[ ]out|prove[sd]?)(?:[ ]+to[ ]+be)?"
)
"""What may stand for *is* before *wrong*."""
_TRUE = r"(?:correct|right|true|valid|possible)"
_AFTER = re.compile(
    r"[\s*_$)}\]\\]{0,12}(?:,?[ ]|(?<=\s)|\()?(?:which[ ]|(?:but|though|although)[ ](?:that|this|it)[ ])?"
    rf"(?:(?:is|was|(?P<several>are|were)|{_LIKELY})"
    r"(?P<not>n['’]t|[ ]+(?:\w+ly[ ])?(?:\*\*|\*|_)?not\b(?:\*\*|\*|_)?)?"
    r"|(?P<cannot>can(?:['’]t|not|[ ]not)[ ]be|could(?:n['’]t|[ ]not)[ ]be))"
    r"[ ]+(?:\w+ly[ ]+|also[ ]+)?(?:the[ ]+|an?[ ]+|our[ ]+|my[ ]+)?[*_]{0,2}"
    rf"(?:(?P<false>{_FALSE})|(?P<true>{_TRUE})|(?P<answer>(?:final[ ]|correct[ ]|right[ ])?(?:answer|solution)))\b",
    re.IGNORECASE,
)
_REJECTED = re.compile(
    rf"[\s*_$)}}\]\\]{{0,12}}(?:\(\s*(?:which[ ]is[ ])?{_FALSE}\b"
    r"|[吗么]?[?？][\s*_$]*(?:no(?:pe)?\b|wrong\b|incorrect\b|不|否)"
    r"|(?:fails|(?:does(?:n['’]t|[ ]not)|can(?:['’]t|not))[ ]work)\b|(?:is|was)[ ]too[ ](?:large|big|small|high|low)\b"
    r"|[\"”]?,?[ ]but[ ]I[ ]can(?:['’]t|not)[ ](?:decide|tell|determine|be[ ]sure)\b"
    r"|[,，]?\s?(?:但|这|那)?(?:就|显然|肯定|也)?(?:是|为)?(?:错误?的|错了|不对(?!称)|不正确|不成立|不是(?:正确)?答案))",
    re.IGNORECASE,
)
"""What takes an answer back right behind it, whatever the question."""
_CUE = r"(?:hmm+|oh|oops|no|wait|hold[ ]on|sorry|actually|correction)"
_REPLACED = re.compile(
    r"[\s*_$)}\]\\]{0,12}(?:[ ][a-z]+){0,2}[\s*_$)}\]\\]{0,4}"
    rf"(?:[.!?。…,;]+|\n|[ ]?[-–—])[\s*_$)}}\]\\]{{0,12}}(?:but[ ])?(?:{_CUE}\b[\s,.!:…–—-]{{1,5}}){{1,4}}"
    r"(?:(?P<error>I(?:['’]ve|[ ]have)?[ ](?:made|see)[ ](?:an?|my)[ ](?:\w+[ ])?(?:error|mistake))"
    r"|(?:(?:it|that|this|(?:the|my)[ ](?:correct[ ]|right[ ]|final[ ])?answer)(?:['’]s|[ ]is|[ ](?:should|must)[ ]be)[ ]|(?<=[,.!:…—–-][ ]))"
    r"[\s*_$\\({]{0,8}(?P<instead>-?\d+(?:[.,]\d+)*(?=(?:\s\w+){0,2}[\s*_$)}\\]*(?:[.,;!]|$))"
    r"|[A-Z](?=[\s*_$)}\\]*(?:[.,;!]|$))))",
    re.IGNORECASE,
)
"""*Wait, actually it is 73* or *no, C* behind an answer puts another in its place."""
_LATER = re.compile(
    r"[^.!?。\n]{0,40}?(?:[.!?。…]+|\n)[\s*_$)}\]\\]{0,12}"
    r"(?:(?:no|wait|hmm|actually|but|however|oops|sorry|hold[ ]on)\b[\s,.!:…—–-]{1,5}){0,3}"
    r"(?:(?:that|this|it|(?:my|this|that)[ ](?:final[ ])?answer)(?=[ '’])(?:['’]s(?P<is_not>[ ]+not)?[ ]"
    r"|[ ](?:is|was)(?P<not>n['’]t|[ ]+not)?[ ]|[ ](?P<cannot>can(?:['’]t|not|[ ]not)[ ]be)[ ])"
    r"(?:\w+ly[ ]+|also[ ]+|quite[ ]+)?(?:the[ ]+|an?[ ]+|our[ ]+|my[ ]+)?[*_]{0,2}"
    r"(?:(?P<false>wrong|incorrect|false|mistaken|untrue)|(?P<true>correct|right|true)"
    r"|(?P<answer>(?:final[ ]|correct[ ]|right[ ])?(?:answer|solution)|it(?=[\s*]*(?:[.!,;]|$))))\b"
    r"(?![ ]+(?:to|that|if|when|unless|in|for|reasoning|approach)\b)|(?P<work>(?:that|this|it)[ ]does(?:n['’]t|[ ]not)[ ]work\b)|(?P<chinese>(?:不[,，])?[这那]?是?(?:不对|不正确|错的|错误的)))",
    re.IGNORECASE,
)
"""A sentence right after the one of the answer that takes it back."""
_ASKED = re.compile(rf"\b{_FALSE}\b|(?:\bnot|n['’]t)[ ]+(?:\w+[ ])?{_TRUE}\b", re.IGNORECASE)


def is_denied(text: str, start: int, end: int, question: str) -> bool:
    """Tell whether a text denies the answer that stands between two places in it."""
    return is_denied_before(text, start) or is_denied_after(text, end, question)


def is_denied_before(text: str, start: int) -> bool:
    """Tell whether *the answer is not* or *I don't think the answer is* leads to a place."""
    return bool(_BEFORE.search(text[max(0, start - MAX_BEFORE) : start]))


def is_denied_after(text: str, end: int, question: str) -> bool:
    """Tell whether *is wrong* or *isn't the answer* follows right after a place, or *No, that is wrong* comes next.

    Where the question asks what is wrong (*Which statement is false?*), *C is false* gives the answer.
    """
    if _REJECTED.match(text, end) or _is_replaced(text, end):
        return True
    match = _AFTER.match(text, end)
    if match:
        return _says_no(match["false"], match["answer"], match["not"] or match["cannot"], question)
    match = _LATER.match(text, end)
    if not match:
        return False
    if match["chinese"] or match["work"]:
        return True
    return _says_no(match["false"], match["answer"], match["is_not"] or match["not"] or match["cannot"], question)


def _is_replaced(text: str, end: int) -> bool:
    """Tell whether another value takes the place of the one before; the same one again only confirms it."""
    match = _REPLACED.match(text, end)
    if not match:
        return False
    before = text[max(0, end - MAX_BEFORE) : end].rstrip(" *_$)}\\")
    return bool(match["error"]) or not before.endswith(match["instead"])


def _says_no(false: str | None, answer: str | None, negation: str | None, question: str) -> bool:
    if answer:
        return bool(negation)
    return bool(false) != bool(negation) and not _ASKED.search(question)


def denies_several(text: str, end: int) -> bool:
    """Tell whether *are wrong* rather than *is wrong* follows right after a place."""
    match = _AFTER.match(text, end)
    return bool(match and match["several"])


def is_doubtful(sentence: str) -> bool:
    """Tell a sentence that says what the writer doesn't take for the answer."""
    return bool(_DOUBTFUL.search(sentence))


_DOUBTFUL = re.compile(rf"{_DOUBT}\banswers?\b|答案(?:并|一定)?不(?:是|为|等于)", re.IGNORECASE)
_CONTRAST = re.compile(
    r"(?:\s*[,;(]\s*|\s[-–—]\s|(?<=[\d*$)])\s+)(?:(?:and\s+|but\s+)?not|rather\s+than|instead\s+of)\s+(?=[-$\\(*\d])",
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    r"[\s*_]*not\b[\s*_]+(?=[-$\\(*\d])[^\n]{1,60}?,?[\s*_]+but\s+(?:rather\s+|instead\s+)?(?=[-$\\(*\d])",
    re.IGNORECASE,
)


def without_contrast(sentence: str) -> str:
    """Return the number that a sentence begins with, without the one that it is told from (*73, not 74*)."""
    is_number = len(sentence) <= MAX_BEFORE and re.match(r"[\W_]{0,5}\d", sentence)
    if not is_number or re.search(r"[<>≤≥]|\\[lg]e", sentence):
        return sentence
    match = _CONTRAST.search(sentence)
    return sentence[: match.start()] if match else sentence


def after_correction(text: str) -> str:
    """Return what a text that begins with *not 72 but* puts in its place; any other text as it is."""
    match = _CORRECTED.match(text)
    return text[match.end() :] if match else text
