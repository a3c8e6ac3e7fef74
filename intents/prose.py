"""Tell lines that a person wrote from lines that a program printed, and classify descriptions of problems.

Programs print the same message wherever they run; only the lines around it tell which environment is meant.

The classifier is naive Bayes over terms, for texts that no signature matches. The weights of a text's terms
(`intents.term_weights`) are summed up for each entry. The sum ranks well but is overconfident, because the words of a
sentence are not independent. A logistic regression therefore turns it into a likelihood, with these further features:
the distance to the next entry, the share of the text that the entry explains, whether the terms of one of its
signatures occur, and whether the text reports a problem or discusses a plan. `tests/eval/fit_prose_classifier.py` fits
its constants.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from math import exp, log
from typing import Any, Final

from intents.catalog.schema import Incident
from intents.domain import Symptom
from intents.packed import Packed
from intents.term_weights import TermWeights
from intents.tokens import term_of, terms_of, words_of

# A text with more lines is not a description.
_MOST_LINES: Final = 60
_LONGEST: Final = 900
# Lines of one paragraph may have one other line between them; descriptions are no longer than this.
_APART: Final = 2
_LONGEST_PARAGRAPH: Final = 4
# So many lines count as the beginning, and as the end, of a text.
_EDGE: Final = 3

# A prompt, the head of a log line, JSON, a table's header, an event; a message that begins like one, an exception.
_PRINTED: Final = re.compile(
    r"^\s*(?:[$#>%]\s|[\[{(<|*+]|[EWIF]\d{4}\s|\d{4}[-/]\d\d|[A-Z][A-Z0-9_()-]+(?:\s{2,}|\t)[A-Z]|(?:Normal|Warning)\s{2,})"
    r"|^\s*(?i:error|warning|fatal|panic|failed|create pod|could not|unable to|cannot|denied|reason:|message:|status:)"
    r"|^\s*(?:[\w$]+[.:]+)+\w+(?:Exception|Error)\b"
    r"|^\s*(?i:the \w+ \"|\d+/\d+ nodes|\S+:\d+[:\s])"
    r"|\d\d:\d\d:\d\d|rpc error:|code = |level=|msg=|\bat [\w.$]+\([\w.]+:\d+\)|\s{3,}\S+\s{3,}"
)
_FUNCTION_WORDS: Final = frozenset(
    """
    a about after all already although an and any are as at be because been before but by can could did do does
    for from gets had has have how i if in into is isn it its just like my never no not nothing now of on one
    only or our out over should since so some still than that the their them then there they this though to too
    up was we were what when where which while who why will with without would you your
    """.split()  # noqa: SIM905
)
# Words of people who report a problem or ask for its cause.
_PROBLEM: Final = re.compile(
    r"(?i)\b(?:fail|error|no\b|delet|crash|stuck|hang|hung|slow|time[sd]? ?out|timeout|cannot|can ?not|\w+n't\b|not\b"
    r"|never|(?:do|does|did|ca|wo|is|was|are|could|would)nt\b|no longer|los[et]|gone|miss|wrong|broke|die[sd]?\b|dead"
    r"|dying|kill|refus|den(?:y|ied)|reject|unreach|unable|down\b|pending|restart|wait|block|drop|empty|forever|too\b|only\b"
    r"|alert|fir(?:es|ing)|page[ds]?\b|why|problem|issue|unhealthy|evict|flap|reset|cut\b|leak|oom|full\b|nothing|stop"
    r"|keeps?\b|still|instead|although|weird|strange|unexpected|invalid|conflict|duplicate|exceed|stays?\b|ignor|skip"
    r"|terminat|degrad|stall)"
    r"|失败|报错|出错|错误|异常|超时|慢|卡|崩|丢|断|挂|满了|坏|故障|冲突|不[^同少过仅用错用]|没|无法|未能|拒绝|告警|报警|重启|一直"
    r"|反复|为什么|为何|怎么办|怎么回事|怎么恢复|消失|泄漏|误"
)
# Words of people who have no problem now: plans, announcements, questions out of interest.
_TALK: Final = re.compile(
    r"(?i)\b(?:plan(?:s|ned|ning)?|propos\w+|articles?|blog|talk|meeting|workshop|training|roadmap|evaluat\w+|compar\w+"
    r"|opinions?|thoughts|recommend\w*|prefer\w*|next (?:week|month|quarter|sprint|year)|reminder|fyi|announc\w+|agenda"
    r"|notes|should we|do we|are we|shall we|we want to|we will|we're going to|what does|what is|what are|how does"
    r"|does anyone know|anyone (?:tried|using|used)|which (?:one|version)|good idea|resolved|was fixed|is fixed"
    r"|works (?:now|again)|back to normal)\b"
    r"|建议|分享|文章|计划|规划|评估|意见|会议|培训|选型|区别|下周|下个?月|季度|推荐|讨论|通知|公告|欢迎|已恢复|恢复了|恢复正常|好了"
)
# Titles of changes ("PR #12", "fix(api): …") and quotes of instructions name a problem without reporting one.
_TITLE: Final = re.compile(
    r"(?i)^\W*(?:(?:PR|MR|(?:pull|merge) request)\s*[#!]?\d+\b"
    r"|(?:fix|feat|chore|docs|refactor|perf|revert|test|ci|build|style)(?:\([\w .,/*-]+\))?!?:\s"
    r"|(?:runbook|playbook|handbook|wiki|faq|手册|运维手册|文档)\b[^:：]{0,40}[:：])"
)
_WORD: Final = re.compile(r"[A-Za-z']+")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_MARKS: Final = re.compile(r"[{}\[\]=\\|<>]|::|\(x\d|: \S+: |/\S+/")
# At least this share of the words of an English sentence are function words; messages of programs leave them out.
_FUNCTION_WORD_SHARE: Final = 0.14
_FEWEST_WORDS: Final = 4
_FEWEST_HAN: Final = 4
_MOST_MARKS: Final = 2


def paragraphs_of(symptoms: Sequence[Symptom]) -> Iterator[tuple[int, ...]]:
    """Yield the paragraphs that a person wrote, as indexes of symptoms.

    In the middle of a text there are none: people write before or after what they paste.
    """
    if len(symptoms) > _MOST_LINES:
        return
    found: list[list[int]] = []
    for index, symptom in enumerate(symptoms):
        # What is from the cluster or has a time of its own was not typed.
        if symptom.dated or symptom.subject is not None or not is_prose(symptom.text):
            continue
        if found and symptom.line - symptoms[found[-1][-1]].line <= _APART:
            found[-1].append(index)
        else:
            found.append([index])
    for whole in found:
        paragraph = tuple(whole[:_LONGEST_PARAGRAPH])
        if paragraph[0] < _EDGE or paragraph[-1] >= len(symptoms) - _EDGE:
            yield paragraph


def is_prose(line: str) -> bool:
    """Return whether a line is a sentence of a person."""
    if len(line) > _LONGEST or _PRINTED.search(line) or len(_MARKS.findall(line)) > _MOST_MARKS:
        return False
    if len(_HAN.findall(line)) >= _FEWEST_HAN:
        return True
    words = [word.lower() for word in _WORD.findall(line)]
    return len(words) >= _FEWEST_WORDS and sum(word in _FUNCTION_WORDS for word in words) >= _FUNCTION_WORD_SHARE * len(
        words
    )


def reports_problem(line: str) -> bool:
    """Return whether a line reports a problem."""
    return _PROBLEM.search(line) is not None


def is_talk(line: str) -> bool:
    """Return whether a line is about plans, announcements or questions out of interest."""
    return _TALK.search(line) is not None


def is_title(line: str) -> bool:
    """Return whether a line is the title of a change, or quotes instructions: it reports nothing that happens now."""
    return _TITLE.search(line) is not None


# So many lines around a match belong to it; a log has other topics farther away.
_NEAR: Final = 4


class Exclusions:
    """The `unless` phrases of every incident; incidents are identified by their numbers. Immutable."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        self._phrases = tuple(tuple(map(_spaced, incident.unless)) for incident in incidents)

    def apply(self, incident: int, symptoms: Sequence[Symptom], *, near: int) -> bool:
        """Return whether one of the incident's phrases occurs near a line, given by its index."""
        phrases = self._phrases[incident]
        if not phrases:
            return False
        around = "\n".join(_spaced(symptom.text) for symptom in symptoms[max(0, near - _NEAR) : near + _NEAR + 1])
        return any(phrase in around for phrase in phrases)


