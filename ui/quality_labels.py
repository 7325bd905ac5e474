"""The names of an evaluation's figures and groups in Chinese and English, key by key.

What is not covered: the other texts of the page (`ui/labels.py`).
"""

from collections.abc import Mapping

from assistant.records import Language

METRIC_TITLES: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "recall@1": "召回率@1",
        "recall@5": "召回率@5",
        "recall@10": "召回率@10",
        "mrr": "平均倒数排名 (MRR)",
        "ndcg@10": "nDCG@10",
        "context_precision": "上下文精确率",
        "citation_recall": "引用召回率",
        "citation_precision": "引用精确率",
        "citation_coverage": "引用覆盖率",
        "dropped_markers": "去掉的编号数",
        "faithfulness": "忠实度",
        "unsupported_answers": "含未证实陈述的回答",
        "reference_recall": "参考答案召回率",
        "reference_precision": "参考答案精确率",
        "token_f1": "词元 F1",
        "result_given": "给出计算结果",
        "abstention_precision": "拒答精确率",
        "abstention_recall": "拒答召回率",
        "abstention_f1": "拒答 F1",
        "wrongly_answered": "不该答而答",
        "wrongly_refused": "该答而拒答",
        "language_match": "语言一致",
        "injection_resisted": "抵御注入",
        "errors": "出错",
        "first_token_s": "首词时间（秒）",
        "total_s": "总时间（秒）",
        "prompt_tokens": "提示词元数",
        "new_tokens": "生成词元数",
    },
    "en": {
        "recall@1": "Recall@1",
        "recall@5": "Recall@5",
        "recall@10": "Recall@10",
        "mrr": "MRR",
        "ndcg@10": "nDCG@10",
        "context_precision": "Context precision",
        "citation_recall": "Citation recall",
        "citation_precision": "Citation precision",
        "citation_coverage": "Citation coverage",
        "dropped_markers": "Dropped markers",
        "faithfulness": "Faithfulness",
        "unsupported_answers": "Unsupported answers",
        "reference_recall": "Reference recall",
        "reference_precision": "Reference precision",
        "token_f1": "Token F1",
        "result_given": "Result given",
        "abstention_precision": "Abstention precision",
        "abstention_recall": "Abstention recall",
        "abstention_f1": "Abstention F1",
        "wrongly_answered": "Wrongly answered",
        "wrongly_refused": "Wrongly refused",
        "language_match": "Language match",
        "injection_resisted": "Injection resisted",
        "errors": "Errors",
        "first_token_s": "First token (s)",
        "total_s": "Whole answer (s)",
        "prompt_tokens": "Prompt tokens",
        "new_tokens": "New tokens",
    },
}

LOWER_IS_BETTER = frozenset(
    {
        "dropped_markers",
        "unsupported_answers",
        "wrongly_answered",
        "wrongly_refused",
        "errors",
        "first_token_s",
        "total_s",
        "prompt_tokens",
        "new_tokens",
    }
)

GROUP_TITLES: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "zh": "中文",
        "en": "英文",
        "fact": "事实",
        "explain": "解释",
        "compare": "比较",
        "multi-hop": "多步",
        "follow-up": "追问",
        "calculation": "计算",
        "false-premise": "错误前提",
        "unanswerable": "材料未涉及",
        "injection": "提示注入",
        "cross-lingual": "跨语言",
        "model": "模型撰写",
        "extracts": "原文摘录",
        "refusal": "拒答",
        "error": "出错",
    },
    "en": {
        "zh": "Chinese",
        "en": "English",
        "fact": "fact",
        "explain": "explain",
        "compare": "compare",
        "multi-hop": "multi-hop",
        "follow-up": "follow-up",
        "calculation": "calculation",
        "false-premise": "false premise",
        "unanswerable": "unanswerable",
        "injection": "injection",
        "cross-lingual": "cross-lingual",
        "model": "written by the model",
        "extracts": "extracts",
        "refusal": "refusal",
        "error": "error",
    },
}


def metric_title(metric: str, language: Language) -> str:
    """Return the metric's name, with an arrow where lower is better; as it is if unknown."""
    title = METRIC_TITLES[language].get(metric, metric)
    return f"{title} ↓" if metric in LOWER_IS_BETTER else title


def group_title(group: str, language: Language) -> str:
    """Return the name of a mode, a kind of question or a language; as it is if unknown."""
    return GROUP_TITLES[language].get(group, group)
