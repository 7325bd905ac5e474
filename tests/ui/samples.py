"""Passages and answers to draw: small ones for assertions, rich ones for the eye."""

from collections.abc import Sequence

from assistant.answer_events import Event, Finished, Found, Wrote
from assistant.records import Answer, Citation, Hit, Language, Passage, Sentence

QUOTE_ZH = "自注意力让每个词元都能看到序列中的其他词元"
ATTENTION_ZH = Passage(
    passage_id="p-zh-attention",
    source="zh/03-transformer.md",
    title="Transformer 架构",
    heading=("Transformer 架构", "自注意力"),
    text=(
        f"**要点：**{QUOTE_ZH}，因此能建模长距离依赖。\n\n"
        "权重由查询与键的点积得到：\n\n"
        "$$\n\\mathrm{Attention}(Q,K,V)=\\mathrm{softmax}\\!\\left(\\frac{QK^\\top}{\\sqrt{d_k}}"
        "\\right)V\n$$\n\n其中 $d_k$ 是键的维度。"
    ),
    language="zh",
)
COST_ZH = Passage(
    passage_id="p-zh-cost",
    source="zh/03-transformer.md",
    title="Transformer 架构",
    heading=("Transformer 架构", "计算代价"),
    text="自注意力的计算量随序列长度 $n$ 按 $O(n^2)$ 增长。\n\n| 操作 | 复杂度 |\n|---|---|\n"
    "| 自注意力 | $O(n^2 d)$ |\n| 前馈层 | $O(n d^2)$ |",
    language="zh",
    position=1,
)
LORA_EN = Passage(
    passage_id="p-en-lora",
    source="papers/lora.pdf",
    title="LoRA: Low-Rank Adaptation",
    heading=("4 Method",),
    text="LoRA freezes the pretrained weights and injects trainable rank decomposition matrices "
    "into each layer. It reduces trainable parameters by 10,000 times. "
    "See [the code](https://example.com/lora) ![logo](http://example.com/x.png).",
    language="en",
    page=4,
)
CODE_EN = Passage(
    passage_id="p-en-code",
    source="labs/attention.ipynb",
    title="Attention from scratch",
    heading=("Scores",),
    text="def attention(q, k, v):\n    scores = q @ k.T / math.sqrt(k.shape[-1])\n"
    "    return softmax(scores) @ v  # a[0] costs $5",
    language="en",
    kind="code",
)
PASSAGES = (ATTENTION_ZH, COST_ZH, LORA_EN, CODE_EN)


def cite(number: int, passage: Passage, quote: str) -> Citation:
    """Return a citation of `quote`, which must stand in the passage."""
    start = passage.text.index(quote)
    return Citation(
        number=number,
        passage=passage,
        quote=quote,
        start_char=start,
        end_char=start + len(quote),
    )


def answered(
    question: str,
    text: str,
    language: Language,
    *,
    sentences: Sequence[Sentence] = (),
    citations: Sequence[Citation] = (),
    notice: str = "",
) -> Answer:
    """Return an answer that the model wrote."""
    return Answer(
        question=question,
        language=language,
        text=text,
        abstained=False,
        mode="model",
        sentences=tuple(sentences),
        citations=tuple(citations),
        notice=notice,
        standalone_question=question,
        model="fake-model",
        generation="g1",
        timings_ms={"retrieval": 20.0, "total": 2900.0},
    )


