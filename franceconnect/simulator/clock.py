"""The simulator's time, which tests may move to see lifetimes end without waiting."""

import time


class Clock:
    """Seconds since 1970, plus an offset in seconds."""

    def __init__(self):
        self.offset = 0.0

    def now(self) -> float:
        return time.time() + self.offset
