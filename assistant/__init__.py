"""The study assistant: from a question to an answer whose every sentence was checked."""
