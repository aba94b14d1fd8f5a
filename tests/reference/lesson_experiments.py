"""Runs variations of the lesson's loop in PyTorch, on the data, the start and the
order of `lesson_pytorch_{f32,f64}.json`, and writes
`lesson_experiments_pytorch_{f32,f64}.json`, which `tests/reference.rs` reads.

    python tests/reference/lesson_experiments.py
"""

import json
from functools import partial
from pathlib import Path

import torch

FOLDER = Path(__file__).parent


def run(
    lesson,
    dtype,
    batch_size,
    accumulate=1,
    divisor=None,
    zero=True,
    epochs=3,
    updates=None,
):
    """The states after each epoch, of at most `updates` updates in it.

    The gradients of `accumulate` batches are added up for one update, which
    divides them by `divisor`, by default the rows asked for.
    """
    features = torch.tensor(lesson["features"], dtype=dtype)
    labels = torch.tensor(lesson["targets"], dtype=dtype).reshape(-1, 1)
    w = torch.tensor(lesson["initial_weights"], dtype=dtype).reshape(2, 1)
    b = torch.tensor([lesson["initial_bias"]], dtype=dtype)
    w.requires_grad_()
    b.requires_grad_()
    lr = lesson["learning_rate"]
    divisor = divisor or batch_size * accumulate

    def losses(x, y):
        return (torch.matmul(x, w) + b - y) ** 2

    states = []
    for order in lesson["epoch_order"][:epochs]:
        batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
        for number, rows in enumerate(batches[: updates and updates * accumulate], 1):
            losses(features[rows], labels[rows]).sum().backward()
            if number % accumulate:
                continue
            with torch.no_grad():
                for param in (w, b):
                    param -= lr * param.grad / divisor
                    if zero:
                        param.grad.zero_()
        with torch.no_grad():
            loss = losses(features, labels).mean().item()
        states.append({"loss": loss, "weights": w.flatten().tolist(), "bias": b.item()})
    return states


for name, dtype in (("f32", torch.float32), ("f64", torch.float64)):
    lesson = json.loads((FOLDER / f"lesson_pytorch_{name}.json").read_text())
    of = partial(run, lesson, dtype)
    experiments = {
        "source": f"PyTorch {torch.__version__}, CPU, {dtype}, lesson_experiments.py on "
        f"lesson_pytorch_{name}.json; loss=(y_hat-y)^2, sum().backward(), "
        "param -= lr*grad/divisor, with the variations named",
        "never_zeroed": of(10, zero=False),
        "accumulated_4_of_10": of(10, accumulate=4),
        "batches_of_40": of(40),
        "first_20_updates": [
            {
                "batch_size": size,
                "sum_divided": of(size, epochs=1, updates=20)[0],
                "sum_alone": of(size, divisor=1, epochs=1, updates=20)[0],
            }
            for size in (10, 20, 50)
        ],
        "short_last_batch_of_300": of(300, epochs=1),
    }
    text = json.dumps(experiments, indent=1)
    (FOLDER / f"lesson_experiments_pytorch_{name}.json").write_text(text + "\n")
