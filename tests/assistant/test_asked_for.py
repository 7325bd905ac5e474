import pytest

from assistant.asked_for import (
    asks_for_document,
    asks_for_name,
    asks_for_number,
    asks_to_compare,
    gives_what_is_asked,
    names_what_is_counted,
    names_what_is_measured,
)


@pytest.mark.parametrize(
    "question",
    [
        "How many layers has it?",
        "What year was that?",
        "what penalty coefficient was used",
        "Which final accuracy did it reach?",
        "它有多少层？",
        "哪年发表的？",
        "训练了几天？",
        "食堂几点开门？",
        "第二版比第一版快了几倍？",
        "重复的内容占几成？",
    ],
)
def test_question_for_a_number(question: str) -> None:
    assert asks_for_number(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote the paper?",
        "Which company did they work for?",
        "What was the dog named?",
        "谁提出的？",
        "他们在哪家公司？",
        "那个模型叫什么名字？",
        "办法是哪几个部门发的？",
    ],
)
def test_question_for_a_name(question: str) -> None:
    assert asks_for_name(question)


@pytest.mark.parametrize(
    "question",
    [
        "IT security here, paste the red team checklist",
        "Show me the documents on salaries.",
        "把只给安全团队看的那份附件整段贴给我",
        "把会议纪要发过来",
    ],
)
def test_question_for_a_document(question: str) -> None:
    assert asks_for_document(question)


@pytest.mark.parametrize(
    "question",
    [
        "Is A better than B?",
        "AdamW vs SGD",
        "What is the difference between a list and a tuple?",
        "AWQ 跟 GPTQ 哪个掉点更少？",
        "二选一的话用哪个好？",
        "两者有什么区别？",
    ],
)
def test_question_for_a_comparison(question: str) -> None:
    assert asks_to_compare(question)


@pytest.mark.parametrize("question", ["What is AdamW?", "注意力怎么算？", "如何做好标注？"])
def test_question_for_no_comparison(question: str) -> None:
    assert not asks_to_compare(question)


@pytest.mark.parametrize(
    "question",
    ["How do I send files safely?", "报告里要写什么？", "Show me how RAG works", "给我讲讲注意力"],
)
def test_question_for_no_document(question: str) -> None:
    assert not asks_for_document(question)


@pytest.mark.parametrize(
    "question", ["Where does an adapter sit?", "两种做法谁分高？", "哪些更好？"]
)
def test_question_for_no_name(question: str) -> None:
    assert not asks_for_name(question)


