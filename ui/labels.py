"""The texts of the page in Chinese and English: equals, field by field.

`{name}` is filled in with `str.format`; both languages have the same names (a test holds it).
What is not covered: answers, whose language follows the question.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.records import Language

LANGUAGE_NAMES: Mapping[Language, str] = {"zh": "中文", "en": "English"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Every text of the page in one language."""

    app_title: str
    language: str
    chat_page: str
    document_page: str
    # Conversations
    new_conversation: str
    conversations: str
    manage: str
    title: str
    rename: str
    export: str
    delete: str
    delete_question: str
    cancel: str
    exported_on: str
    # Asking
    placeholder: str
    placeholder_unready: str
    placeholder_busy: str
    welcome_title: str
    welcome_text: str
    first_questions: str
    next_questions: str
    searching: str
    writing: str
    stop: str
    ask_again: str
    # Answers
    cited: str
    found: str
    nearest: str
    no_nearest: str
    abstained: str
    extracts: str
    unsupported: str
    unsupported_note: str
    unsupported_block: str
    lost_sentences: str
    dropped_markers: str
    stopped: str
    stopped_empty: str
    interrupted: str
    answered_by: str
    answered_without_model: str
    failures: Mapping[str, str]
    failure_detail: str
    # Opinions
    opinion: str
    comment: str
    comment_placeholder: str
    send: str
    thanks: str
    # Sources
    source_title: str
    page: str
    quoted_block: str
    open_document: str
    cited_here: str
    passages_of: str
    no_source_asked: str
    source_gone: str
    passage_gone: str
    to_chat: str
    # State
    state: str
    index_ready: str
    index_missing: str
    index_empty: str
    how_to_ingest: str
    model_ready: str
    model_waiting: str
    model_waiting_note: str
    generation: str
    loading: str
    # Quality
    quality_page: str
    quality_note: str
    no_runs: str
    runs_unreadable: str
    run: str
    run_date: str
    run_model: str
    run_no_model: str
    run_generation: str
    run_sets: str
    run_cases: str
    n_run_cases: str
    run_figure: str
    run_dirty: str
    over_time: str
    one_run: str
    all_cases: str
    by_mode: str
    by_mode_note: str
    by_language: str
    by_kind: str
    judge_measured: str
    judge_unmeasured: str
    download_report: str
    report_missing: str
    report_restricted: str


