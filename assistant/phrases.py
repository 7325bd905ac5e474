"""Fixed sentences that the assistant itself says, in both languages."""

from assistant.records import Language

NOT_FOUND: dict[Language, str] = {
    "zh": "材料中没有说明这一点。",
    "en": "The materials don't say.",
}
NOT_FOUND_NAME: dict[Language, str] = {
    "zh": "材料中没有提到 {names}。",
    "en": "The materials don't mention {names}.",
}
NOT_FOUND_NEAREST: dict[Language, str] = {
    "zh": "下面是最接近的内容，供参考。",
    "en": "The nearest passages are listed below.",
}
EXTRACTS: dict[Language, str] = {
    "zh": "模型尚未就绪，以下是材料中最相关的原文。",
    "en": "The model is not ready; these are the best matching passages, word for word.",
}
NO_ANSWER: dict[Language, str] = {
    "zh": "模型没有给出站得住的回答，以下是材料中最相关的原文。",
    "en": "The model gave no answer that holds; these are the best matching passages.",
}
OTHER_NUMBERS: dict[Language, str] = {
    "zh": "材料没有用您给的数算过。以下原文说明怎样算，其中的数字是它自己的例子。",
    "en": "The materials don't work this out for your numbers. These passages show how it is done; "
    "their numbers are those of their own examples.",
}
HALF_UNSUPPORTED: dict[Language, str] = {
    "zh": "模型的回答至少有一半在材料中找不到依据，以下是回答这个问题的原文。",
    "en": "At least half of what the model wrote is not in the materials; these passages answer "
    "the question.",
}
OTHER_LANGUAGE: dict[Language, str] = {
    "zh": "模型用另一种语言作了回答，以下是它所依据的原文。",
    "en": "The model answered in another language; these are the passages that it went by.",
}
INTERRUPTED: dict[Language, str] = {
    "zh": "模型服务器中断，回答不完整。",
    "en": "The model server broke off; the answer is incomplete.",
}
