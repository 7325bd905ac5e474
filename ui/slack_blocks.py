"""Answers, notices and sources as Slack's Block Kit. Pure.

All text of models, documents and people goes through `ui/slack_mrkdwn.py`; links and mentions are
made here alone, from ids and addresses that are ours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.answer_json import JsonObject
from assistant.records import EVERYONE, Answer, Citation, Language, Passage
from ui.labels import LABELS, Labels
from ui.render import document_link, lost_sentences, notices, page_number, unsupported_spans, where
from ui.slack_labels import SLACK_LABELS, SlackLabels
from ui.slack_mrkdwn import code, escape, mrkdwn
from ui.slack_packing import packed, shortened
from ui.slack_records import Message

SOURCES, HELPFUL, UNHELPFUL, ASK_OWNER, OPEN_PAGE = (
    "study_sources",
    "study_helpful",
    "study_unhelpful",
    "study_ask_owner",
    "study_open_page",
)
"""What the buttons are called in Slack's payloads; their value is a turn's id."""

MAX_TEXT_CHARS = 3900
"""Slack advises 4,000 for a message's plain text."""
MAX_MESSAGE_CHARS = 9000
"""Of the sections of one message; what is longer goes on in a further one."""
_MAX_MODAL_BLOCKS = 98  # Slack takes 100
_MAX_BUTTON_CHARS = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What an answer's buttons can lead to besides its sources."""

    web_url: str = ""
    has_content_owner: bool = False


def draft_message(text: str, language: Language) -> Message:
    """Return an answer that is still being written; only its end, if it is long."""
    note = SLACK_LABELS[language].writing
    sections = packed(mrkdwn(text)) if text.strip() else []
    return _message(sections[-2:], [_context(f"_{escape(note)}_")])


def plain_message(text: str) -> Message:
    """Return a message of our own words: (safe) mrkdwn."""
    return _message([text], [])


def answer_messages(answer: Answer, turn_id: str, offers: Offers) -> tuple[Message, ...]:
    """Return a finished answer, in as many messages as it takes; the last one has the buttons."""
    labels, say = LABELS[answer.language], SLACK_LABELS[answer.language]
    written = mrkdwn(
        answer.text,
        marks=unsupported_spans(answer),
        after_mark=f" _(⚠ {escape(labels.unsupported)})_",
    )
    if answer.abstained:
        written.insert(0, f"*{escape(labels.abstained)}*")
        written.append("\n".join(f"• {_place(hit.passage, labels)}" for hit in answer.nearest))
    lost = lost_sentences(answer)
    if lost:
        listed = "\n".join(f"• {escape(text)}" for text in lost)
        written.append(f"⚠ {escape(labels.lost_sentences)}\n{listed}")
    before = [_context(f":information_source: {escape(note)}") for note in notices(answer, labels)]
    after: list[JsonObject] = []
    sources = [_numbered_place(each, labels) for each in answer.citations]
    if sources:
        after.append(_context(*sources))
    after.append(_context(escape(_origin(answer, labels))))
    after.append({"type": "actions", "elements": _buttons(answer, turn_id, offers, labels, say)})
    groups = list(_grouped(packed(written)))
    messages = []
    for number, sections in enumerate(groups):
        is_first, is_last = number == 0, number == len(groups) - 1
        lead = before if is_first else [_context(f"_{escape(say.continued)}_")]
        if is_last:
            also_said = "\n".join(sources)
            messages.append(_message(sections, after, before=lead, also_said=also_said))
        else:
            messages.append(_message(sections, [], before=lead))
    return tuple(messages)


def sources_view(answer: Answer, audiences: frozenset[str], offers: Offers) -> JsonObject:
    """Return the modal that shows what the answer rests on, as far as `audiences` may see it."""
    labels, say = LABELS[answer.language], SLACK_LABELS[answer.language]
    shown: list[tuple[str, Passage, list[str], tuple[int, int] | None]]
    if answer.citations:
        shown = [
            (f"*[{each.number}]*", each.passage, _quotes(each), _quoted_span(each))
            for each in answer.citations
        ]
    else:
        shown = [
            ("•", hit.passage, [hit.best_sentence or hit.passage.text], None)
            for hit in answer.nearest
        ]
    blocks: list[JsonObject] = []
    for mark, passage, quotes, span in shown:
        if passage.audience not in audiences:
            blocks.append(_section(escape(labels.source_gone.format(source=passage.source))))
            continue
        address = _address(passage, answer.language, offers, span)
        link = f"<{address}|{say.open_source}>" if address else ""
        blocks += _source(passage, f"{mark} {_place(passage, labels)}", quotes, link)
    return {
        "type": "modal",
        "title": _plain(say.sources_title),
        "close": _plain(say.close),
        "blocks": blocks[:_MAX_MODAL_BLOCKS] or [_section(escape(labels.no_nearest))],
    }


def passed_question(question: str, user: str, link: str, language: Language) -> Message:
    """Return what the content owner gets to read: the question, who asks it, and where."""
    say = SLACK_LABELS[language]
    quoted = "\n".join(f"> {escape(line)}" for line in question.splitlines())
    lead = say.passed_question.format(user=f"<@{user}>") + (f" <{link}|↗>" if link else "")
    return _message([lead, *packed([quoted])], [])


