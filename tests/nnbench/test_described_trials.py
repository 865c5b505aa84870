"""Trials on their way to another process, and records on their way back: what arrives is what was sent."""

import io
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.plan import described, request
from nnbench.plan.matrix import TrialSpec
from nnbench.plan.settings import from_options, read_settings
from nnbench.running import messages
from nnbench.training.program import needed_entries
from nnbench.training.trial import run_trial
from tests.nnbench.picture_samples import pictures
from tests.nnbench.store_samples import trial as record_of

TABLE = "a,y\n" + "".join(f"{7 * i % 13},{i % 2}\n" for i in range(40))
OWN = """\
name = "own"
summary = "a table"
[data]
file = "t.csv"
target = "y"
task = "classification"
[model]
layers = [{ type = "Dense", units = 2 }]
[training]
epochs = 1
loss = "sparse_categorical_crossentropy"
[measure]
noticeable = 0.01
"""


def trials(case: str, **options: str) -> list[TrialSpec]:
    return request.plan_for([request.one_case(case)], read_settings(from_options(options))).trials()


@pytest.mark.parametrize(
    ("case", "options"),
    [
        (
            "iris",
            {"optimizer": "sgd,adamw(weight_decay=0.01)", "lr": "0.1", "seeds": "2", "dtype": "float64"},
        ),
        ("digits_cnn", {"seeds": "1", "epochs": "3"}),
        ("digits_transfer", {"transfer": "none,full", "seeds": "1"}),
        ("diabetes", {"seeds": "1", "depth": "2"}),
    ],
)
def test_trials_arrive_as_they_were_sent(case: str, options: dict[str, str]) -> None:
    sent = [replace(trials(case, **options)[0], pictures=True), *trials(case, **options)[1:]]

    arrived = described.from_text(described.to_text(sent))

    assert arrived == sent
    assert [each.axes.shown for each in arrived] == [each.axes.shown for each in sent]
    assert [each.case.digest for each in arrived] == [each.case.digest for each in sent]
    assert [e.name for e, _ in needed_entries(arrived)] == [e.name for e, _ in needed_entries(sent)]


def test_a_validation_that_no_file_may_say_arrives() -> None:
    (sent, *_) = trials("iris")
    held = sent.case.data.model_copy(update={"validation": "official_training"})

    (arrived,) = described.from_text(described.to_text([replace(sent, case=sent.case.rewritten(data=held))]))

    assert arrived.case.data.validation == "official_training"


def test_files_are_found_from_where_the_other_process_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "own.toml").write_text(OWN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    sent = trials("own.toml", seeds="1")
    text = described.to_text(sent)
    monkeypatch.chdir("/")

    (arrived,) = described.from_text(text)

    assert arrived.case.digest == sent[0].case.digest
    assert run_trial(arrived).digest == run_trial(sent[0]).digest


def sent_and_received(message: messages.Message) -> messages.Message:
    stream = io.BytesIO()
    messages.send(stream.write, *message)
    stream.seek(0)
    return messages.receive(stream)


def test_records_come_back_to_the_bit() -> None:
    curves = {"val_loss": np.array([0.5, np.nan, np.inf], np.float32), "empty": np.zeros(0, np.float32)}
    plain = record_of(1)
    sent = [
        replace(plain, curves=curves, final={"loss": float("nan")}, train_s=float("nan"), error="a \u2028 b"),
        replace(plain, status="failed", final={}, best={}, pictures=pictures()),
    ]

    found = messages.records_of(sent_and_received(messages.of_records(sent)))

    for ours, theirs in zip(sent, found, strict=True):
        assert repr(replace(theirs, curves={}, pictures=None)) == repr(
            replace(ours, curves={}, pictures=None)
        )
        assert [*theirs.curves] == [*ours.curves]
        assert all(theirs.curves[name].tobytes() == ours.curves[name].tobytes() for name in ours.curves)
    assert found[0].pictures is None
    assert found[1].pictures is not None
    assert found[1].pictures.drawn.tobytes() == sent[1].pictures.drawn.tobytes()  # type: ignore[union-attr]


@pytest.mark.parametrize("cut", [0, 1, 3, -1])
def test_a_message_that_is_cut_short_is_the_end(cut: int) -> None:
    stream = io.BytesIO()
    messages.send(stream.write, "text", [b"block"])

    with pytest.raises(EOFError):
        messages.receive(io.BytesIO(stream.getvalue()[:cut]))


def test_messages_follow_one_another_on_a_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, theirs.makefile("rb") as stream:
        for text in ("one", "two \u00fc\n2"):
            messages.send(ours.sendall, text, [text.encode()])
        found: Any = [messages.receive(stream) for _ in range(2)]

    assert found == [("one", [b"one"]), ("two \u00fc\n2", [b"two \xc3\xbc\n2"])]
