"""Every worked number of module 12 (tools), computed again, and every program run.

Each value is formatted as the module prints it, and the string must stand in both languages.
"""

import importlib.util
import math
import re
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
NAME = "12-tools.md"
LANGUAGES = ("en", "zh")
TEXT = {name: (CORPUS / name / NAME).read_text(encoding="utf-8") for name in LANGUAGES}

NEEDS_TORCH = "import torch"
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed"
)


def assert_stands(*strings: str) -> None:
    for language in LANGUAGES:
        missing = [string for string in strings if string not in TEXT[language]]
        assert not missing, f"{language}/{NAME} lacks {missing}"


def assert_says(english: str, chinese: str) -> None:
    assert english in TEXT["en"]
    assert chinese in TEXT["zh"]


def programs(language: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", TEXT[language], flags=re.DOTALL)


def training_program(language: str) -> str:
    (program,) = (each for each in programs(language) if NEEDS_TORCH in each)
    return program


def output_of(program: str, folder: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program],
        capture_output=True,
        cwd=folder,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return run.stdout.strip()


def figures(text: str) -> list[list[float]]:
    """Return the figures of each line `epoch N: loss loss accuracy`."""
    return [
        [float(figure) for figure in line.partition(": ")[2].split()]
        for line in text.strip().splitlines()
    ]


def printed_by_the_module(language: str) -> str:
    (block,) = re.findall(r"```text\n(.*?)```", TEXT[language], flags=re.DOTALL)
    return str(block)


def factor(step: int, n_warm: int, n_steps: int) -> float:
    return min((step + 1) / n_warm, (n_steps - step) / (n_steps - n_warm))


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    shown: list[float] = []
    average = 0.0
    for n, value in enumerate(values, start=1):
        average = weight * average + (1 - weight) * value
        shown.append(average / (1 - math.pow(weight, n)))
    return shown


def decimals(values: Sequence[float]) -> list[str]:
    return [f"{value:.3f}".rstrip("0").rstrip(".") for value in values]


@pytest.mark.parametrize("language", LANGUAGES)
def test_programs_without_torch_print_what_their_comments_say(
    language: str, tmp_path: Path
) -> None:
    plain = [program for program in programs(language) if NEEDS_TORCH not in program]
    assert len(plain) == 2
    for program in plain:
        comment = program.strip().splitlines()[-1]
        assert comment.startswith("# ")
        assert output_of(program, tmp_path) == comment.removeprefix("# ")


@needs_torch
def test_training_program_runs_and_learns(tmp_path: Path) -> None:
    printed = figures(output_of(training_program("en"), tmp_path))
    claimed = figures(printed_by_the_module("en"))
    assert len(printed) == len(claimed) == 4
    for run, module in zip(printed, claimed, strict=True):
        assert run == pytest.approx(module, abs=0.06)
    assert printed[-1][0] < printed[0][0]
    assert printed[-1][1] < printed[0][1]
    assert 0.8 < printed[-1][2] < 0.95


def test_training_program_is_the_same_in_both_languages() -> None:
    assert training_program("en") == training_program("zh")
    assert printed_by_the_module("en") == printed_by_the_module("zh")


def test_training_program_compiles() -> None:
    compile(training_program("en"), NAME, "exec")


@pytest.mark.parametrize(
    "line",
    [
        "torch.manual_seed(0)",
        "model.train()",
        "model.eval()",
        "optimizer.zero_grad()",
        "loss.backward()",
        "optimizer.step()",
        "schedule.step()",
        "loss.item()",
        "len(labels)",
        "torch.no_grad()",
        "DataLoader",
        "BCEWithLogitsLoss",
        "AdamW",
        "LambdaLR",
        "squeeze(1)",
        "logits > 0",
    ],
)
def test_each_line_of_the_loop_is_explained(line: str) -> None:
    for language in LANGUAGES:
        assert line in training_program(language)
        outside = re.sub(r"```.*?```", "", TEXT[language], flags=re.DOTALL)
        assert f"`{line}`" in outside


def test_order_in_the_loop() -> None:
    program = training_program("en")
    order = [
        "model.train()",
        "optimizer.zero_grad()",
        "loss = loss_fn(",
        "loss.backward()",
        "optimizer.step()",
        "schedule.step()",
        "model.eval()",
        "torch.no_grad()",
    ]
    places = [program.index(line) for line in order]
    assert places == sorted(places)


def test_number_of_parameters() -> None:
    n_parameters = 2 * 8 + 8 + 8 + 1
    assert_says(f"{n_parameters} parameters in all", f"共 {n_parameters} 个参数")
    assert_stands("2 × 8 + 8", "8 + 1")


def test_steps_per_epoch() -> None:
    assert 800 / 32 == 25
    assert_stands("800/32 = 25", f"1000/32 = {1000 / 32:.2f}")
    assert_says(
        f"gives {math.ceil(1000 / 32)} steps, the last on {1000 % 32} examples",
        f"要 {math.ceil(1000 / 32)} 步，最后一步只有 {1000 % 32} 个样本",
    )
    assert_says(
        f"dropping the incomplete batch gives {1000 // 32}", f"丢掉不满的一批则是 {1000 // 32} 步"
    )
    assert_says("four epochs make 100 steps", "四轮共 100 步")
    assert_says(
        "over 4 batches, 100 batches make 25 steps", "每 4 批累积一次梯度，100 批就是 25 步"
    )


def test_warm_up_schedule() -> None:
    rates = [round(0.01 * factor(step, 10, 100), 5) for step in (0, 4, 9, 55, 99)]
    assert_stands(f"# {rates}", f"(100 − 55)/90 = {factor(55, 10, 100)}")
    assert max(factor(step, 10, 100) for step in range(100)) == factor(9, 10, 100) == 1
    assert factor(4, 10, 100) == 0.5
    assert factor(0, 10, 100) > 0
    assert_stands("lambda s: min((s + 1) / n_warm, (n_steps - s) / (n_steps - n_warm))")


def test_memory_of_a_tensor() -> None:
    hidden = 32 * 512 * 768
    weights = 32 * 12 * 512 * 512
    logits = 8 * 2048 * 150_000 * 4
    assert_stands(
        f"32 × 512 × 768 = {hidden:,}",
        f"{hidden * 4 / 1e6:.1f} MB",
        f"{hidden * 2 / 1e6:.1f} MB",
        f"32 × 12 × 512 × 512 = {weights:,}",
        f"{weights * 4 / 1e6:.1f} MB",
        "8 × 2,048 × 150,000 × 4",
        f"= {logits / 1e9:.2f} GB",
    )


def test_notebooks_that_gave_the_same_result() -> None:
    share = f"{879 / 10_388:.1%}"
    assert_says(f"which is {share}", f"占 {share}")
    assert_stands("10,388", "879")


def test_tensorboard_smoothing() -> None:
    first, second, third = decimals(smoothed([2, 1, 3], 0.5))
    assert_says(f"it shows {first}, {second} and {third}", f"是 {first}、{second} 和 {third}")
    assert_stands(rf"$\ln 2={math.log(2):.3f}$")


def test_several_seeds() -> None:
    scores = [0.86, 0.88, 0.84, 0.87, 0.85]
    mean, spread = statistics.mean(scores), statistics.stdev(scores)
    assert_says(
        f"mean is {mean:.3f} and the standard deviation {spread:.3f}",
        f"平均值是 {mean:.3f}，标准差是 {spread:.3f}",
    )


def test_case_from_work() -> None:
    share = f"{140 / 5600:.1%}"
    assert_says(f"5,600 training messages, {share}", f"占 {share}")


def test_solutions() -> None:
    steps = math.ceil(4500 / 64)
    assert_stands(f"4500/64 = {4500 / 64:.1f}")
    assert_says(
        f"{steps} steps per epoch and {3 * steps} in all", f"每轮 {steps} 步，共 {3 * steps} 步"
    )
    assert factor(9, 20, 220) == 10 / 20
    assert factor(120, 20, 220) == 100 / 200
    assert math.isclose(0.0002 * factor(120, 20, 220), 0.0001)
    assert_stands("0.0002 × 10/20 = 0.0001", "0.0002 × 100/200 = 0.0001")
    numbers = 16 * 1024 * 4096
    assert_stands(f"{numbers:,}", f"{numbers * 2 / 1e6:.1f} MB")
    first, second = decimals(smoothed([4, 2], 0.5))
    assert_says(f"shows {first} and {second}", f"显示 {first} 和 {second}")


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("0.86, 0.88, 0.84, 0.87 and 0.85", "0.86、0.88、0.84、0.87 和 0.85"),
        ("mean of 0.868 with a standard deviation of 0.012", "平均值 0.868、标准差 0.012"),
        ("contains 140 test messages among its 5,600", "5,600 条训练消息里混进了 140 条测试消息"),
        (
            "3 epochs of 4,500 examples take with batch size 64",
            "4,500 个样本、批大小 64、训练 3 轮",
        ),
        ("peak of 0.0002, 20 warm-up steps and 220 steps", "峰值为 0.0002，预热 20 步，共 220 步"),
        ("16 × 1,024 × 4,096", "16 × 1,024 × 4,096"),
        ("Smooth the losses 4, 2 with weight 0.5", "用权重 0.5 平滑损失 4、2"),
        ("the losses 2, 1, 3", "损失依次为 2、1、3"),
        ("`keras.layers.Transformer`", "`keras.layers.Transformer`"),
    ],
)
def test_given_numbers_are_the_same_in_both_languages(english: str, chinese: str) -> None:
    assert_says(english, chinese)