def _spaced(line: str) -> str:
    """Return the words of a line between single spaces, so that a search finds whole words only."""
    return f" {' '.join(words_of(line))} "


# So many of the best entries are scored: the second may have the better signature.
_CANDIDATES: Final = 3
_FEWEST: Final = 4
# The weight that must remain without the terms of the nearest near miss: about one telling term.
_LEAST_MARGIN: Final = 3.0
_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class ProseMatch:
    """An incident that a text describes. `line` is the index of the symptom with most of its weight."""

    incident: int
    total: float  # the weight of its terms, in nats
    ahead: float  # of the next incident, in nats
    explained: float  # the share of the text's information that the incident's terms have
    signature_share: float  # the largest share of one of its signatures that the terms cover
    trouble: bool  # whether the text says that something is wrong
    talk: bool  # whether the text discusses plans, or asks out of interest
    words: tuple[str, ...]  # of the text, with the largest weights
    line: int

    @property
    def score(self) -> float:
        """Return the likelihood that the incident is meant."""
        return likelihood(self.features)

    @property
    def features(self) -> tuple[float, ...]:
        """Return the features of the logistic regression."""
        return (
            1.0,
            log(1 + max(0.0, self.total)),
            log(1 + max(0.0, self.ahead)),
            self.explained,
            0.0 if self.trouble else 1.0,
            1.0 if self.talk else 0.0,
            self.signature_share,
        )


