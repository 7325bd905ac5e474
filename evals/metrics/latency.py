"""How long an answer took, in seconds, and how many tokens the model read and wrote for it.

What nobody measured has no value: a refusal without the model has no first token. A row that
failed has none at all, since the time to an error says nothing of the time to an answer.
"""

from evals.records import Row


def latency_values(row: Row) -> dict[str, float]:
    """Return first_token_s and total_s in seconds, prompt_tokens and new_tokens as counts."""
    if row.error:
        return {}
    values = {
        "first_token_s": row.first_token_s,
        "total_s": row.total_s,
        "prompt_tokens": row.prompt_tokens,
        "new_tokens": row.new_tokens,
    }
    return {name: float(value) for name, value in values.items() if value is not None}
