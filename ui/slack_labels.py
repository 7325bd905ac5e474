"""What the bot says in Slack, in Chinese and English: equals, field by field.

What the web page says too stands in `ui/labels.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.records import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackLabels:
    """The texts of the bot in one language; `{name}` is filled in with `str.format`."""

    searching: str
    queued: str
    writing: str
    continued: str
    sources_button: str
    nearest_button: str
    sources_title: str
    close: str
    helpful: str
    unhelpful: str
    ask_owner: str
    ask_owner_title: str
    ask_owner_text: str
    confirm: str
    cancel: str
    open_page: str
    thanks: str
    passed_on: str
    not_passed_on: str
    button_failed: str
    passed_question: str
    answer_gone: str
    open_source: str
    failed: str
    try_again: str
    seconds: str
    minutes: str
    busy_you: str
    busy_all: str
    too_long: str
    no_words: str
    help: str
    unknown_command: str
    welcome: str
    prompts_title: str
    explain: str


ZH = SlackLabels(
    searching="正在查找材料……",
    queued="已收到，前面还有 {n} 个问题……",
    writing="正在写回答，写完后逐句核对……",
    continued="（续）",
    sources_button="出处（{n}）",
    nearest_button="最接近的材料（{n}）",
    sources_title="出处",
    close="关闭",
    helpful="有帮助",
    unhelpful="没有帮助",
    ask_owner="请教材料负责人",
    ask_owner_title="转给材料负责人？",
    ask_owner_text="您的问题会连同您的名字发给材料负责人，回答不会一起发出。",
    confirm="发送",
    cancel="取消",
    open_page="在网页中查看",
    thanks="谢谢，已记录。",
    passed_on="已转给材料负责人。",
    not_passed_on="没能转给材料负责人，请稍后再试（编号 {incident}）。",
    button_failed="没有成功，请稍后再试（编号 {incident}）。",
    passed_question="{user} 想请教材料负责人：",
    answer_gone="这个回答已不在记录中。",
    open_source="在原文中查看",
    failed="没能回答这个问题。{reason}",
    try_again="请过几分钟再问一次；如果仍然不行，请把编号 {incident} 告诉管理员。",
    seconds="{n} 秒",
    minutes="{n} 分钟",
    busy_you="您还有几个问题没有答完。请大约 {wait} 后再问这一个。",
    busy_all="现在提问的人很多。请大约 {wait} 后再问。",
    too_long="这个问题太长了，请缩短到 {n} 个字以内再问。",
    no_words="我只能读文字。请把问题写成一句话。",
    help=(
        "请直接写出问题，例如“什么是自注意力？”。我只根据课程材料回答，每句话都标明出处；"
        "材料里没有的，我会直说。\n"
        "• 在频道里提到我，或给我发私信\n"
        "• `/study ask 问题`：回答只有您自己看得到\n"
        "• 消息菜单里的“Explain this”：请我解释那条消息"
    ),
    unknown_command="没有 {command} 这个命令。要提问，请写 {instead}",
    welcome="想学点什么？我只根据课程材料回答，每句话都标明出处。",
    prompts_title="可以这样问",
    explain="请解释：{text}",
)

EN = SlackLabels(
    searching="Searching the materials…",
    queued="Got it; {n} questions are before yours…",
    writing="Writing; each sentence is checked at the end…",
    continued="(continued)",
    sources_button="Sources ({n})",
    nearest_button="Nearest materials ({n})",
    sources_title="Sources",
    close="Close",
    helpful="Helpful",
    unhelpful="Not helpful",
    ask_owner="Ask the content owner",
    ask_owner_title="Ask the content owner?",
    ask_owner_text="Your question goes to the owner of the materials with your name, without the "
    "answer.",
    confirm="Send",
    cancel="Cancel",
    open_page="Open in the web page",
    thanks="Thank you, noted.",
    passed_on="Passed on to the content owner.",
    not_passed_on="It could not be passed on; please try again later (id {incident}).",
    button_failed="That did not work; please try again later (id {incident}).",
    passed_question="{user} asks the owner of the materials:",
    answer_gone="This answer is no longer on record.",
    open_source="Show in the document",
    failed="I could not answer this question. {reason}",
    try_again="Please ask again in a few minutes; if it still fails, tell your administrator the "
    "id {incident}.",
    seconds="{n} seconds",
    minutes="{n} minutes",
    busy_you="Some of your questions are still open. Please ask this one again in about {wait}.",
    busy_all="Many people are asking right now. Please ask again in about {wait}.",
    too_long="This question is too long; please ask it in {n} characters or fewer.",
    no_words="I can only read text. Please put your question into a sentence.",
    help=(
        "Just write your question, for example “What is self-attention?”. I answer from the course "
        "materials only, and every sentence says where it comes from; what they don't say, I won't "
        "make up.\n"
        "• Mention me in a channel, or send me a direct message\n"
        "• `/study ask QUESTION`: an answer that only you see\n"
        "• “Explain this” in a message's menu: I explain that message"
    ),
    unknown_command="There is no command {command}. To ask, write {instead}",
    welcome="What would you like to learn? I answer from the course materials only, and every "
    "sentence says where it comes from.",
    prompts_title="You could ask",
    explain="Explain: {text}",
)

SLACK_LABELS: Mapping[Language, SlackLabels] = {"zh": ZH, "en": EN}


def duration(seconds: float, labels: SlackLabels) -> str:
    """Return "40 seconds" or "3 minutes", rounded up, for people who wait."""
    if seconds < 60:
        return labels.seconds.format(n=max(10, -(-int(seconds) // 10) * 10))
    return labels.minutes.format(n=-(-int(seconds) // 60))