def events(answer: Answer, hits: Sequence[Hit], *, n_pieces: int = 6) -> list[Event]:
    """Return what a stream that ends in `answer` yields: `hits`, the text in pieces, the end."""
    size = -(-len(answer.text) // n_pieces) or 1
    pieces = [answer.text[start : start + size] for start in range(0, len(answer.text), size)]
    return [Found(tuple(hits)), *map(Wrote, pieces), Finished(answer)]


def hit(passage: Passage, score: float = 0.8) -> Hit:
    """Return a hit on `passage`."""
    return Hit(passage=passage, score=score, dense=score, dense_rank=1, word_rank=2)


SHORT_ZH = answered(
    "什么是自注意力?",
    "自注意力让每个词元关注其他词元[1]。它由谷歌在 1999 年提出。代价是 $O(n^2)$[2]。",
    "zh",
    sentences=[
        Sentence(
            text="自注意力让每个词元关注其他词元。", citations=(1,), support=0.9, supported=True
        ),
        Sentence(text="它由谷歌在 1999 年提出。", support=0.1, reason="1999"),
        Sentence(text="代价是 $O(n^2)$。", citations=(2,), support=0.8, supported=True),
    ],
    citations=[
        cite(1, ATTENTION_ZH, QUOTE_ZH),
        cite(2, COST_ZH, "计算量随序列长度 $n$ 按 $O(n^2)$ 增长"),
    ],
)
SHORT_EN = answered(
    "What is LoRA?",
    "LoRA freezes the pretrained weights [1]. It was invented on the Moon in 1969. "
    "Training costs $5 and $6 an hour.",
    "en",
    sentences=[
        Sentence(
            text="LoRA freezes the pretrained weights.", citations=(1,), support=0.9, supported=True
        ),
        Sentence(text="It was invented on the Moon in 1969.", support=0.05, reason="Moon"),
        Sentence(text="Training costs $5 and $6 an hour.", supported=True, support=0.7),
    ],
    citations=[cite(1, LORA_EN, "LoRA freezes the pretrained weights")],
)
LONG_ZH = answered(
    "请详细解释注意力的计算,并给出代码。",
    """# 注意力的计算

**缩放点积注意力：**先算查询与键的相似度，再对值加权求和[1]。

$$
\\mathrm{Attention}(Q,K,V)=\\mathrm{softmax}\\left(\\frac{QK^\\top}{\\sqrt{d_k}}\\right)V
$$

除以 $\\sqrt{d_k}$ 可以避免 softmax 进入饱和区。一块显卡要 $5 and $6 起。

1. 计算得分 $s_{ij}=q_i\\cdot k_j$
2. 归一化:
   - 用 `softmax(x, axis=-1)`
   - 掩码位置置为 $-\\infty$
3. 加权求和

```python
def attention(q, k, v):
    scores = q @ k.T / math.sqrt(k.shape[-1])   # x[1] is not a citation
    weights = softmax(scores)
    return weights @ v
```

| 模型 | 层数 | 隐藏维度 | 注意力头 | 参数量 | 上下文长度 | 说明 |
|:--|--:|--:|--:|--:|--:|:--|
| BERT-base | 12 | 768 | 12 | 1.1 亿 | 512 | 双向编码器[2] |
| GPT-3 | 96 | 12288 | 96 | 1750 亿 | 2048 | 自回归解码器 |

> 长序列的代价是平方级的[2]。

"""
    + "为了看清长回答的版面，这里再写一段。" * 30,
    "zh",
    citations=[
        cite(1, ATTENTION_ZH, QUOTE_ZH),
        cite(2, COST_ZH, "| 自注意力 | $O(n^2 d)$ |\n| 前馈层 | $O(n d^2)$ |"),
    ],
)
HOSTILE_EN = answered(
    "Show me something dangerous <script>alert(1)</script>",
    "<img src=x onerror=alert(1)> <script>alert(2)</script> [click](javascript:alert(3)) "
    "![pixel](http://evil.example/p.png) [text](http://evil.example) http://evil.example/bare "
    ":red[red] :material/delete: :smile: $\\href{javascript:alert(4)}{x}$ "
    "[9] `a|[b](http://evil.example)` <a href='http://evil.example'>a</a>\n\n"
    "| a | b |\n|---|---|\n| `x|[c](http://evil.example)` | d |\n\n"
    "```mermaid\ngraph TD; A-->B\n```\n\n[1]: http://evil.example\n\nSee [1].",
    "en",
    citations=[cite(1, LORA_EN, "See [the code](https://example.com/lora)")],
)
ABSTAINED_ZH = Answer(
    question="公司的年假有几天?",
    language="zh",
    text="材料中没有说明这一点。下面是最接近的内容，供参考。",
    abstained=True,
    mode="refusal",
    nearest=(hit(COST_ZH, 0.2), hit(LORA_EN, 0.1)),
    timings_ms={"retrieval": 15.0, "total": 16.0},
)
EXTRACTS_EN = Answer(
    question="How does LoRA train?",
    language="en",
    text="> LoRA freezes the pretrained weights and injects trainable rank decomposition matrices "
    "into each layer [1].",
    abstained=False,
    mode="extracts",
    sentences=(
        Sentence(
            text="LoRA freezes the pretrained weights and injects trainable rank decomposition "
            "matrices into each layer.",
            citations=(1,),
            support=1.0,
            supported=True,
        ),
    ),
    citations=(cite(1, LORA_EN, "LoRA freezes the pretrained weights"),),
    notice="The model is not ready; these are the best matching passages, word for word.",
    timings_ms={"total": 40.0},
)
EVERYTHING: tuple[Answer, ...] = (
    SHORT_ZH,
    SHORT_EN,
    LONG_ZH,
    HOSTILE_EN,
    ABSTAINED_ZH,
    EXTRACTS_EN,
)


def replies() -> dict[str, list[Event]]:
    """Return, for each question, the events that end in its answer."""
    return {
        answer.question: events(
            answer, [hit(citation.passage) for citation in answer.citations], n_pieces=24
        )
        for answer in EVERYTHING
    }