ZH = Labels(
    app_title="大模型学习助手",
    language="界面语言",
    chat_page="问答",
    document_page="原文",
    new_conversation="新对话",
    conversations="对话",
    manage="管理对话",
    title="标题",
    rename="重命名",
    export="导出为 Markdown",
    delete="删除对话",
    delete_question="要永久删除“{title}”以及其中的全部问答吗？",
    cancel="取消",
    exported_on="导出于 {date}。方括号里的编号对应每个回答后列出的出处。",
    placeholder="就学习材料提问……",
    placeholder_unready="材料就绪后即可提问",
    placeholder_busy="正在回答，稍候即可继续提问",
    welcome_title="想学点什么？",
    welcome_text=(
        "我只根据课程材料回答，每句话都标明出处：点开编号就能看到原文。材料里没有的，我会直说。"
    ),
    first_questions="可以这样问",
    next_questions="接着问",
    searching="正在查找材料……",
    writing="正在写回答，写完后逐句核对……",
    stop="停止",
    ask_again="重新回答",
    cited="出处",
    found="找到的材料",
    nearest="最接近的材料",
    no_nearest="没有接近的材料。",
    abstained="材料中没有答案",
    extracts="模型尚未就绪，以下是材料中最相关的原文摘录。模型就绪后会自动恢复正常回答。",
    unsupported="材料未证实",
    unsupported_note="标成橙色的句子没有在所引材料中得到证实，请谨慎对待。",
    unsupported_block="以下内容材料未证实",
    lost_sentences="材料未证实的还有：",
    dropped_markers="模型给出了 {n} 个不存在的出处编号，已去掉。",
    stopped="已停止：以下文字没有写完，也未经核对。",
    stopped_empty="还没有写出内容就停止了。",
    interrupted="这个回答没有写完：程序重启过，或正在另一个窗口所连的程序里生成。",
    answered_by="{model} · {seconds} 秒",
    answered_without_model="未使用模型 · {seconds} 秒",
    failures={
        "IndexMissing": "还没有索引：尚未导入任何材料。",
        "IndexStale": "索引是按另一套设置建立的，需要重建。",
        "IndexCorrupt": "索引文件损坏或不完整，需要重建。",
        "WeightsMissing": "缺少模型文件，也无法获取。",
        "WeightsCorrupt": "模型文件与预期不符，可能已损坏。",
        "ModelUnreachable": "连不上模型服务。",
        "ModelTimeout": "模型服务太久没有响应。",
        "ModelRejected": "模型服务拒绝了这个请求。",
        "ModelReplyInvalid": "模型服务的回复无法识别。",
        "BusyError": "另一个进程正在占用所需的文件。",
        "StorageError": "磁盘已满或不可写入。",
        "ConfigError": "设置有误。",
        "TurnUnreadable": "这条问答的记录已损坏，无法显示。",
        "Unexpected": "出现意外错误，已记入日志（编号 {incident}）。",
        "StudyError": "出错了。",
    },
    failure_detail="详细信息：{message}",
    opinion="这个回答有帮助吗？",
    comment="评论",
    comment_placeholder="哪里好，哪里不对？",
    send="提交",
    thanks="谢谢，已记录。",
    source_title="出处 {number}",
    page="第 {number} 页",
    quoted_block="所引内容",
    open_document="在原文中查看",
    cited_here="所引段落",
    passages_of="{source} · 共 {n} 段",
    no_source_asked="请从回答的出处打开原文。",
    source_gone="现有材料中没有 {source}：它可能已被移除、改名，或您无权查看。",
    passage_gone="所引段落已不在这份材料中：材料在回答之后更新过。下面是现在的内容。",
    to_chat="返回问答",
    state="状态",
    index_ready="材料：{n_sources} 份，{n_passages} 段",
    index_missing="材料：尚未就绪",
    index_empty="材料：索引是空的",
    how_to_ingest="在终端运行下面的命令导入材料；完成后本页会自动可用。",
    model_ready="模型：{model}（{engine}）",
    model_waiting="模型：启动中",
    model_waiting_note="现在就可以提问，先以原文摘录作答。",
    generation="索引版本 {generation}",
    loading="正在打开索引……",
    quality_page="质量",
    quality_note=(
        "每次评测都让助手回答一整套题目。括号里是 95% 区间；"
        "两次的区间大部分重叠时，差别可能只是偶然。↓ 表示越低越好。"
    ),
    no_runs="还没有评测结果。在终端运行下面的命令做一次评测，完成后结果会出现在这里。",
    runs_unreadable="未完成或无法读取的评测：{names}",
    run="评测",
    run_date="日期 (UTC)",
    run_model="模型",
    run_no_model="无模型",
    run_generation="索引版本",
    run_sets="题集",
    run_cases="题数",
    n_run_cases="{n} 题",
    run_figure="指标",
    run_dirty="含未提交的改动",
    over_time="随时间的变化",
    one_run="单次评测",
    all_cases="全部题目",
    by_mode="按回答方式",
    by_mode_note=(
        "原文摘录逐字引自材料，因此必然有据；模型是否忠实，要看它自己撰写的回答。括号里是题数。"
    ),
    by_language="按语言",
    by_kind="按题型",
    judge_measured="由 {judge} 判定；它与人工标注相比的平衡准确率为 {figure}。",
    judge_unmeasured="判定者 {judge} 没有与人工标注比对过：它的判定有多可信，尚不清楚。",
    download_report="下载报告",
    report_missing="这次评测没有报告文件。",
    report_restricted="报告中含有并非人人可见的材料，因此只提供给材料负责人；文件在评测所在的文件夹里。",
)

