"""Opinions of answers, from any front end: kept with the conversation, a dislike also as a gap."""

from assistant.gaps import Gaps
from assistant.records import Answer
from ui.conversations import Conversations, Feedback


def keep_opinion(
    conversations: Conversations,
    gaps: Gaps,
    turn_id: str,
    answer: Answer,
    feedback: Feedback,
    *,
    channel: str,
    reader: str = "",
) -> None:
    """Keep what somebody thinks of an answer; a dislike is a gap until they think better of it.

    Raises:
        StudyError: it can't be written.
    """
    was_disliked = conversations.feedback(turn_id, reader).value == "down"
    conversations.give_feedback(turn_id, feedback, reader)
    if was_disliked:
        gaps.withdraw(answer)
    if feedback.value == "down":
        gaps.record(
            answer, kind="disliked", channel=channel, asker=reader, comment=feedback.comment
        )