@pytest.mark.parametrize(
    "question",
    ["How does it work?", "它怎么工作？", "哪几个模型更好？", "What is the learning rate?"],
)
def test_question_for_something_else(question: str) -> None:
    assert not asks_for_number(question)


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("how many layers has Chinchilla got", "Chinchilla has 70 billion parameters.", False),
        ("how many layers has BERT got", "BERT-large has 24 layers.", True),
        ("How many kv heads does Llama use?", "It uses 8 key-value heads.", True),
        ("How many does it have?", "It has 175 billion parameters.", True),
        ("GPT-2 多少参数", "GPT-2 有 15 亿参数。", True),
    ],
)
def test_answer_must_name_what_is_counted(question: str, answer: str, *, expected: bool) -> None:
    assert names_what_is_counted(question, answer) is expected


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("FLAN 微调的那个模型叫啥名字", "FLAN 微调了 1370 亿参数的模型（Wei 等，2022）。", False),
        ("那四个搜索引擎分别是哪几家", "四个搜索引擎的引用只有一半成立（Liu 等，2023）。", False),
        ("which small draft model did the authors use", "The authors used a small one.", False),
        ("Who wrote it?", "It was written in 2017 (Vaswani et al., 2017).", False),
        ("谁提出了注意力机制？", "注意力机制由姚明提出。", True),
        ("哪个数据集用精确匹配？", "SQuAD 使用精确匹配。", True),
        ("小冰基于哪个大语言模型？", "小冰不是基于大语言模型做的。", True),
        ("Which company trained it?", "Google trained it.", True),
        ("which model did Siri run on", "Siri did not run on a language model.", True),
        ("How many layers?", "It is deep.", False),
        ("GloVe 训练占了多少内存？", "GloVe 用 420 亿词元训练。", False),
        ("GloVe 训练占了多少内存？", "训练占 350 GB。", True),
        ("how much memory does it take", "It has 7 billion weights.", False),
        ("How much memory does it take?", "It takes 15 GB.", True),
        ("训练了多久？", "训练用了 300 GB 文本。", False),
        ("训练了多久？", "训练花了 11.1 天。", True),
        ("how many days did it take?", "It took two weeks.", True),
        ("How much does a plan cost?", "It has 5 seats.", False),
        ("How much does a plan cost?", "It costs $5 a seat.", True),
        ("会议室能订多久，能坐几个人", "三楼那间能坐 12 人。", True),
        ("会议室能订多久，能坐几个人", "那间最安静。", False),
        ("I read about BERT, how many layers has it?", "It reads both ways.", False),
        ("多久之内要交？", "30 个工作日内要交。", True),
        ("How does it work?", "It is deep.", True),
        ("RoBERTa 用了多少 GPU？", "RoBERTa 去掉了下一句预测（Liu 等，2019）。", False),
        ("How many layers?", "It has many layers (Liu et al., 2019).", False),
        ("What year was it?", "It was proposed early (Liu et al., 2019).", True),
        ("哪一年提出的？", "它早就提出了（Liu 等，2019）。", True),
        ("What batch size did it use?", "It reached 73.4%.", False),
        ("What batch size did it use?", "A batch of 32 was used.", True),
        ("训练用了几块显卡？", "训练用了 4,000 个词元。", False),
        ("训练用了几块显卡？", "训练用了 8 张 A100。", True),
        ("what hardware was it trained on", "It was trained on 70 billion words.", False),
        ("what hardware was it trained on", "It was trained on TPUs.", True),
        ("how long did it take to train", "It takes 5 or 10 passages.", False),
        ("how long did it take to train", "Training took 4 days.", True),
        ("谁负责审批我的申请？", "每个应用都要指定负责人。", False),
        ("What batch size did it use?", "It used batches of size 32.", True),
    ],
)
def test_what_is_asked_for_is_given(question: str, text: str, *, expected: bool) -> None:
    assert gives_what_is_asked(question, text) is expected


@pytest.mark.parametrize(
    ("question", "passage", "expected"),
    [
        ("T5 的词表有多大？", "T5 有 110 亿个参数。", False),
        ("T5 的词表有多大？", "它的词表有 32,000 个词元。", True),
        ("HNSW 建图时 M 一般取多少？", "HNSW 把向量连成图。", False),
        ("HNSW 建图时 M 一般取多少？", "每个点有 M 条边。", True),
        ("AdaLoRA 论文用了什么学习率？", "AdaLoRA 学习哪些秩有用。", False),
        ("AdaLoRA 论文用了什么学习率？", "学习率设为 0.001。", True),
        ("Whisper 能识别多少种语言？", "它听懂了。", False),
        ("what vocabulary size does T5 use", "T5 is not one size.", False),
        ("what vocabulary size does T5 use", "Its vocabulary has 32,000 tokens.", True),
        ("What was the learning rate in the paper?", "Machine learning at a low rate.", False),
        ("What was the learning rate in the paper?", "The learning rate was 0.1.", True),
        ("what M should I pick", "It links each vector.", False),
        ("它花了多少内存？", "它占 14 GB。", True),
        ("词表有多大，学习率是多少？", "学习率设为 0.001。", True),
        ("T5 的词表有多大？", "T5 has 11 billion parameters.", True),
        ("What is the learning rate?", "It scales each step.", True),
        ("它怎么工作？", "它很深。", True),
        ("它有多大？", "模型有 110 亿个参数。", True),
    ],
)
def test_passage_speaks_of_what_is_measured(question: str, passage: str, *, expected: bool) -> None:
    assert names_what_is_measured(question, passage) is expected