EN = Labels(
    app_title="LLM study assistant",
    language="Language of the page",
    chat_page="Ask",
    document_page="Source",
    new_conversation="New conversation",
    conversations="Conversations",
    manage="Manage conversation",
    title="Title",
    rename="Rename",
    export="Export as Markdown",
    delete="Delete conversation",
    delete_question="Delete “{title}” with all its questions and answers for good?",
    cancel="Cancel",
    exported_on="Exported on {date}. Numbers in brackets refer to the sources below each answer.",
    placeholder="Ask about the study materials…",
    placeholder_unready="You can ask as soon as the materials are ready",
    placeholder_busy="Answering; you can go on in a moment",
    welcome_title="What would you like to learn?",
    welcome_text=(
        "I answer from the course materials only, and every sentence says where it comes from: "
        "open a number to see the passage. What the materials don't say, I won't make up."
    ),
    first_questions="You could ask",
    next_questions="Ask next",
    searching="Searching the materials…",
    writing="Writing; each sentence is checked at the end…",
    stop="Stop",
    ask_again="Answer again",
    cited="Sources",
    found="Materials found",
    nearest="Nearest materials",
    no_nearest="Nothing in the materials comes near.",
    abstained="The materials don't say",
    extracts=(
        "The model is not ready yet: these are the most relevant extracts from the materials. "
        "Full answers come back by themselves."
    ),
    unsupported="unsupported",
    unsupported_note=(
        "Sentences marked in orange were not confirmed by the passages: treat them with care."
    ),
    unsupported_block="Not confirmed by the materials",
    lost_sentences="Also unsupported:",
    dropped_markers="The model cited {n} sources that don't exist; those numbers were removed.",
    stopped="Stopped: the text below is unfinished and was not checked.",
    stopped_empty="Stopped before anything was written.",
    interrupted=(
        "This answer was not finished: the program was restarted, or another one is writing it."
    ),
    answered_by="{model} · {seconds} s",
    answered_without_model="without the model · {seconds} s",
    failures={
        "IndexMissing": "There is no index yet: no materials have been taken in.",
        "IndexStale": "The index was built with other settings and must be built again.",
        "IndexCorrupt": "The index is damaged or incomplete and must be built again.",
        "WeightsMissing": "The model's files are missing and can't be fetched.",
        "WeightsCorrupt": "The model's files are not what they should be; perhaps damaged.",
        "ModelUnreachable": "The model server can't be reached.",
        "ModelTimeout": "The model server took too long.",
        "ModelRejected": "The model server refused the request.",
        "ModelReplyInvalid": "The model server's reply can't be understood.",
        "BusyError": "Another process holds a file that is needed.",
        "StorageError": "The disk is full, or can't be written to.",
        "ConfigError": "A setting is wrong.",
        "TurnUnreadable": "The record of this answer is damaged and can't be shown.",
        "Unexpected": "Something unexpected went wrong; it is in the log as {incident}.",
        "StudyError": "Something went wrong.",
    },
    failure_detail="Details: {message}",
    opinion="Was this answer helpful?",
    comment="Comment",
    comment_placeholder="What was good, what was wrong?",
    send="Send",
    thanks="Thank you, noted.",
    source_title="Source {number}",
    page="page {number}",
    quoted_block="Quoted",
    open_document="Show in the document",
    cited_here="Cited passage",
    passages_of="{source} · {n} passages",
    no_source_asked="Open a document from the sources of an answer.",
    source_gone=(
        "{source} is not among the materials: it may have been removed or renamed, or is not "
        "for you to see."
    ),
    passage_gone=(
        "The cited passage is no longer in this document: it changed after the answer. "
        "This is what it says now."
    ),
    to_chat="Back to the questions",
    state="State",
    index_ready="Materials: {n_sources} files, {n_passages} passages",
    index_missing="Materials: not ready",
    index_empty="Materials: the index is empty",
    how_to_ingest=(
        "Take in materials with this command in a terminal; the page will be ready by itself."
    ),
    model_ready="Model: {model} ({engine})",
    model_waiting="Model: starting",
    model_waiting_note="You can ask already: answers are extracts until then.",
    generation="Index {generation}",
    loading="Opening the index…",
    quality_page="Quality",
    quality_note=(
        "Each run has the assistant answer a whole set of questions. In brackets: 95 % intervals; "
        "where those of two runs largely overlap, the difference may be chance. "
        "↓ means that lower is better."
    ),
    no_runs="There is no evaluation yet: make one with this command, and it will appear here.",
    runs_unreadable="Unfinished or unreadable runs: {names}",
    run="Run",
    run_date="Date (UTC)",
    run_model="Model",
    run_no_model="no model",
    run_generation="Index",
    run_sets="Sets",
    run_cases="Cases",
    n_run_cases="{n} cases",
    run_figure="Figure",
    run_dirty="with changes not committed",
    over_time="Over time",
    one_run="One run",
    all_cases="All cases",
    by_mode="By mode",
    by_mode_note=(
        "Extracts are quotations from the materials, and therefore supported by construction: how "
        "faithful the model is shows in what it wrote itself. In brackets: the number of cases."
    ),
    by_language="By language",
    by_kind="By kind of question",
    judge_measured=(
        "Judged by {judge}, whose balanced accuracy against people's labels is {figure}."
    ),
    judge_unmeasured=(
        "The judge {judge} was not measured against people's labels: how far its verdicts can be "
        "trusted is unknown."
    ),
    download_report="Download the report",
    report_missing="This run has no report.",
    report_restricted=(
        "The report quotes materials that are not for everyone, so only owners of the materials "
        "get it here; it lies in the run's folder."
    ),
)

LABELS: Mapping[Language, Labels] = {"zh": ZH, "en": EN}
