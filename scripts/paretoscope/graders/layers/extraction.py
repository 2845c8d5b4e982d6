r"""Second layer: finds the final answer in a response whose reasoning was removed.

In this order: the last ``\boxed{}``; the last phrase that announces an answer (``**Answer:** 73``, ``The answer is
73``, ``#### 73``); the number or formula of the closing sentence, where the benchmark allows it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .boxes import Extract, boxed_answer
from .denial import (
    after_correction,
    is_denied_after,
    is_denied_before,
    is_doubtful,
    without_contrast,
)
from .qualifiers import is_qualified, leaves_open
from .sentences import answering_numbers

TAIL = 20_000
"""Characters from the end in which phrases are looked for; an answer further up is not a final answer."""
MAX_PHRASES = 5
"""Candidates tried, from the last one back."""
MAX_REST = 200
"""Characters that may follow a sentence that announces an answer; more is an explanation that the label only heads."""
MAX_ANSWER_WORDS = 3
"""Plain words (units, mostly) up to which a text is an answer rather than a sentence about it."""


def extract_answer(text: str, question: str, closing: str | None) -> Extract | None:
    """Return the final answer of a response, or None where it gives none.

    Parameters
    ----------
    text : str
        The response without its reasoning.
    question : str
        The problem; numbers that a closing sentence only repeats from it are not taken for the answer.
    closing : {"final_number", "final_formula", None}
        What is taken from the closing sentence where no answer is marked: its number (for benchmarks whose answers
        are single numbers), the formula, number or bold word that it ends with, or nothing.
    """
    tail = text[-TAIL:]
    found = (
        boxed_answer(text, question)
        or announced_answer(tail, question, closing == "final_number")
        or called_answer(tail)
    )
    if found or closing is None:
        return found
    return closing_number(tail, question) if closing == "final_number" else closing_formula(tail, question)


_PHRASE = re.compile(
    r"""
    (?P<heading>^[ \t#*_]*final[ ]answer[ \t*_]*$\s*|^[ \t]*(?:\#{1,6}[ \t*_]*|\*\*)answer[ \t*_]*$\s*)
    | (?P<hash>^[ \t]*\#{4}[ \t]+)
    | (?P<label>\banswer[ \t]*(?:\*\*|__)?[ \t]*[:：][ \t*_]*|<answer>\s*
        |答案[ \t*]*(?:应该|应)?(?:(?:是|为|等于)[ \t*]*[:：]?|[:：])[ \t*_]*)
    | (?P<is>\banswers?(?:\ (?:to|of|for|in)\ [^.:\n]{1,80}?)?[ \t]+(?:is|are|equals|would\ be|will\ be)\b[ \t]*:?[ \t*_]*)
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_SOURCES = {"hash": "hash", "label": "answer_label", "heading": "answer_label", "is": "answer_is"}

_MATH = (
    re.compile(r"\$\$(?P<math>.+?)\$\$", re.DOTALL),
    re.compile(r"\\\[(?P<math>.+?)\\\]", re.DOTALL),
    re.compile(r"\\\((?P<math>.+?)\\\)"),
    re.compile(r"(?<!\\)\$(?!\d[\d,.]*(?:[\s;!?*)]|$))(?P<math>[^$\n]+?)(?<!\\)\$"),
)
_CONJUNCTION = re.compile(r"[ \t]*(?:,[ \t]*(?:and|or)?|and|or)[ \t]*(?=[$\\])")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_SENTENCE_END = re.compile(
    r'(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)[.!?](?=[\s*"]|$)|\n| I hope|</answer>|。|，(?!\s*[-\d\\$])'
)


_RELATIVE_CLAUSE = re.compile(r",\s+which\b")
_NEGATION = re.compile(r"[\s*_]*(?:\w{2,20}ly[\s*_]+)?(?:not|never|neither|unlikely)\b", re.IGNORECASE)
_NEGATED_ANSWER = re.compile(
    r"\banswers?\b[^.:\n]{0,80}?\b(?:(?:is|are|was|be|equals?)[\s*_]+(?:\w{2,20}ly[\s*_]+)?(?:not|never|neither|unlikely)\b"
    r"|(?:isn|aren|wasn|can|doesn)['’]?t\b|(?:can|does)\s?not\b)",
    re.IGNORECASE,
)
"""*The answer is not 72* and *the answer can't be 72* say what it isn't."""


_BOX = re.compile(r"\\(?:boxed|fbox)")


def announced_answer(text: str, question: str, final_number: bool) -> Extract | None:
    """Return the answer that the last phrase such as *the answer is* announces, unless the text denies it."""
    denied: set[str] = set()
    for phrase in list(_PHRASE.finditer(text))[: -MAX_PHRASES - 1 : -1]:
        source = _SOURCES[phrase.lastgroup]
        found = _after_phrase(text[phrase.end() :].lstrip(), source, question, final_number)
        if not found:
            continue
        if is_denied_before(text, phrase.end()) or is_denied_after(text, _end_of(found.answer, text, phrase), question):
            denied.add(found.answer)
        # A box that gave no answer is denied.
        if found.answer not in denied and not _BOX.search(found.answer):
            return replace(found, region=(len(text) - phrase.end(), 0))
    return None


def _end_of(answer: str, text: str, phrase: re.Match) -> int:
    """Return where an announced answer ends: behind it, or behind the sentence where it isn't there as it is."""
    place = text.find(answer, phrase.end(), phrase.end() + MAX_REST)
    return place + len(answer) if place >= 0 else phrase.end() + len(_first_sentence(text[phrase.end() :]))


_CALLED = re.compile(
    r"(?<![\s*_])[\s*_]+(?:is|are)[ ](?:the|our|my)[ ](?:(?:final|correct|only|unique|desired|required)[ ])*(?:answers?|solutions?)"
    r"[\s*_]*(?=[.!\n]|$)",
    re.IGNORECASE,
)
_LAST_NUMBER = re.compile(r"(?<![\w.,:/])-?\$?\d[\d,]*(?:\.\d+)?(?:/\d+)?%?$")


def called_answer(text: str) -> Extract | None:
    """Return the formula or number that the text last calls its answer (*$x=5$ is our answer*)."""
    called = list(_CALLED.finditer(text))
    if not called:
        return None
    before = text[: called[-1].start()]
    formulas = [match["math"] for pattern in _MATH for match in pattern.finditer(before) if match.end() == len(before)]
    if formulas:
        return Extract(formulas[0].strip(), "answer_is")
    number = _LAST_NUMBER.search(before)
    return Extract(number.group(), "answer_is") if number else None


_SIGN_IN_WORDS = re.compile(r"^[\s*_]*(?:negative|minus)\s+(?=[\d$])", re.IGNORECASE)


def _after_phrase(rest: str, source: str, question: str, final_number: bool) -> Extract | None:
    rest = _SIGN_IN_WORDS.sub("-", after_correction(rest))
    formula = _leading_math(rest)
    if formula:
        return Extract(formula, source)
    whole = _first_sentence(rest)
    sentence = without_contrast(_RELATIVE_CLAUSE.split(whole, maxsplit=1)[0])
    if not re.search(r"\w", sentence) or _is_negated(rest, sentence, source):
        return None
    if source == "answer_is" and re.search(r"\d", sentence) and leaves_open(rest[: len(whole) + 1]):
        return None
    if source == "hash" and (not re.search(r"\d|\\", sentence) or len(rest) - len(sentence) > MAX_REST):
        return None
    if not _is_sentence(sentence):
        number = re.search(r"\d[\d,.]*", sentence)
        odd = number and is_qualified(sentence, number.group().rstrip(".,"), question)
        return Extract(sentence.replace("**", ""), source, "qualified" if odd else None)
    # A heading of that level, or "whether the answer is what was asked": nothing is announced.
    if source == "hash" or (source == "answer_is" and not re.search(r"\d|\\", sentence)):
        return None
    if source == "answer_label" and len(rest) - len(sentence) > MAX_REST:
        return None
    return _from_sentence(sentence, source, question, final_number)


def _is_negated(rest: str, sentence: str, source: str) -> bool:
    """Tell an answer that is denied from one in words, as after the label of ``Answer: not possible``."""
    return bool(_NEGATION.match(rest)) and (source == "answer_is" or bool(re.search(r"\d|\\", sentence)))


def _leading_math(text: str) -> str | None:
    """Return the formulas that a text begins with, joined where only a comma, *and* or *or* stands between."""
    formulas = []
    while match := next((match for pattern in _MATH if (match := pattern.match(text))), None):
        formulas.append(match["math"].strip())
        text = text[match.end() :]
        joint = _CONJUNCTION.match(text)
        if not joint:
            break
        text = text[joint.end() :]
    return ", ".join(formulas) or None


def _first_sentence(text: str) -> str:
    end = _SENTENCE_END.search(text)
    return text[: end.start()] if end else text


def _word_count(text: str) -> int:
    plain = re.sub(r"\\text\s*\{[^{}]*\}|\\[a-zA-Z]+", " ", text)
    return len(re.findall(r"[^\W\d_]{2,}", plain))


def _is_sentence(text: str) -> bool:
    """Tell a sentence about the answer (*Jeff gets $80*) from the answer (*80 dollars*, *east*)."""
    if _word_count(text) > MAX_ANSWER_WORDS or re.search(r"\b(?:is|are|was|were|has|have|had)\b", text):
        return True
    return bool(re.match(r"[\W_]*[A-Za-z]{2,}\s", text) and re.search(r"\d", text) and "=" not in text)


_PREDICATE = re.compile(r".*\b(?:is|are|equals)\s+(\S.*)$", re.DOTALL)


def _from_sentence(sentence: str, source: str, question: str, final_number: bool) -> Extract:
    """Return the answer inside a sentence, marked where the sentence gives it as a bound, a multiple or the like."""
    found = _stated(sentence, source, question, final_number)
    if found.unreadable or not is_qualified(sentence, found.answer, question):
        return found
    return replace(found, unreadable="qualified")


def _stated(sentence: str, source: str, question: str, final_number: bool) -> Extract:
    """Return the answer inside a sentence: what is in bold, the number it adds, what it *is*, the only formula."""
    bold = [part for part in _BOLD.findall(sentence) if _word_count(part) <= MAX_ANSWER_WORDS]
    if final_number:
        bold = [part for part in bold if re.search(r"\d", part)]
    if bold:
        return Extract(bold[-1].strip().strip(":"), source)
    formulas = [match["math"] for pattern in _MATH for match in pattern.finditer(sentence)]
    if final_number and "frac" not in "".join(formulas):
        found = _number_in(sentence, source, question)
        return Extract(formulas[0], source) if found.unreadable == "prose" and len(formulas) == 1 else found
    if final_number:
        return Extract(formulas[-1], source)
    predicate = _PREDICATE.match(sentence)
    if predicate and not _is_sentence(predicate.group(1)):
        return Extract(predicate.group(1), source)
    if len(formulas) == 1:
        return Extract(formulas[0], source)
    found = None
    if source == "answer_label" and not (formulas or "\\" in sentence or _DESCRIPTION.search(sentence)):
        found = _number_in(sentence, source, question)
    return found if found and not found.unreadable else Extract(sentence.strip(), source, "prose")


_DESCRIPTION = re.compile(r"\b(?:except|between|greater|reals?|integers?|values?)\b", re.IGNORECASE)
"""Words that describe a set of numbers, whose only number is no answer."""

_UNFINISHED = re.compile(r"[-+*/=(,]\s*$")


def closing_number(text: str, question: str) -> Extract | None:
    """Return the number in the closing sentence, looking past up to two lines without one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines[:-4:-1]:
        if re.search(r"\d", line):
            if _UNFINISHED.search(line.rstrip("* ")) and not line.endswith("**"):
                return None
            sentences = [part for part in re.split(r"(?<=[.!?])[\s*]+(?=\S)", line) if re.search(r"\d", part)]
            end = text.rfind(sentences[-1]) + len(sentences[-1].rstrip("*.!?"))
            if _is_denial(sentences[-1], question) or is_denied_after(text, end, question):
                return None
            if _BOX.search(sentences[-1]):
                return None  # a box that gave no answer is denied
            return _from_sentence(sentences[-1], "final_line", question, final_number=True)
    return None


_BEFORE_PREDICATE = re.compile(
    r"(?<=[\d})$*])(?=[\s*_$)}\]\\,(]{1,12}(?:which\s)?(?:is|are|was|were|can|could|must|seems?|turn\w+)|\s?不)"
)


def _is_denial(sentence: str, question: str) -> bool:
    """Tell a closing sentence that only says what the answer isn't; *6 is impossible, so she has 5* says more."""
    places = _BEFORE_PREDICATE.finditer(sentence)
    return (
        bool(_NEGATED_ANSWER.search(sentence))
        or is_doubtful(sentence)
        or leaves_open(sentence)
        or any(
            is_denied_after(sentence, place.end(), question) and not re.search(r"\d", sentence[place.end() :])
            for place in places
        )
    )


_ENDING = re.compile(
    r"(?:\b(?:is|are|be|equals)|=)\s+(?P<number>-?\$?\d[\d,]*(?:\.\d+)?(?:/\d+)?)(?:\s[a-z]+){0,2}[.*]*$", re.IGNORECASE
)
_CLOSING_WORDS = 2


_COURTESY = re.compile(
    r"[\s*_]*(?:let me know|feel free|i hope|would you like|do you want|if you have)\b", re.IGNORECASE
)
_CONCLUSION = re.compile(r"[\W_]*(?:therefore|thus|hence|so|consequently|in conclusion)\b", re.IGNORECASE)


def closing_formula(text: str, question: str) -> Extract | None:
    """Return what the closing sentence ends with, give or take a unit: a formula, number or bold word.

    Where it ends with none of them and is a conclusion (*Thus she has 20 cats left*), the number that it adds to the
    question.
    """
    text = text.rstrip()
    before, _, parting = text.rpartition("\n")
    text = before.rstrip() if _COURTESY.match(parting) else text
    line = re.split(r"(?<=[.!?])[\s*]+(?=[^\s*])", text.splitlines()[-1] if text else "")[-1]
    if _is_denial(line, question):
        return None
    found = [match for pattern in _MATH for match in pattern.finditer(text)]
    last = max(found, key=lambda match: match.end(), default=None)
    if last and _BOX.search(last["math"]):
        return None  # a box that gave no answer is denied
    mentioned = last and re.fullmatch(r"[a-zA-Z]", last["math"].strip()) and _MENTION.search(text[: last.start()])
    if last and not mentioned and _is_ending(text[last.end() :]):
        return Extract(last["math"].strip().rstrip(". "), "final_line")
    bold = list(_BOLD.finditer(line))
    if bold and _is_ending(line[bold[-1].end() :]) and _word_count(bold[-1].group(1)) <= MAX_ANSWER_WORDS:
        return Extract(bold[-1].group(1), "final_line")
    if text[-1:] not in ("*", ".", "!"):
        return None
    match = _ENDING.search(line)
    return Extract(match["number"], "final_line") if match else _concluded(line, question)


_MENTION = re.compile(r"\b(?:of|for|point|about)\s*$")
"""Before one letter: *the value of $k$* mentions the unknown."""


def _concluded(line: str, question: str) -> Extract | None:
    if not _CONCLUSION.match(line) or re.search(r"[\\√^]|\w\(", line) or any(pattern.search(line) for pattern in _MATH):
        return None
    found = _from_sentence(line, "final_line", question, final_number=True)
    return None if found.unreadable else found


def _is_ending(rest: str) -> bool:
    return "\n\n" not in rest and bool(
        re.fullmatch(rf"(?:\s*[a-z/]+){{0,{_CLOSING_WORDS}}}[\s.*]*", rest, re.IGNORECASE)
    )


def _number_in(sentence: str, source: str, question: str) -> Extract:
    """Return the one number that a sentence gives as the answer; several leave it ambiguous."""
    numbers = answering_numbers(sentence, question)
    if len(numbers) == 1:
        return Extract(numbers[0], source)
    return Extract(sentence.strip(), source, "ambiguous" if numbers else "prose")
