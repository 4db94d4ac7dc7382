"""The compiled model, borrowed by threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pneumonia.errors import WeightsError
from pneumonia.inference import engine as engine_module
from pneumonia.inference.engine import Engine
from pneumonia.weights.folder import SERVED_MODEL
from tests.fixtures.tiny import SIZE


@pytest.fixture
def made(monkeypatch):
    """Every interpreter that is made, on a machine of three cores."""
    made = []
    interpreter = engine_module.Interpreter
    monkeypatch.setattr(engine_module, "cores", lambda: 3)
    monkeypatch.setattr(engine_module, "Interpreter", lambda **options: made.append(interpreter(**options)) or made[-1])
    return made


def test_a_size_that_the_network_does_not_read_is_refused_before_any_image(tiny_weights):
    engine = Engine((tiny_weights / SERVED_MODEL).read_bytes())
    engine.require_size(SIZE)
    with pytest.raises(WeightsError, match=f"{SIZE + 1} x {SIZE + 1}"):
        engine.require_size(SIZE + 1)


def test_interpreters_are_made_when_wanted_and_one_a_core_at_most(tiny_weights, made):
    engine = Engine((tiny_weights / SERVED_MODEL).read_bytes())
    image = np.full((SIZE, SIZE), 0.5, np.float32)
    alone = [engine.run(image)[0] for _ in range(4)]
    assert len(made) == 1
    together = threading.Barrier(3)

    def hold(_):
        with engine._borrowed():
            together.wait(60)  # three have one each

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hold, range(3)))
        assert len(made) == 3
        assert set(pool.map(lambda _: engine.run(image)[0], range(24))) == set(alone)
    assert len(made) == 3