def _source(passage: Passage, title: str, quotes: Iterable[str], link: str) -> list[JsonObject]:
    """Return the blocks of one source; `link`: (safe) mrkdwn."""
    lines = [title, code(passage.source) + (f" · {link}" if link else "")]
    sections = [_section("\n".join(lines))]
    for quote in quotes:
        for text in packed(mrkdwn(quote)):
            body = text if "```" in text else "\n".join(f"> {line}" for line in text.split("\n"))
            sections.append(_section(shortened(body, 3000)))
    return [*sections, {"type": "divider"}]


def _quotes(citation: Citation) -> list[str]:
    further = [citation.passage.text[start:end] for start, end in citation.further_spans]
    return [citation.quote, *further]


def _quoted_span(citation: Citation) -> tuple[int, int]:
    return citation.start_char, citation.end_char


def _address(
    passage: Passage, language: Language, offers: Offers, quote: tuple[int, int] | None
) -> str:
    """Return the address of the passage in the web page; "" where none is to be had.

    The page shows to everyone only what is for everyone.
    """
    if not offers.web_url or passage.audience not in EVERYONE:
        return ""
    # It stands between < and |; `urlencode` leaves neither in it.
    return f"{offers.web_url.rstrip('/')}/{document_link(passage, language, quote)}"


def _buttons(
    answer: Answer, turn_id: str, offers: Offers, labels: Labels, say: SlackLabels
) -> list[JsonObject]:
    buttons = []
    if answer.citations:
        label = say.sources_button.format(n=len(answer.citations))
        buttons.append(_button(SOURCES, label, turn_id))
    elif answer.nearest:
        label = say.nearest_button.format(n=len(answer.nearest))
        buttons.append(_button(SOURCES, label, turn_id))
    buttons.append(_button(HELPFUL, f"👍 {say.helpful}", turn_id))
    buttons.append(_button(UNHELPFUL, f"👎 {say.unhelpful}", turn_id))
    if offers.has_content_owner:
        confirm = {
            "title": _plain(say.ask_owner_title),
            "text": _plain(say.ask_owner_text),
            "confirm": _plain(say.confirm),
            "deny": _plain(say.cancel),
        }
        buttons.append(_button(ASK_OWNER, say.ask_owner, turn_id) | {"confirm": confirm})
    if offers.web_url:
        first = answer.citations[0] if answer.citations else None
        link = (
            _address(first.passage, answer.language, offers, _quoted_span(first)) if first else ""
        ) or f"{offers.web_url.rstrip('/')}/?lang={answer.language}"
        buttons.append(_button(OPEN_PAGE, say.open_page, turn_id) | {"url": link})
    return buttons


def _button(action: str, label: str, value: str) -> JsonObject:
    return {
        "type": "button",
        "action_id": action,
        "text": _plain(label[:_MAX_BUTTON_CHARS]),
        "value": value,
    }


def _numbered_place(citation: Citation, labels: Labels) -> str:
    return f"[{citation.number}] {_place(citation.passage, labels)}"


def _place(passage: Passage, labels: Labels) -> str:
    page = page_number(passage, labels)
    return shortened(escape(where(passage) + (f" · {page}" if page else "")), 300)


def _origin(answer: Answer, labels: Labels) -> str:
    seconds = f"{answer.timings_ms.get('total', 0.0) / 1000:.1f}"
    if answer.mode == "model" and answer.model:
        return labels.answered_by.format(model=answer.model, seconds=seconds)
    return labels.answered_without_model.format(seconds=seconds)


def _grouped(sections: Sequence[str]) -> Iterable[list[str]]:
    group: list[str] = []
    for section in sections or [""]:
        if group and sum(map(len, group)) + len(section) > MAX_MESSAGE_CHARS:
            yield group
            group = []
        group.append(section)
    yield group


def _message(
    sections: Sequence[str],
    after: Sequence[JsonObject],
    *,
    before: Sequence[JsonObject] = (),
    also_said: str = "",
) -> Message:
    """Return a message; `also_said` ends its plain text, which is all that some readers get."""
    end = also_said and f"\n\n{shortened(also_said, MAX_TEXT_CHARS // 2)}"
    text = shortened("\n\n".join(filter(None, sections)), MAX_TEXT_CHARS - len(end)) + end
    if not text:  # a message without any is refused
        text = str(after[0]["elements"][0]["text"]) if after else "…"
    return Message(
        text=text, blocks=(*before, *(_section(each) for each in sections if each), *after)
    )


def _section(text: str) -> JsonObject:
    return {"type": "section", "text": _mrkdwn(text)}


def _context(*texts: str) -> JsonObject:
    return {"type": "context", "elements": [_mrkdwn(text) for text in texts[:10]]}


def _mrkdwn(text: str) -> JsonObject:
    # verbatim: Slack makes no links, channels or mentions of words that look like some.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str) -> JsonObject:
    return {"type": "plain_text", "text": text}
