"""High-Throughput JPEG 2000: codestreams of a ramp.

They are kept, as no library that the project depends on writes them: OpenJPH 0.26.3 has, without loss.
"""

from base64 import b64decode

import numpy as np

# From black in one corner to white in the opposite one.
RAMP = np.add.outer(np.arange(128), np.arange(129))
PIXELS = {
    "8": RAMP.astype(np.uint8),
    "12": (RAMP * 16).astype(np.uint16),
    "signed 16": (RAMP * 256 - 32768).astype(np.int16),
    "colour": np.dstack([RAMP] * 3).astype(np.uint8),
}
_BASE64 = {
    "8": (
        "/0//UQApQAAAAACBAAAAgAAAAAAAAAAAAAAAgQAAAIAAAAAAAAAAAAABBwEB/1AACAACAAAAAv9SAAwAAgABAAUEBEAB/1wAEyBIUFBQUFBQUFBQ"
        "UFBQSEhI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAALUAAf+TwC2Q/z+//3//fX/th0D6IPzIAmd9oAnwQE86AKAKwKIQQvzgAEYA"
        "Aey4AKAK8BAAAADg/oGR8nv3yey6AKALXAgAAAAAAPD/eUkZJ79knv2Se/ZJ7LABoAtsAgAAAPz/f+UDH+/f79/v3+/f79/v3+/f7LYBsA3UZQAA"
        "AAAAAAAAAP9//3//csOuuuuuuuuuuuuuuuuuuuuuuuuuuuuuupAC/v9kZAD/2Q=="
    ),
    "12": (
        "/0//UQApQAAAAACBAAAAgAAAAAAAAAAAAAAAgQAAAIAAAAAAAAAAAAABDwEB/1AACAACAAAACv9SAAwAAgABAAUEBEAB/1wAEyCIkJCQkJCQkJCQ"
        "kJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv9VAAoAYAAAAAABPf+QAAoAAAAAAT0AAf+TwAAuzP9//3v/d/9f/1//T/9P/z//P/8v/1+3"
        "zf9Pb3v/P7et/1fbzv9nbeMAf/rLqB9CADG7AKAACuBIIkGCBMngEEZCAey4AKAAC1giRURERERERET+/oMRjGB79jGB7LwAoAALpACQEAgEAoFA"
        "IBAIBAKBQCD/eUAhGIQHv2IQHv2IQHv2IQHstQGgAAu+AEbDMAzDMAzDMAzDMAzDMAzDMAzDMAzDMIz/f+UAERhCB79hCB79hCB79hCB79hCB79h"
        "CB79hCB79hCB7LUCsAAN6pmA3t3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3/f/9//3LHJ798nv3ye/fJ798nv3ye/fJ798nv3ye/fJ79"
        "8nv3ye/fJ798nv3ye/fJ7LQD/v9kYnUA/9k="
    ),
    "signed 16": (
        "/0//UQApQAAAAACBAAAAgAAAAAAAAAAAAAAAgQAAAIAAAAAAAAAAAAABjwEB/1AACAACAAAACv9SAAwAAgABAAUEBEAB/1wAEyCIkJCQkJCQkJCQ"
        "kJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAYcAAf+TwAAurP9//3/+f/9//3//f/9v/3//b7b9/0QkRJL+PyIJ/z+R5CZ3"
        "2kCedABPOgCgAAtEkCQkgSSQBJL84CBGhAHsuACgAAtoRtJIjMRIjMRIjMRIjOT+hxGc4Hv2c4HsvACgAAutAB7pEY94xCMe8YhHPOIRj3jEIx7x"
        "iEc88v95QGEZjAe/ZjAe/ZjAe/ZjAey1AaAAC9PAfvTDDz/88MMPP/zwww8//PDDDz/88MMPP/zwww8//PDDDz/88MMPP/z4/3/lAFEZSge/ZSge"
        "/ZSge/ZSge/ZSge/ZSge/ZSge/ZSgey1ArAADfQmcP79/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39"
        "/f39/f39/f39/f3/f/9//3LAxge/Yxge/Yxge/Yxge/Yxge/Yxge/Yxge/Yxge/Yxge/Yxge/Yxge/Yxge/Yxge/Yxge/Yxge/Yxgey0BP7/ZADC"
        "dgD/2Q=="
    ),
    "colour": (
        "/0//UQAvQAAAAACBAAAAgAAAAAAAAAAAAAAAgQAAAIAAAAAAAAAAAAADBwEBBwEBBwEB/1AACAACAAAAA/9SAAwAAgABAQUEBEAB/1wAEyBQWFhY"
        "WFhYWFhYWFhYUFBQ/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAMEAAf+TwBbI/z+//3//fX/th0D6IPzIAmd9oAnwQE86AAAAoAVg"
        "ohBC/OAARgAB7LgAAACgBXgQAAAA4P6BkfJ798nsugAAAKAFrggAAAAAAPD/eUkZJ79knv2Se/ZJ7LABAACgBbYCAAAA/P9/5QMf79/v3+/f79/v"
        "3+/f79/stgEAALAG6jKAAAAAAAAAAAD/f/9//3LDrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrqQAv7/ZGQAAAD/2Q=="
    ),
}
CODESTREAMS = {name: b64decode(text) for name, text in _BASE64.items()}
