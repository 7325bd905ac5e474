"""A bot in a process of its own: `python -m tests.ui.slack.bot_process HOME API_URL SECONDS`.

Prints its address once it can be asked, and at its end how many questions it answered. Its
assistant takes SECONDS for an answer.
"""

import sys
import threading
from pathlib import Path

from tests.ui.slack.conftest import bot_settings
from tests.ui.slack.made_assistant import MadeAssistant
from ui.command_group import stop_on_sigterm
from ui.conversations import CONVERSATIONS_FILE, Conversations
from ui.slack_bot import running_bot


def main() -> None:
    home, api_url, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    stop_on_sigterm()
    settings = bot_settings(home, api_url, workers=4, max_open=500, lease_s=1, shutdown_s=0.2)
    assistant = MadeAssistant(seconds=seconds)
    conversations = Conversations(home / CONVERSATIONS_FILE)
    try:
        with running_bot(settings, "http", assistant, conversations) as bot:
            print(bot.url, flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        print(len(assistant.asked), flush=True)


if __name__ == "__main__":
    main()
