"""Many readers at once: what the load test counts, and that it would notice."""

import numpy as np
import pytest

from scripts.studies.reliability import load
from scripts.studies.reliability.load import FLAT, Answer, memory_trend, summary
from scripts.studies.reliability.synthetic_images import encode, radiograph
from scripts.tools.served_page import ServedPage
from tests.fixtures.fakes import served_process


@pytest.fixture
def files(tmp_path):
    """Paths of four different radiographs."""
    paths = [tmp_path / f"{seed}.png" for seed in range(4)]
    for seed, path in enumerate(paths):
        path.write_bytes(encode(radiograph(seed=seed) // 2 + 30 * seed, "PNG"))
    return paths


def test_outcomes_are_counted_and_only_readings_are_timed():
    answers = [Answer(seconds, "right") for seconds in (1.0, 2.0, 3.0)]
    answers += [Answer(0.001, "busy"), Answer(60.0, "failed"), Answer(4.0, "wrong")]
    assert summary(answers) == {
        **{"right": 3, "wrong": 1, "busy": 1, "failed": 1},
        **{"median": 2.5, "p95": pytest.approx(3.85), "longest": 4.0},
    }
    assert summary([Answer(1.0, "busy")])["p95"] is None


def test_a_steady_leak_shows_and_a_jump_or_a_warm_up_does_not():
    done = np.arange(50, 2001, 50)
    leaking = memory_trend(done, 500 + 0.1 * done)
    assert leaking["slope"] == pytest.approx(100) and leaking["growth"] == pytest.approx(195)
    assert memory_trend(done, 500 + 40 * (done > 1500))["slope"] == 0
    assert memory_trend(done, 500 + np.minimum(done, 400) / 10)["slope"] == 0


def test_what_was_not_reached_is_said():
    good = {"right": 9, "wrong": 0, "busy": 0, "failed": 0, "p95": 0.5}
    flat = {"growth": 10.0, "slope": 1.0}
    assert load.shortfalls({"users": {"1": good, "5": good}, "memory": flat}) == []
    slow, wrong, none = {**good, "p95": 8.5}, {**good, "wrong": 2}, {**good, "p95": None}
    sentences = load.shortfalls(
        {"users": {"1": none, "5": wrong, "10": slow}, "memory": {"growth": 100.0, "slope": 40.0}}
    )
    assert len(sentences) == 5
    assert "1 users the 95th" in sentences[0] and "2 answers were wrong" in sentences[1] and "10 users" in sentences[2]


@pytest.mark.promise("Readers at once get, bit for bit, what one alone gets.", part="Many readers")
@pytest.mark.slow
def test_users_at_once_get_what_one_alone_gets(files):
    with served_process("complete") as (address, process):
        truth = load.serial_records(address, files)
        assert len({record["probability"] for record in truth}) == len(files)
        counted = summary(load.use(address, files, truth, users=4, seconds=3))
        memory = load.memory_over(ServedPage(address, process, 0.0), files, readings=40)
    assert counted["right"] >= 4 and counted["wrong"] == counted["failed"] == 0
    assert len(memory["samples"]) == 40


@pytest.mark.slow
@pytest.mark.promise("The measurement would notice a server that mixes readers up.", part="Many readers")
def test_a_server_that_mixes_readers_up_is_noticed(files):
    with served_process("forgetful") as (address, _):
        truth = load.serial_records(address, files)
        assert summary(load.use(address, files, truth, users=2, seconds=3))["wrong"] > 0


@pytest.mark.promise("Memory stays flat over many readings: a leak of memory fails the load test.", part="Many readers")
@pytest.mark.slow
@pytest.mark.parametrize(("weights", "flat"), [("complete", True), ("leaking", False)])
def test_a_leak_is_noticed(files, weights, flat):
    with served_process(weights) as (address, process):
        memory = load.memory_over(ServedPage(address, process, 0.0), files, readings=160)
    assert (memory["slope"] < FLAT) == flat
