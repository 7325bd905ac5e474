"""The first thing that happens to a question: its asker sees that it arrived, or why it is refused.

Also what is said instead of an answer (help, a welcome, when to come back), what becomes of a
question for the content owner, and tidying up after one that was deleted.
"""

import logging
from collections.abc import Sequence

from assistant.errors import StudyError
from assistant.language import detect_language
from assistant.records import Language
from ui.incidents import log_incident
from ui.slack_api import SlackFailed
from ui.slack_blocks import passed_question, plain_message
from ui.slack_desk import MAX_ATTEMPTS, Desk
from ui.slack_events import MAX_QUESTION_CHARS
from ui.slack_labels import EN, SLACK_LABELS, ZH, duration
from ui.slack_mrkdwn import escape
from ui.slack_records import Question

_log = logging.getLogger(__name__)
_TO_OWNER = 1
"""The part under which it is noted that a question was passed on."""


def greet(question: Question, desk: Desk) -> None:
    """Show that the question arrived; say what is to be said instead of an answer, if anything.

    Raises:
        SlackFailed: that can't be posted.
    """
    heard = question.heard
    language = detect_language(heard.text)
    if question.state == "withdrawn":
        desk.outbox.take_back(question)
        desk.inbox.pass_on(question.question_id, "done")
    elif heard.notice == "pass_on":
        desk.outbox.deliver(question, [plain_message(_passed_on(question, desk))])
        desk.inbox.pass_on(question.question_id, "done")
    elif heard.notice:
        if question.attempts <= MAX_ATTEMPTS:
            desk.outbox.deliver(question, [plain_message(_notice(question))])
        if heard.notice == "welcome":
            desk.outbox.suggest(
                question,
                _first_questions(desk),
                " · ".join(each.prompts_title for each in (ZH, EN)),
            )
        desk.inbox.pass_on(question.question_id, "done")
    else:
        say = SLACK_LABELS[language]
        n_before = desk.inbox.n_before(question.question_id)
        status = say.queued.format(n=n_before) if n_before > 1 else say.searching
        try:
            if question.attempts <= MAX_ATTEMPTS:
                desk.outbox.greet(question, status, plain_message(f"_{escape(status)}_"))
        except SlackFailed as error:
            if error.code == "stopped":
                raise
            _log.warning("%s The answer will say whether it can be posted.", error)
        desk.inbox.pass_on(question.question_id, "waiting")


def _passed_on(question: Question, desk: Desk) -> str:
    """Return what became of a question for the content owner, who has it now if all is well."""
    heard = question.heard
    language = detect_language(heard.text)
    say = SLACK_LABELS[language]
    try:
        if desk.content_owner is None:
            raise StudyError("STUDY_SLACK__CONTENT_OWNER is not set any more.")
        if desk.inbox.posted.ts(question.question_id, _TO_OWNER) is None:
            link = desk.outbox.link_to(heard)
            message = passed_question(heard.text, heard.user, link, language)
            desk.inbox.posted.note(question.question_id, _TO_OWNER)
            desk.outbox.send(question, desk.content_owner, message, part=_TO_OWNER)
    except StudyError:
        return say.not_passed_on.format(incident=log_incident())
    return say.passed_on


def _first_questions(desk: Desk) -> list[str]:
    """Return questions to begin with, as many in each language; Slack shows four."""
    return [text for language in ("zh", "en") for text in desk.assistant.suggest(language)[:2]]


def _notice(question: Question) -> str:
    """Return (safe) mrkdwn in the language of the words there are; in both without words."""
    heard = question.heard
    languages: Sequence[Language] = (
        [detect_language(heard.text)] if heard.text.strip() else ["zh", "en"]
    )
    texts = []
    for language in languages:
        say = SLACK_LABELS[language]
        texts.append(
            {
                "help": say.help,
                "welcome": say.welcome,
                "no_words": say.no_words,
                "too_long": say.too_long.format(n=MAX_QUESTION_CHARS),
                "busy_you": say.busy_you.format(wait=duration(question.wait_s, say)),
                "busy_all": say.busy_all.format(wait=duration(question.wait_s, say)),
            }[heard.notice]
        )
    return "\n\n".join(texts)
