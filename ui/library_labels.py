"""The texts of the Library page in Chinese and English: equals, field by field.

`{name}` is filled in with `str.format`. The page's other texts are in `ui/labels.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.records import Language
from ui.gaps_csv import ENGLISH, GapHeadings


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryLabels:
    """Every text of the Library page in one language."""

    library_page: str
    sections: Mapping[str, str]
    reader_note: str
    # List of sources
    search: str
    any_language: str
    any_audience: str
    everyone: str
    only_problems: str
    shown_of: str
    nothing_matches: str
    empty: str
    empty_owner: str
    not_open: str
    title: str
    source: str
    source_language: str
    version: str
    owner: str
    audience: str
    passages: str
    last_change: str
    problem: str
    languages: Mapping[str, str]
    choose_source: str
    open_source: str
    replace: str
    remove: str
    remove_question: str
    not_live: str
    file_elsewhere: str
    remedy: str
    place: str
    # Uploads
    upload_heading: str
    upload_note: str
    upload_files: str
    upload_folder: str
    upload_check: str
    upload_replacement: str
    replacing: str
    cancel: str
    checking: str
    no_folder: str
    no_files: str
    twice: str
    other_kind: str
    too_many_bytes: str
    refused: str
    refusals: Mapping[str, str]
    names: Mapping[str, str]
    details: str
    taken: str
    taken_waiting: str
    clash_choice: str
    clash_replace: str
    clash_keep: str
    warned: str
    more_warnings: str
    findings: Mapping[str, str]
    units: Mapping[str, str]
    accept: str
    add: str
    leave_out: str
    added: str
    # Waiting changes
    waiting_heading: str
    nothing_waits: str
    changes: Mapping[str, str]
    waiting_line: str
    warnings_accepted: str
    discard: str
    # Plan and publication
    your_name: str
    your_name_help: str
    preview: str
    publish: str
    publish_note: str
    running: Mapping[str, str]
    running_by: str
    stages: Mapping[str, str]
    of_total: str
    stop: str
    elsewhere_running: str
    lost: str
    failed: str
    foreign: str
    plan_heading: str
    plan_stale: str
    plan_empty: str
    plan_files: str
    plan_passages: str
    plan_vectors: str
    plan_rebuild: str
    plan_count: str
    plan_changes: Mapping[str, str]
    moved_from: str
    cases_resting: str
    more_changes: str
    more_files: str
    no_words: str
    outcome_published: str
    outcome_forced: str
    outcome_nothing: str
    outcome_rejected: str
    scores: str
    score: str
    candidate: str
    live: str
    n_cases: str
    force_heading: str
    force_note: str
    force_reason: str
    force: str
    reason_missing: str
    problems_heading: str
    # History
    generations_heading: str
    generation: str
    made_at: str
    files: str
    is_live: str
    unreadable: str
    roll_back_to: str
    roll_back_reason: str
    roll_back: str
    roll_back_note: str
    no_other: str
    audit_heading: str
    audit_empty: str
    audit_at: str
    audit_by: str
    audit_action: str
    audit_from: str
    audit_to: str
    audit_reason: str
    audit_summary: str
    actions: Mapping[str, str]
    # Gaps
    gaps_note: str
    gaps_named: str
    gaps_unnamed: str
    gaps_empty: str
    gaps_kind: str
    gap_kinds: Mapping[str, str]
    gap_times: str
    gap_last: str
    gap_disliked: str
    gap_nearest: str
    gap_wordings: str
    gap_comments: str
    gaps_download: str
    grouping: str
    gap_headings: GapHeadings


ZH = LibraryLabels(
    library_page="材料库",
    sections={"sources": "材料", "update": "更新", "history": "历史", "gaps": "缺口"},
    reader_note="这里是您可以查看的学习材料。",
    search="搜索名称、标题、负责人或版本",
    any_language="全部语言",
    any_audience="全部受众",
    everyone="所有人",
    only_problems="只看有问题的",
    shown_of="显示 {shown} / {total} 份材料",
    nothing_matches="没有符合条件的材料。",
    empty="材料库还是空的。",
    empty_owner="材料库还是空的：在“更新”里上传文件，或在终端运行下面的命令。",
    not_open="现在打不开索引，所以列不出材料。",
    title="标题",
    source="文件",
    source_language="语言",
    version="版本",
    owner="负责人",
    audience="受众",
    passages="段落",
    last_change="最近更新",
    problem="问题",
    languages={"zh": "中文", "en": "英文"},
    choose_source="选中一行，可以查看这份材料。",
    open_source="查看助手读到的内容",
    replace="替换文件",
    remove="移除",
    remove_question="发布之后，助手就不再根据 {source} 回答。要移除吗？",
    not_live="没有生效：上次导入时无法读取。",
    file_elsewhere="这份材料的文件不在原处，无法在此替换或移除。",
    remedy="解决办法：{hint}",
    place="位置：{place}",
    upload_heading="上传文件",
    upload_note=(
        "可一次选择多个文件：Markdown、文本、HTML、PDF、DOCX、PPTX、Jupyter 笔记本，每个不超过 "
        "{limit} MB；压缩包请先解压。文件先经检查，发布之后才会生效。"
    ),
    upload_files="选择文件",
    upload_folder="放入文件夹",
    upload_check="检查并加入",
    upload_replacement="选择新文件",
    replacing="替换 {source}",
    cancel="取消",
    checking="正在检查文件……",
    no_folder="找不到材料所在的文件夹，无法上传。请检查设置 STUDY_CORPUS。",
    no_files="请先选择文件。",
    twice="这一批里有两个同名文件，只留下了第一个。",
    other_kind="新文件是 {new}，原文件是 {old}：请上传同类文件，或作为新材料上传后移除旧的。",
    too_many_bytes="文件太大：{size} MB，上限为 {limit} MB。",
    refused="没有接受 {name}",
    refusals={
        "UnknownKind": "不支持这种文件。",
        "Unreadable": "文件无法读取：可能已损坏、加密、为空，或内容与扩展名不符。",
        "AudienceUnclear": "文件开头的信息没有写清谁可以查看，所以不能接受。",
        "TooLarge": "文件或其解压后的内容超过上限。",
        "TooSlow": "解析时间超过上限。",
        "": "文件不能接受。",
    },
    names={
        "empty": "文件没有名称。",
        "hidden": "名称以点号或 ~$ 开头：这样的文件不会被读取。请改名。",
        "characters": '名称里有看不见的字符，或 / \\ : * ? " < > | 之一。请改名。',
        "long": "名称太长（最多 200 字节）。请改名。",
        "reserved": "有些系统不允许这个名称。请改名。",
    },
    details="详细信息：{message}",
    taken="{source} 已经存在。",
    taken_waiting="{source} 已有一项等待发布的更改。",
    clash_choice="怎么处理？",
    clash_replace="替换它",
    clash_keep="两个都保留，新文件命名为 {name}",
    warned="{name} 里有读者看不到、或像是对模型下指令的内容，请逐条查看：",
    more_warnings="另有 {n} 处。",
    findings={
        "invisible-characters": "不可见字符",
        "turned-text": "改变文字方向的字符",
        "hidden-text": "隐藏的文字",
        "tiny-text": "极小的文字",
        "pale-text": "与底色相同的文字",
        "comment": "批注或注释",
        "instruction": "像是对模型的指令",
        "unread-page": "这一页是图片，其中的文字读不到；请先做文字识别（OCR）",
    },
    units={
        "line": "第 {n} 行",
        "page": "第 {n} 页",
        "slide": "第 {n} 张幻灯片",
        "paragraph": "第 {n} 个段落",
        "cell": "第 {n} 个单元",
    },
    accept="我已逐条查看，仍要使用这个文件",
    add="加入",
    leave_out="不要这个文件",
    added="已加入等待发布的更改：{names}",
    waiting_heading="等待发布的更改",
    nothing_waits="没有等待发布的更改。直接改动了材料文件夹的话，也可以在此预览和发布。",
    changes={"add": "新增", "replace": "替换", "remove": "移除"},
    waiting_line="{change} · {size} · 受众：{audience} · {at} UTC",
    warnings_accepted="已确认 {n} 处提醒",
    discard="撤销",
    your_name="您的姓名",
    your_name_help="记入操作日志",
    preview="预览影响",
    publish="发布",
    publish_note="发布前会在题集上比较新旧版本；没有通过就不会生效，原来的版本继续使用。",
    running={"plan": "正在预览", "publish": "正在发布", "rollback": "正在恢复旧版本"},
    running_by="由 {by} 在 {at} UTC 开始",
    stages={
        "": "准备",
        "parse": "读取文件",
        "chunk": "切分段落",
        "embed": "计算向量",
        "index": "建立索引",
        "evaluate": "在题集上评测",
        "promote": "生效",
    },
    of_total="{stage}：{done} / {total}",
    stop="停止",
    elsewhere_running="有一次发布正在终端或另一个程序里进行（{stage}）。结束之后才能在此发布。",
    lost="上一次的操作中断了，没有结果。已放入的文件会在下次操作前恢复原状。",
    failed="没有成功。",
    foreign="这些文件在此期间被别人改动过，没有恢复：{names}",
    plan_heading="将会改变的内容",
    plan_stale="此后等待发布的更改有变动，请重新预览。",
    plan_empty="没有任何变化。",
    plan_files="文件：{counts}",
    plan_passages="段落：{counts}",
    plan_vectors="需要计算 {n} 个向量",
    plan_rebuild="全部内容需要重建：{reason}",
    plan_count="{change} {n}",
    plan_changes={
        "added": "新增",
        "changed": "改动",
        "moved": "移动",
        "removed": "移除",
        "kept": "不变",
        "failed": "无法读取",
    },
    moved_from="原名 {source}",
    cases_resting="依据这些段落的题目：{cases}",
    more_changes="另有 {n} 处改动。",
    more_files="另有 {n} 个文件。",
    no_words="（没有文字）",
    outcome_published="已发布：索引 {generation} 已生效。",
    outcome_forced="已强制发布：索引 {generation} 已生效。理由：{reason}",
    outcome_nothing="没有需要发布的变化。",
    outcome_rejected="没有发布，原来的版本继续使用。",
    scores="评测结果",
    score="指标",
    candidate="新版本",
    live="现用版本",
    n_cases="共 {n} 题",
    force_heading="仍要发布",
    force_note="绕过评测。理由会写入操作日志。",
    force_reason="理由",
    force="强制发布",
    reason_missing="请写明理由。",
    problems_heading="无法读取的文件",
    generations_heading="索引版本",
    generation="索引版本",
    made_at="建立时间 (UTC)",
    files="文件数",
    is_live="现用",
    unreadable="无法读取",
    roll_back_to="恢复到",
    roll_back_reason="理由",
    roll_back="恢复这个版本",
    roll_back_note="立即生效；材料文件夹里的文件不变，下次发布会重新读取它们。",
    no_other="没有别的版本可以恢复。",
    audit_heading="操作日志",
    audit_empty="还没有发布过。",
    audit_at="时间 (UTC)",
    audit_by="操作人",
    audit_action="操作",
    audit_from="从",
    audit_to="到",
    audit_reason="理由",
    audit_summary="内容",
    actions={
        "publish": "发布",
        "force": "强制发布",
        "reject": "未通过",
        "rollback": "恢复",
        "ingest": "导入",
    },
    gaps_note=(
        "学员问过、材料却没有答案的问题，以及得到差评的回答，按意思归类。{names}，{days} 天后删除。"
    ),
    gaps_named="提问者的名字也有记录",
    gaps_unnamed="不记姓名",
    gaps_empty="目前没有这样的问题。",
    gaps_kind="类别",
    gap_kinds={"all": "全部", "unanswered": "没有答案", "disliked": "差评"},
    gap_times="{n} 次",
    gap_last="最近 {at} UTC",
    gap_disliked="差评 {n} 次",
    gap_nearest="最接近的段落",
    gap_wordings="其他问法：{questions}",
    gap_comments="评论：{comments}",
    gaps_download="下载 CSV",
    grouping="正在归类……",
    gap_headings=GapHeadings(
        question="问题",
        times="次数",
        unanswered="没有答案",
        disliked="差评",
        languages="语言",
        last_asked="最近提问 (UTC)",
        nearest="最接近的段落",
        wordings="其他问法",
        comments="评论",
    ),
)

EN = LibraryLabels(
    library_page="Library",
    sections={"sources": "Materials", "update": "Update", "history": "History", "gaps": "Gaps"},
    reader_note="These are the study materials that you may see.",
    search="Search name, title, owner or version",
    any_language="All languages",
    any_audience="All audiences",
    everyone="everyone",
    only_problems="Only with problems",
    shown_of="{shown} of {total} materials",
    nothing_matches="No material fits.",
    empty="The library is empty.",
    empty_owner=(
        "The library is empty: upload files under “Update”, or run this command in a terminal."
    ),
    not_open="The index can't be opened now, so the materials can't be listed.",
    title="Title",
    source="File",
    source_language="Language",
    version="Version",
    owner="Owner",
    audience="Audience",
    passages="Passages",
    last_change="Last change",
    problem="Problem",
    languages={"zh": "Chinese", "en": "English"},
    choose_source="Select a row to look at a material.",
    open_source="Open as the assistant sees it",
    replace="Replace the file",
    remove="Remove",
    remove_question="Once published, the assistant no longer answers from {source}. Remove it?",
    not_live="Not live: it could not be read at the last ingestion.",
    file_elsewhere="Its file is not where it was, so it can't be replaced or removed here.",
    remedy="What to do: {hint}",
    place="Where: {place}",
    upload_heading="Upload files",
    upload_note=(
        "Several at once: Markdown, text, HTML, PDF, DOCX, PPTX, Jupyter notebooks, up to {limit} "
        "MB each; unpack archives first. Files are checked, and go live when you publish."
    ),
    upload_files="Choose files",
    upload_folder="Put into the folder",
    upload_check="Check and add",
    upload_replacement="Choose the new file",
    replacing="Replace {source}",
    cancel="Cancel",
    checking="Checking the files…",
    no_folder="The folder of the materials is not there. Check the setting STUDY_CORPUS.",
    no_files="Choose files first.",
    twice="Two of these files have the same name; only the first was taken.",
    other_kind=(
        "The new file is {new}, the old one {old}: upload one of the same kind, or add it as new "
        "and remove the old one."
    ),
    too_many_bytes="The file is too large: {size} MB; the limit is {limit} MB.",
    refused="{name} was not accepted",
    refusals={
        "UnknownKind": "This kind of file can't be read.",
        "Unreadable": "It can't be read: damaged, encrypted, empty, or not what its name says.",
        "AudienceUnclear": "Its first lines don't make clear who may see it, so it can't be taken.",
        "TooLarge": "It, or what it unpacks to, is over the limit.",
        "TooSlow": "Reading it took longer than the limit.",
        "": "It can't be accepted.",
    },
    names={
        "empty": "The file has no name.",
        "hidden": "Names that start with a dot or ~$ are not read. Rename it.",
        "characters": 'Its name has an unseen character or one of / \\ : * ? " < > |. Rename it.',
        "long": "Its name is too long (200 bytes at most). Rename it.",
        "reserved": "Some systems don't allow this name. Rename it.",
    },
    details="Details: {message}",
    taken="{source} exists already.",
    taken_waiting="A change of {source} waits already.",
    clash_choice="What is to be done?",
    clash_replace="Replace it",
    clash_keep="Keep both; the new file is called {name}",
    warned=(
        "{name} holds what readers don't see, or what looks like instructions to the model. "
        "Look at each:"
    ),
    more_warnings="And {n} more.",
    findings={
        "invisible-characters": "invisible characters",
        "turned-text": "characters that turn the direction of text",
        "hidden-text": "hidden text",
        "tiny-text": "tiny text",
        "pale-text": "text in the colour of its ground",
        "comment": "a comment",
        "instruction": "looks like an instruction to the model",
        "unread-page": "this page is a picture and its text can't be read: "
        "run text recognition (OCR) first",
    },
    units={
        "line": "line {n}",
        "page": "page {n}",
        "slide": "slide {n}",
        "paragraph": "paragraph {n}",
        "cell": "cell {n}",
    },
    accept="I looked at each and want to use this file",
    add="Add",
    leave_out="Leave it out",
    added="Added to the waiting changes: {names}",
    waiting_heading="Waiting changes",
    nothing_waits=(
        "No change waits. If files were changed in the folder itself, they can be previewed and "
        "published here, too."
    ),
    changes={"add": "New", "replace": "Replace", "remove": "Remove"},
    waiting_line="{change} · {size} · for {audience} · {at} UTC",
    warnings_accepted="{n} warnings accepted",
    discard="Undo",
    your_name="Your name",
    your_name_help="goes into the log",
    preview="Preview",
    publish="Publish",
    publish_note=(
        "The new version is first compared with the live one on a set of questions; if it doesn't "
        "pass, the live one stays."
    ),
    running={"plan": "Previewing", "publish": "Publishing", "rollback": "Rolling back"},
    running_by="begun by {by} at {at} UTC",
    stages={
        "": "Preparing",
        "parse": "Reading files",
        "chunk": "Cutting passages",
        "embed": "Computing vectors",
        "index": "Building the index",
        "evaluate": "Asking the questions",
        "promote": "Going live",
    },
    of_total="{stage}: {done} / {total}",
    stop="Stop",
    elsewhere_running=(
        "A publication is running in a terminal or another program ({stage}). You can publish here "
        "when it has ended."
    ),
    lost=(
        "The last job was interrupted and has no result. Files that it put in place are taken out "
        "before the next one."
    ),
    failed="It did not work.",
    foreign="Somebody else changed these files meanwhile; they were not put back: {names}",
    plan_heading="What would change",
    plan_stale="The waiting changes are others since: preview them again.",
    plan_empty="Nothing would change.",
    plan_files="Files: {counts}",
    plan_passages="Passages: {counts}",
    plan_vectors="{n} vectors to compute",
    plan_rebuild="All must be built anew: {reason}",
    plan_count="{n} {change}",
    plan_changes={
        "added": "added",
        "changed": "changed",
        "moved": "moved",
        "removed": "removed",
        "kept": "kept",
        "failed": "can't be read",
    },
    moved_from="was {source}",
    cases_resting="Questions that rest on these passages: {cases}",
    more_changes="And {n} more changes.",
    more_files="And {n} more files.",
    no_words="(no words)",
    outcome_published="Published: the index {generation} is live.",
    outcome_forced="Published by force: the index {generation} is live. Reason: {reason}",
    outcome_nothing="There was nothing to publish.",
    outcome_rejected="Not published; the live version stays.",
    scores="Scores",
    score="Figure",
    candidate="New",
    live="Live",
    n_cases="{n} questions",
    force_heading="Publish all the same",
    force_note="Passes over the questions. The reason goes into the log.",
    force_reason="Reason",
    force="Publish by force",
    reason_missing="Give a reason.",
    problems_heading="Files that can't be read",
    generations_heading="Versions of the index",
    generation="Version",
    made_at="Made (UTC)",
    files="Files",
    is_live="Live",
    unreadable="can't be read",
    roll_back_to="Go back to",
    roll_back_reason="Reason",
    roll_back="Make it live",
    roll_back_note=(
        "At once. The files in the folder stay as they are; the next publication reads them again."
    ),
    no_other="There is no other version to go back to.",
    audit_heading="Log",
    audit_empty="Nothing has been published yet.",
    audit_at="Time (UTC)",
    audit_by="By",
    audit_action="Action",
    audit_from="From",
    audit_to="To",
    audit_reason="Reason",
    audit_summary="Summary",
    actions={
        "publish": "published",
        "force": "forced",
        "reject": "rejected",
        "rollback": "rolled back",
        "ingest": "ingested",
    },
    gaps_note=(
        "What learners asked and the materials could not answer, and answers that they disliked, "
        "grouped by meaning. Kept {names}, for {days} days."
    ),
    gaps_named="with names",
    gaps_unnamed="without names",
    gaps_empty="There are no such questions.",
    gaps_kind="Kind",
    gap_kinds={"all": "All", "unanswered": "Unanswered", "disliked": "Disliked"},
    gap_times="{n}×",
    gap_last="last {at} UTC",
    gap_disliked="{n} disliked",
    gap_nearest="Nearest passages",
    gap_wordings="Other wordings: {questions}",
    gap_comments="Comments: {comments}",
    gaps_download="Download CSV",
    grouping="Grouping…",
    gap_headings=ENGLISH,
)

LIBRARY_LABELS: Mapping[Language, LibraryLabels] = {"zh": ZH, "en": EN}