# From tests/eval/fit_prose_classifier.py, in the order of `ProseMatch.features`. The first was fitted as -12.9 and is
# raised: on texts that were not fitted on, this recognises three more incidents for each further false alarm.
CONSTANTS: Final = (-12.4, 2.9, 0.25, 3.3, -1.3, -3.8, 2.6)


def likelihood(features: Sequence[float], constants: Sequence[float] = CONSTANTS) -> float:
    """Return the logistic function of the weighted features."""
    return 1 / (1 + exp(-sum(feature * constant for feature, constant in zip(features, constants, strict=True))))


class _Packed(Packed[TermWeights]):
    """The weights: most texts are recognised without them."""

    @staticmethod
    def pack(item: TermWeights) -> Any:
        return item.plain()

    @staticmethod
    def unpack(plain: Any) -> TermWeights:
        return TermWeights.of_plain(plain)


class ProseClassifier:
    """Finds the incident of a catalog that a text describes. Immutable."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        self._packed = _Packed([TermWeights(incidents)])

    @property
    def _weights(self) -> TermWeights:
        return self._packed[0]

    def classify(self, symptoms: Sequence[Symptom]) -> ProseMatch | None:
        """Return the incident that a paragraph, or a line of one, describes best; None without enough prose."""
        found = (
            one
            for paragraph in paragraphs_of(symptoms)
            for lines in (paragraph, *(((line,) for line in paragraph) if len(paragraph) > 1 else ()))
            for one in self._candidates(symptoms, lines)
        )
        return max(found, key=lambda one: (one.score, one.total, -one.incident), default=None)

    def _candidates(self, symptoms: Sequence[Symptom], paragraph: Sequence[int]) -> Iterator[ProseMatch]:
        lines = {index: terms_of(symptoms[index].text, known=self._weights) for index in paragraph}
        # A fixed order, so that equal texts give equal sums to the last bit.
        terms = tuple(sorted(frozenset[str]().union(*lines.values())))
        totals: defaultdict[int, float] = defaultdict(float)
        for term in terms:
            for number, weight in self._weights.weights_of(term).items():
                totals[number] += weight
        ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        whole = sum(map(self._weights.information, terms))
        for place, (number, total) in enumerate(ranked[:_CANDIDATES]):
            telling = self._telling(terms, number)
            if len(telling) < _FEWEST or self._weights.margin(number, telling) < _LEAST_MARGIN:
                continue
            rival = ranked[0 if place else 1][1] if len(ranked) > 1 else 0.0
            yield ProseMatch(
                incident=number,
                total=total,
                ahead=total - rival,
                explained=sum(map(self._weights.information, telling)) / whole,
                signature_share=self._weights.signature_share(number, frozenset(terms)),
                trouble=any(reports_problem(symptoms[index].text) for index in paragraph),
                talk=any(is_talk(symptoms[index].text) for index in paragraph),
                words=_words_for(telling, " ".join(symptoms[index].text for index in paragraph)),
                line=max(lines, key=lambda index: (_weight_of(telling, lines[index]), -index)),
            )

    def _telling(self, terms: Sequence[str], number: int) -> dict[str, float]:
        weights = {term: self._weights.weights_of(term).get(number, 0.0) for term in terms}
        return {term: weight for term, weight in weights.items() if weight > 0}


def _weight_of(telling: Mapping[str, float], terms: Set[str]) -> float:
    return sum(weight for term, weight in telling.items() if term in terms)


def _words_for(telling: Mapping[str, float], text: str) -> tuple[str, ...]:
    """Return the words of a text that have the heaviest terms, in the text's order."""
    shown = sorted(telling, key=lambda term: (-telling[term], term))[:_SHOWN]
    return tuple(dict.fromkeys(word for word in words_of(text) if term_of(word) in shown))
